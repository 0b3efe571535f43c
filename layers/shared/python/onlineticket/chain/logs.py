"""Fetching a range of logs, and deciding what each of them is.

An answer of eth_getLogs is not trusted: every log must have the form of one, lie in the range and
come from one of our contracts; the range's last block must be known to the same node; and where
headers are at hand, each log's block hash must be its header's.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from operator import itemgetter
from typing import Any

from onlineticket.chain import left_out
from onlineticket.chain.decoders import DECODERS, MEANINGLESS, TOPICS
from onlineticket.chain.rpc import Call, Node
from onlineticket.chain.rpc_errors import RetryableRpcError, RpcError, TooMuch
from onlineticket.chain.slices import Malformed
from onlineticket.domain.chain_log import (
    ChainLog,
    Chunk,
    DeadLetter,
    Header,
    RangeTooLarge,
    RawLog,
    clamp_time,
)

_TEXTS = ("address", "blockHash", "transactionHash", "blockNumber", "logIndex", "data")
_FIELDS = itemgetter(*_TEXTS, "topics")
_DIGITS = b"0123456789abcdef"
_HASH = re.compile(r"0x[0-9a-f]{64}")
_NUMBER = re.compile(r"0x[0-9a-f]+")
_INDEX = re.compile(r"0x[0-9a-f]{1,7}")
_LONGEST_INDEX = len("0x1234567")

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
    other.takes_batches = node.takes_batches
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
    if every_header:
        raw = left_out.restored(node, contracts, found, raw, parse_logs)
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
    """The answer of eth_getLogs, each log once, in chain order.

    Raises:
        RetryableRpcError: it is not what was asked for, or contradicts itself.
    """
    if not isinstance(answer, list):
        raise RetryableRpcError("logs that are not a list")
    seen = _Seen()
    hashes: dict[int, str] = {}
    parsed: list[RawLog] = []
    is_sorted, place = True, (-1, -1)
    for one in answer:
        log = _parse_log(one, contracts, seen)
        if log is None or not first <= log.block_number <= last:
            raise RetryableRpcError("a log that was not asked for")
        if hashes.setdefault(log.block_number, log.block_hash) != log.block_hash:
            raise RetryableRpcError("two blocks of one number")
        before, place = place, (log.block_number, log.log_index)
        is_sorted = is_sorted and before < place
        parsed.append(log)
    if len(set(hashes.values())) != len(hashes):
        raise RetryableRpcError("two numbers of one block")
    return parsed if is_sorted else _sorted(parsed)


def _sorted(logs: Iterable[RawLog]) -> list[RawLog]:
    by_place: dict[tuple[int, int], RawLog] = {}
    for log in logs:
        if by_place.setdefault((log.block_number, log.log_index), log) != log:
            raise RetryableRpcError("two logs in one place")
    return [by_place[place] for place in sorted(by_place)]


class _Seen:
    """Texts of one answer that were found to be in form: most come in many logs. `words` are of
    32 bytes, `numbers` known with their value.
    """

    __slots__ = ("numbers", "words")

    def __init__(self) -> None:
        self.words: set[str] = set()
        self.numbers: dict[str, int] = {}


def _parse_log(one: Any, contracts: Mapping[str, str], seen: _Seen) -> RawLog | None:
    words, numbers = seen.words, seen.numbers
    try:
        address, block_hash, tx_hash, number, index, data, topics = _FIELDS(one)
        if one.get("removed", False):
            raise RetryableRpcError("a removed log")
        time = one.get("blockTimestamp")
        # Nodes that don't know it yet say null, or 0.
        block_time = (_time(time) if time is not None else 0) or -1
        if type(topics) is not list or len(topics) > 4:
            raise RetryableRpcError("a log of no known form")
        for word in (block_hash, tx_hash, *topics):
            if word not in words:
                words.add(_in_form(_HASH, word))
        if number not in numbers:
            numbers[number] = int(_in_form(_NUMBER, number), 16)
        if index not in numbers or len(index) > _LONGEST_INDEX:
            numbers[index] = int(_in_form(_INDEX, index), 16)
        if len(data) % 2 or data[:2] != "0x" or data.encode().translate(None, _DIGITS) != b"x":
            raise _Misshapen
        name = contracts.get(address)
        if name is None:
            # Some nodes write addresses as EIP-55 does.
            address = address.lower()
            name = contracts.get(address)
    except _Misshapen:
        lowered = _lowered(one)
        if lowered == one:
            raise RetryableRpcError("a log of no known form") from None
        return _parse_log(lowered, contracts, seen)
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise RetryableRpcError("a log of no known form") from error
    if name is None:
        return None
    return RawLog(
        numbers[number], block_hash, block_time, tx_hash, numbers[index], name, address, topics,
        data,
    )  # fmt: skip


class _Misshapen(Exception):
    """A text of another form, unless it is written in capitals."""


def _in_form(form: re.Pattern[str], text: str) -> str:
    if form.fullmatch(text) is None:
        raise _Misshapen
    return text


def _lowered(one: Mapping[str, Any]) -> dict[str, Any]:
    """The log of a node that writes hex in capitals."""
    try:
        lowered = {name: one[name].lower() for name in _TEXTS}
        return {**one, **lowered, "topics": [topic.lower() for topic in one["topics"]]}
    except AttributeError as error:
        raise RetryableRpcError("a log of no known form") from error


@lru_cache(maxsize=1024)
def _time(text: str) -> int:
    """Unix seconds that SQL can hold. Raises ValueError if it is no block's time: a uint64."""
    seconds = int(text, 16)
    if not 0 <= seconds < 2**64:
        raise ValueError
    return clamp_time(seconds)


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
