"""Logs that a node left out of its answer, found by the blooms of the headers that came with it.

A header's `logsBloom` holds three of 2,048 bits for each address and topic that the block logs
(Ethereum Yellow Paper, section 4.3.1), so it never denies what is there, though it may affirm what
is not. Where it affirms an address of ours with a topic of that contract's, and the node gave no
such log, the block is asked for once more, by its hash and over a connection of its own. What comes
is added; if nothing comes, nothing was left out, or this node does not have it: the worker looks
again later. No bloom can count, either: of several logs of a kind in one block, one may be missing
unnoticed till then. A doubt never stops the indexer: a node that leaves one unanswered is asked no
more in this run.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from onlineticket.chain.decoders import TOPICS
from onlineticket.chain.rpc import Node
from onlineticket.chain.rpc_errors import RetryableRpcError
from onlineticket.domain.address import keccak_256
from onlineticket.domain.chain_log import RawLog
from onlineticket.domain.errors import Unavailable

BITS = 2048
TELLING = BITS * 3 // 4
"""With more bits than this, a bloom affirms nearly everything; some chains set them all."""

MOST_BLOCKS = 20
"""Asked for again at once: as many as one range of the tail has."""

SECONDS = 2.0
"""For which the other connection is waited for: a doubt is worth no more of a pass."""

Parse = Callable[[Any, Mapping[str, str], int, int], list[RawLog]]


def restored(
    node: Node,
    contracts: Mapping[str, str],
    headers: Iterable[Mapping[str, Any]],
    logs: list[RawLog],
    parse: Parse,
) -> list[RawLog]:
    """`logs`, in chain order, and those that another question brings. `headers`: of their blocks,
    as the node gave them, checked for form but for their bloom.
    """
    places = doubtful(headers, contracts, logs)[:MOST_BLOCKS]
    if not places or not node.answers_doubts:
        return logs
    other = Node(
        node.url,
        min(SECONDS, node.timeout_seconds),
        attempts=1,
        patience_seconds=SECONDS,
        takes_batches=node.takes_batches,
    )
    query = {"address": list(contracts)}
    try:
        answers = other.try_batch(
            [("eth_getLogs", [{"blockHash": hash_, **query}]) for _, hash_ in places]
        )
    except Unavailable:
        node.answers_doubts = False
        return logs
    finally:
        node.counters.add(requests=other.counters.requests)
    known = {(log.block_hash, log.log_index) for log in logs}
    found = [
        log
        for (number, hash_), answer in zip(places, answers, strict=True)
        for log in _parsed(answer, contracts, number, parse)
        if log.block_hash == hash_ and (hash_, log.log_index) not in known
    ]
    node.counters.add(left_out=len(found))
    return sorted([*logs, *found], key=lambda log: (log.block_number, log.log_index))


def doubtful(
    headers: Iterable[Mapping[str, Any]], contracts: Mapping[str, str], logs: Sequence[RawLog]
) -> list[tuple[int, str]]:
    """Number and hash of the blocks whose bloom affirms more than `logs` hold of them."""
    given = {(log.block_hash, log.address, log.topics[0]) for log in logs if log.topics}
    found = []
    for header in headers:
        bloom, hash_ = _bloom(header.get("logsBloom")), header["hash"].lower()
        if bloom and any(
            bloom & _bits(address) == _bits(address)
            and any(
                bloom & _bits(topic) == _bits(topic) and (hash_, address, topic) not in given
                for topic in _topics(name)
            )
            for address, name in contracts.items()
        ):
            found.append((int(header["number"], 16), hash_))
    return found


def _bloom(text: Any) -> int:
    """Its bits; 0 if it tells nothing: it is missing, malformed or too full."""
    try:
        bloom = int(text, 16)
    except (TypeError, ValueError):
        return 0
    return bloom if 0 < bloom < 1 << BITS and bloom.bit_count() <= TELLING else 0


@cache
def _bits(text: str) -> int:
    """The three bits of an address or topic (0x text)."""
    digest = keccak_256(bytes.fromhex(text[2:]))
    return sum(
        1 << place for place in {int.from_bytes(digest[at : at + 2]) % BITS for at in (0, 2, 4)}
    )


@cache
def _topics(name: str) -> tuple[str, ...]:
    return tuple(sorted(topic for contract, topic in TOPICS if contract == name))


def _parsed(answer: Any, contracts: Mapping[str, str], number: int, parse: Parse) -> list[RawLog]:
    try:
        return parse(answer, contracts, number, number)
    except RetryableRpcError:
        return []  # a refusal, or one more answer that is none
