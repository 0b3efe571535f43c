"""Logs as tests/contracts/src/LogEmitter.sol takes them, encoded quickly: 5 µs a log, not 100.

`tests/emitting.py` does the same for any log, by eth_abi; a test holds this one against it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from eth_utils.crypto import keccak

from tests.emitting import abi_events, topic_of


class _Plan(NamedTuple):
    """`head`: number of topics, topic 0. `inputs`: for each argument, whether it is indexed."""

    head: bytes
    inputs: tuple[bool, ...]
    unused_topics: bytes


def _plan(topic: bytes, inputs: Sequence[bool]) -> _Plan:
    topics = 1 + sum(inputs)
    return _Plan(topics.to_bytes(32, "big") + topic, tuple(inputs), bytes(32) * (4 - topics))


LISTED = {
    event: _plan(topic_of(contract, event), [one["indexed"] for one in inputs])
    for contract in ("EventManager", "TicketManager", "Marketplace", "TokenSwap")
    for event, inputs in abi_events(contract).items()
}
"""The logs that mean something to the indexer, by the event's name."""

_TRANSFER = topic_of("TicketManager", "Transfer")
_MEANINGLESS = {
    "Transfer20": _plan(_TRANSFER, [True, True, False]),
    "MetadataUpdate": _plan(keccak(text="MetadataUpdate(uint256)"), [False]),
    "Approval": _plan(keccak(text="Approval(address,address,uint256)"), [True, True, True]),
}
_PLANS = LISTED | _MEANINGLESS


def record(event: str, args: Sequence[int | str]) -> bytes:
    """One log in the emitter's form. Addresses are numbers, bools too. `Transfer20`: an ERC-20's,
    which shares its topic 0 with the ERC-721's.
    """
    plan = _PLANS[event]
    topics, head, tail = b"", b"", b""
    at = 32 * (len(args) - sum(plan.inputs))
    for is_indexed, value in zip(plan.inputs, args, strict=True):
        if isinstance(value, str):
            head += (at + len(tail)).to_bytes(32, "big")
            text = value.encode()
            tail += len(text).to_bytes(32, "big") + text + bytes(-len(text) % 32)
        elif is_indexed:
            topics += value.to_bytes(32, "big")
        else:
            head += value.to_bytes(32, "big")
    size = len(head) + len(tail)
    return plan.head + topics + plan.unused_topics + size.to_bytes(32, "big") + head + tail
