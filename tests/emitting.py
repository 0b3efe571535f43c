"""Logs made to order: encodes any log of the suite, and has anvil emit it from any address.

For load and for chaos, where playing real contracts would be too slow or could never go wrong.
"""

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from infra.local import contracts
from onlineticket.chain.rpc import Node


class Emitted(NamedTuple):
    """A log before it is in a block: 32-byte topics and the data."""

    topics: list[bytes]
    data: bytes


@cache
def abi_events(contract: str) -> dict[str, list[dict[str, Any]]]:
    """The inputs of each event of a contract, by the event's name."""
    entries = json.loads(Path("abis", f"{contract}.json").read_text())
    return {entry["name"]: entry["inputs"] for entry in entries if entry["type"] == "event"}


@cache
def topic_of(contract: str, event: str) -> bytes:
    types = ",".join(one["type"] for one in abi_events(contract)[event])
    return bytes(keccak(text=f"{event}({types})"))


def log(contract: str, event: str, *args: Any) -> Emitted:
    """The log that `contract` would emit for `event` with these arguments, in the ABI's order."""
    inputs = abi_events(contract)[event]
    pairs = list(zip(inputs, args, strict=True))
    topics = [encode([one["type"]], [value]) for one, value in pairs if one["indexed"]]
    plain = [(one["type"], value) for one, value in pairs if not one["indexed"]]
    data = encode([type_ for type_, _ in plain], [value for _, value in plain])
    return Emitted([topic_of(contract, event), *topics], data)


def place_emitters(node: Node, addresses: Iterable[str]) -> None:
    """Put the emitter's code at each address."""
    code = contracts.artifacts()["LogEmitter"].deployed_bytecode
    for address in addresses:
        node.call("anvil_setCode", [address, code])


def calldata(logs: Iterable[Emitted]) -> str:
    """What to send to an emitter so that it emits these logs."""
    return "0x" + b"".join(_record(one) for one in logs).hex()


def _record(one: Emitted) -> bytes:
    slots = [*one.topics, *[bytes(32)] * (4 - len(one.topics))]
    padding = bytes(-len(one.data) % 32)
    sizes = len(one.topics).to_bytes(32, "big"), len(one.data).to_bytes(32, "big")
    return sizes[0] + b"".join(slots) + sizes[1] + one.data + padding
