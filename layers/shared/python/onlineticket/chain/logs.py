"""Fetching a range of logs, and deciding what each of them is.

An answer of eth_getLogs is not trusted: every log must have the form of one, lie in the range and
come from one of our contracts; the range's last block must be known to the same node; and where
headers are at hand, each log's block hash must be its header's.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from operator import itemgetter
from typing import Any

from onlineticket.chain.decoders import DECODERS, MEANINGLESS, TOPICS
from onlineticket.chain.rpc import Call, Node
from onlineticket.chain.rpc_errors import RetryableRpcError, RpcError, TooMuch
from onlineticket.chain.slices import Malformed
from onlineticket.domain.chain_log import (
    LAST_SECOND,
    ChainLog,
    Chunk,
    DeadLetter,
    Header,
    RangeTooLarge,
    RawLog,
)

_TEXTS = ("address", "blockHash", "transactionHash", "blockNumber", "logIndex", "data")
_FIELDS = itemgetter(*_TEXTS, "topics")
_DIGITS = b"0123456789abcdef"
_SKELETONS = [b"x" + b";x" * (5 + topics) for topics in range(5)]
"""What the fields, joined by semicolons, are without their digits. The rest is lengths: so checked
twice as fast as by a regular expression that looks at each digit."""
_LENGTHS = re.compile(
    r"0x[^;]{40};0x[^;]{64};0x[^;]{64};0x[^;]+;0x[^;]{1,7};0x(?:[^;]{2})*(?:;0x[^;]{64}){0,4}"
)
_HASH = re.compile(r"0x[0-9a-f]{64}")

HEADERS_PER_REQUEST = 100


def head(node: Node) -> Header:
    """Raises RetryableRpcError: the node answers nothing that is a header."""
    [answer] = node.try_batch([("eth_getBlockByNumber", ["latest", False])])
    return parse_header(answer)


def finalized_number(node: Node, head_number: int, depth: int) -> int:
    """The newest block too deep to be reorganised: the node's tag, else `depth` below the head."""
    [answer] = node.try_batch([("eth_getBlockByNumber", ["finalized", False])])
    if isinstance(answer, dict):
        return min(parse_header(answer).number, head_number)
    return max(head_number - depth, -1)


def headers(node: Node, numbers: Sequence[int]) -> list[Header]:
    """The headers of these blocks, in batches.

    Raises:
        RetryableRpcError: the node does not know one of them.
    """
    found: list[Header] = []
    for start in range(0, len(numbers), HEADERS_PER_REQUEST):
        part = numbers[start : start + HEADERS_PER_REQUEST]
        answers = node.try_batch([header_call(number) for number in part])
        found += [parse_header(answer) for answer in answers]
    _check_headers(found, numbers)
    return found


def probe(node: Node, number: int) -> Header | None:
    """One block's header, asked over a connection of its own; None if the node lacks it."""
    other = Node(node.url, node.timeout_seconds, node.attempts, sleep=node.sleep)
    [answer] = other.try_batch([header_call(number)])
    return None if answer is None else parse_header(answer)


def fetch(
    node: Node, contracts: Mapping[str, str], first: int, last: int, *, every_header: bool
) -> Chunk:
    """The logs of `contracts` (name by lowercase address) in blocks `first` to `last`, decoded.

    Raises:
        RangeTooLarge: ask for fewer blocks.
        RetryableRpcError: the answer contradicts itself; another node may be telling it.
        Unavailable: `RPC_UNAVAILABLE`.
    """
    wanted = range(first, last + 1) if every_header else [last]
    query = {"fromBlock": hex(first), "toBlock": hex(last), "address": list(contracts)}
    calls: list[Call] = [("eth_getLogs", [query]), *map(header_call, wanted)]
    try:
        answer, *found = node.batch(calls)
    except RpcError as refusal:
        # In whatever words: what it refuses for this range it may give for a part of it.
        hint = refusal.hint if isinstance(refusal, TooMuch) else None
        raise RangeTooLarge(hint) from refusal
    blocks = [parse_header(one) for one in found]
    _check_headers(blocks, wanted)
    raw = parse_logs(answer, contracts, first, last)
    by_number = {block.number: block for block in blocks}
    for place, log in enumerate(raw):
        block = by_number.get(log.block_number)
        if block is None:
            continue
        if block.hash != log.block_hash:
            raise RetryableRpcError("a log of another fork than its header")
        if block.time != log.block_time:
            raw[place] = log._replace(block_time=block.time)
    raw = _with_times(node, raw, by_number)
    chunk = Chunk(first, last, blocks)
    decode(raw, chunk)
    return chunk


def decode(raw: Iterable[RawLog], chunk: Chunk) -> None:
    """Sort logs, already in chain order, into what they are to us; the meaningless are dropped."""
    for log in raw:
        topics = log.topics
        topic = topics[0] if topics else ""
        decoder = DECODERS.get((log.contract, topic, len(topics)))
        if decoder is None:
            if (log.contract, topic) in MEANINGLESS:
                continue
            chunk.raw.append(log)
            if (log.contract, topic) in TOPICS:
                chunk.malformed.append(DeadLetter(log, "topic count"))
            else:
                chunk.unlisted.append(log)
            continue
        chunk.raw.append(log)
        kind, read = decoder
        try:
            args = read(topics, log.data)
        except Malformed as error:
            chunk.malformed.append(DeadLetter(log, str(error)))
            continue
        chunk.logs.append(
            ChainLog(log.block_number, log.log_index, kind, args, log.block_time, log.tx_hash)
        )


def decode_all(raw: Sequence[RawLog]) -> list[ChainLog]:
    """Those of the logs, kept earlier, that decode; a malformed one is a dead letter already."""
    chunk = Chunk(0, 0, [])
    decode(raw, chunk)
    return chunk.logs


def header_call(number: int) -> Call:
    return ("eth_getBlockByNumber", [hex(number), False])


def parse_header(answer: Any) -> Header:
    """A block object as a Header.

    Raises:
        RetryableRpcError: it is null or malformed: the node does not have that block (yet).
    """
    try:
        header = Header(
            int(answer["number"], 16),
            answer["hash"].lower(),
            answer["parentHash"].lower(),
            _time(answer["timestamp"]),
        )
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise RetryableRpcError("no such block, or no header") from error
    if not (_HASH.fullmatch(header.hash) and _HASH.fullmatch(header.parent_hash)):
        raise RetryableRpcError("a block hash of another form")
    return header


def _check_headers(blocks: Sequence[Header], wanted: Iterable[int]) -> None:
    if [block.number for block in blocks] != list(wanted):
        raise RetryableRpcError("headers of other blocks")
    for parent, child in pairwise(blocks):
        if child.number == parent.number + 1 and child.parent_hash != parent.hash:
            raise RetryableRpcError("headers that do not follow each other")


def parse_logs(answer: Any, contracts: Mapping[str, str], first: int, last: int) -> list[RawLog]:
    if not isinstance(answer, list):
        raise RetryableRpcError("logs that are not a list")
    parsed: dict[tuple[int, int], RawLog] = {}
    hashes: dict[int, str] = {}
    for one in answer:
        log = _parse_log(one, contracts)
        if log is None or not first <= log.block_number <= last:
            raise RetryableRpcError("a log that was not asked for")
        known = parsed.setdefault((log.block_number, log.log_index), log)
        if known is not log and known != log:
            raise RetryableRpcError("two logs in one place")
        if hashes.setdefault(log.block_number, log.block_hash) != log.block_hash:
            raise RetryableRpcError("two blocks of one number")
    if len(set(hashes.values())) != len(hashes):
        raise RetryableRpcError("two numbers of one block")
    return [parsed[place] for place in sorted(parsed)]


def _parse_log(one: Any, contracts: Mapping[str, str]) -> RawLog | None:
    try:
        address, block_hash, tx_hash, number, index, data, topics = _FIELDS(one)
        joined = ";".join((address, block_hash, tx_hash, number, index, data, *topics))
        removed, time = one.get("removed", False), one.get("blockTimestamp")
        # Nodes that don't know it yet say null, or 0.
        block_time = (_time(time) if time is not None else 0) or -1
        skeleton = joined.encode().translate(None, _DIGITS)
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise RetryableRpcError("a log of no known form") from error
    if removed:
        raise RetryableRpcError("a removed log")
    if (
        type(topics) is not list
        or len(topics) > 4
        or skeleton != _SKELETONS[len(topics)]
        or not _LENGTHS.fullmatch(joined)
    ):
        if joined != joined.lower():
            return _parse_log(_lowered(one), contracts)
        raise RetryableRpcError("a log of no known form")
    name = contracts.get(address)
    if name is None:
        return None
    return RawLog(
        int(number, 16), block_hash, block_time, tx_hash, int(index, 16), name, address, topics,
        data,
    )  # fmt: skip


def _lowered(one: Mapping[str, Any]) -> dict[str, Any]:
    """The log of a node that writes hex in capitals, or addresses as EIP-55 does."""
    lowered = {name: one[name].lower() for name in _TEXTS}
    return {**one, **lowered, "topics": [topic.lower() for topic in one["topics"]]}


def _time(text: str) -> int:
    """Unix seconds that SQL can hold. Raises ValueError if they are not."""
    seconds = int(text, 16)
    if not 0 <= seconds <= LAST_SECOND:
        raise ValueError
    return seconds


def _with_times(node: Node, raw: list[RawLog], known: Mapping[int, Header]) -> list[RawLog]:
    """`blockTimestamp` in logs is optional: where a node leaves it out, headers tell."""
    if all(log.block_time >= 0 for log in raw):
        return raw
    missing = sorted({log.block_number for log in raw if log.block_time < 0} - known.keys())
    found = {**known, **{header.number: header for header in headers(node, missing)}}
    timed = []
    for log in raw:
        if log.block_time < 0:
            header = found[log.block_number]
            if header.hash != log.block_hash:
                raise RetryableRpcError("a log of another fork than its header")
            log = log._replace(block_time=header.time)
        timed.append(log)
    return timed
