"""The lies and oddities that the tests of lying nodes go through, each by its name."""

import json
from collections.abc import Callable
from typing import Any

from tests.chaos import faults
from tests.chaos.lying_node import Asked, Fault, Reply

STRANGER = "0x" + "5e" * 20
OTHER_HASH = "0x" + "0d" * 32
TIMEOUT_SECONDS = 0.25
"""Where waiting for an answer is the matter of the test."""

# -- No answer, or none that can be used ----------------------------------------------------------

LOGS, HEADER, CALL = "eth_getLogs", "eth_getBlockByNumber", "eth_call"

UNUSABLE: dict[str, Fault] = {
    "429": faults.status(429),
    "429 with Retry-After": faults.status(429, Retry_After="2"),
    "429 with a Retry-After that is a date": faults.status(
        429, Retry_After="Wed, 21 Oct 2026 07:28:00 GMT"
    ),
    "500": faults.status(500, b"internal server error"),
    "500 with a result": faults.true_with(500),
    "503 with Retry-After": faults.status(503, Retry_After="3"),
    "503 with a JSON-RPC error": faults.status(
        503, json.dumps(faults.refusal(-32000, "no upstream")).encode()
    ),
    "HTML under 200": faults.page(200),
    "HTML under 502": faults.page(502),
    "HTML under 403": faults.page(403),
    "an empty body": faults.status(200),
    "a body that is not UTF-8": faults.status(200, b'{"jsonrpc":"2.0","id":0,"result":"\xff"}'),
    "a redirect": faults.status(302, Location="https://example.com/"),
    "truncated JSON in good order": faults.cut_short,
    "a connection dropped before the answer": faults.dropped(0),
    "a connection dropped in the headers": faults.dropped(30),
    "a connection dropped in the body": faults.dropped(150),
    "null for an answer": faults.json_as(lambda truth: None),
    "a string for an answer": faults.json_as(lambda truth: "ok"),
    "an empty batch": faults.json_as(lambda truth: []),
    "an object that is no answer": faults.json_as(lambda truth: {"message": "welcome"}),
    "half a batch": faults.json_as(
        lambda truth: truth[: len(truth) // 2] if isinstance(truth, list) else {}
    ),
    "a rate limit for a whole batch": faults.refused(-32005, "daily request count exceeded"),
    "an internal error for a whole batch": faults.refused(-32603, "internal error"),
    "no healthy backend": faults.refused(-32011, "no backend is currently healthy"),
    "a block that it does not know": faults.refused(-32000, "header not found"),
    "an error that is a string": faults.json_as(lambda truth: {"id": 0, "error": "unauthorized"}),
    "answers to other questions": faults.json_as(
        lambda truth: changed(truth, lambda one: {**one, "id": one["id"] + 1000})
    ),
    "ids that are text": faults.json_as(
        lambda truth: changed(truth, lambda one: {**one, "id": str(one["id"])})
    ),
    "ids that are true and false": faults.json_as(
        lambda truth: changed(truth, lambda one: {**one, "id": bool(one["id"])})
    ),
    "no ids": faults.json_as(lambda truth: changed(truth, lambda one: {"result": one["result"]})),
    "one id for all": faults.json_as(
        lambda truth: (
            changed(truth, lambda one: {**one, "id": 0})
            if isinstance(truth, list) and len(truth) > 1
            else None
        )
    ),
    "one answer twice": faults.json_as(
        lambda truth: [*truth, truth[0]] if isinstance(truth, list) else [truth, truth]
    ),
    "neither result nor error": faults.json_as(
        lambda truth: changed(truth, lambda one: {"jsonrpc": "2.0", "id": one["id"]})
    ),
}


def changed(truth: Any, made: Callable[[Any], Any]) -> Any:
    return [made(one) for one in truth] if isinstance(truth, list) else made(truth)


BROKEN_LOGS: dict[str, Fault] = {
    "null for the logs": faults.logs(lambda found: None),  # type: ignore[arg-type,return-value]
    "an object for the logs": faults.logs(lambda found: {}),  # type: ignore[arg-type,return-value]
    "null for a log": faults.logs(lambda found: [*found, None]),
    "removed logs": faults.each_log(removed=True),
    "one removed log": faults.last_log(removed=True),
    "a log of a block before the range": faults.each_log(blockNumber="0x0"),
    "a log of a block after the range": faults.each_log(blockNumber="0xffff"),
    "a log of another contract": faults.each_log(address=STRANGER),
    "two blocks of one number": faults.last_log(blockHash=OTHER_HASH),
    "two logs in one place": faults.logs(
        lambda found: [*found, *({**one, "data": one["data"] + "00" * 32} for one in found[:1])]
    ),
    "a log without an address": faults.logs(faults.without("address")),
    "a log without topics": faults.logs(faults.without("topics")),
    "a log without an index": faults.logs(faults.without("logIndex")),
    "five topics": faults.each_log(topics=lambda topics: topics + topics + topics + topics),
    "a topic cut short": faults.each_log(topics=lambda topics: [topics[0][:-2]]),
    "topics that are no list": faults.each_log(topics=7),
    "data that is no hex": faults.each_log(data="0xzz"),
    "data of half a byte": faults.each_log(data=lambda text: text + "0"),
    "data that is null": faults.each_log(data=None),
    "a block number that is no hex": faults.each_log(blockNumber="latest"),
    "a block number that is a number": faults.each_log(blockNumber=7),
    "a log index out of all bounds": faults.each_log(logIndex="0x" + "f" * 40),
    "a time that is no hex": faults.each_log(blockTimestamp="now"),
    "a time out of all bounds": faults.each_log(blockTimestamp="0x" + "f" * 40),
    "no such block": faults.result(HEADER, lambda block: None),
    "a block that is a number": faults.result(HEADER, lambda block: 7),
    "a block without a hash": faults.result(HEADER, lambda block: {**block, "hash": None}),
    "a block hash cut short": faults.result(
        HEADER, lambda block: {**block, "hash": block["hash"][:-2]}
    ),
    "a block time out of all bounds": faults.result(
        HEADER, lambda block: {**block, "timestamp": "0x" + "f" * 40}
    ),
}

BROKEN_READS: dict[str, Fault] = {
    "null for what a contract returned": faults.result(CALL, lambda text: None),
    "a number for what a contract returned": faults.result(CALL, lambda text: 7),
    "nothing for what a contract returned": faults.result(CALL, lambda text: "0x"),
    "half of what a contract returned": faults.result(CALL, lambda text: text[: len(text) // 2]),
    "no hex for what a contract returned": faults.result(CALL, lambda text: "0x" + "zz" * 700),
    "a string's offset beyond the end": faults.result(
        CALL, lambda text: "0x" + "f" * 64 + text[66:]
    ),
    "a block whose state it lacks": faults.each_refused(-32000, "header not found", CALL),
    "state that was pruned": faults.each_refused(-32000, "missing trie node 0d0d (path )", CALL),
}

IN_TAIL: dict[str, Fault] = {
    "logs of another block than the header's": faults.each_log(blockHash=OTHER_HASH),
    "a block of another number": faults.result(HEADER, lambda block: {**block, "number": "0x3"}),
    "blocks that do not follow each other": faults.result(
        HEADER, lambda block: {**block, "parentHash": OTHER_HASH}
    ),
}
"""Seen where every block's header is at hand; what is final is not asked for headers."""

EVERY = UNUSABLE | BROKEN_LOGS | BROKEN_READS
EVERY |= {name: faults.where(faults.in_tail, fault) for name, fault in IN_TAIL.items()}


# -- Too much -------------------------------------------------------------------------------------


def refuses_ranges_over(blocks: int, code: int, message: str) -> Fault:
    """`message` may name {limit}, {first}, {last}: a range that it would take."""

    def too_wide(first: int, last: int, found: Any) -> dict[str, Any] | None:
        if last - first < blocks:
            return None
        told = message.format(limit=blocks, first=hex(first), last=hex(first + blocks - 1))
        return faults.refusal(code, told)

    return faults.for_range(too_wide)


def refuses_results_over(logs: int, code: int, message: str) -> Fault:
    def too_many(first: int, last: int, found: Any) -> dict[str, Any] | None:
        return faults.refusal(code, message.format(limit=logs)) if len(found) > logs else None

    return faults.for_range(too_many)


def heavy(blocks: int, fault: Fault) -> Fault:
    """`fault` wherever logs of more blocks are asked for."""

    def is_wide(asked: Asked) -> bool:
        return any(
            int(one["params"][0]["toBlock"], 16) - int(one["params"][0]["fromBlock"], 16) >= blocks
            for one in asked
            if one["method"] == LOGS
        )

    return faults.where(is_wide, fault)


TOO_MUCH: dict[str, Fault] = {
    "more than N results": refuses_results_over(
        80, -32005, "query returned more than {limit} results"
    ),
    "more than N results, with a range": refuses_ranges_over(
        9,
        -32005,
        "query returned more than 10 results. Try with this block range [{first}, {last}].",
    ),
    "a range to retry with": refuses_ranges_over(
        9, -32602, "query exceeds max results 20, retry with the range {first}-{last}"
    ),
    "a response size": refuses_ranges_over(
        9,
        -32602,
        "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range "
        "and no limit on the response size, or you can request any block range with a cap of 10K "
        "logs in the response. Based on your parameters and the response size limit, this block "
        "range should work: [{first}, {last}]",
    ),
    "a free tier": refuses_ranges_over(
        9,
        -32600,
        "Under the Free tier plan, you can make requests with up to a {limit} block range.",
    ),
    "a range too wide": refuses_ranges_over(9, -32600, "block range is too wide"),
    "a limit in blocks": refuses_ranges_over(
        9, -32614, "eth_getLogs is limited to a {limit} range"
    ),
    "a maximum": refuses_ranges_over(9, -32000, "exceed maximum block range: {limit}"),
    "a distance": refuses_ranges_over(9, -32000, "maximum [from, to] blocks distance: {limit}"),
    "a limit of what": refuses_ranges_over(9, -32005, "limit exceeded"),
    "a wording never heard": refuses_ranges_over(9, -32000, "das ist mir zu viel"),
    "a whole batch too large": heavy(9, faults.refused(-32600, "batch too large")),
    "a response too large": heavy(9, faults.refused(-32003, "response too large")),
    "413": heavy(9, faults.status(413, b"<html>Request Entity Too Large</html>")),
    "an answer of over 64 MiB": heavy(24, faults.vast(65 * 2**20, framed=True)),
    "an endless answer": heavy(24, faults.vast(65 * 2**20, framed=False)),
    "a query timeout": refuses_ranges_over(9, -32000, "query timeout exceeded"),
    "a timeout of its own": heavy(9, faults.refused(-32002, "request timed out")),
    "a gateway's timeout": heavy(9, faults.page(504)),
    "silence": heavy(12, faults.late(2 * TIMEOUT_SECONDS)),
    "a trickle": heavy(12, faults.trickling(2000)),
}
SLOW = ("silence", "a trickle")
TAKES_TIME = (*SLOW, "an answer of over 64 MiB", "an endless answer")


# -- Oddities that are no lies --------------------------------------------------------------------


def upper(text: str) -> str:
    return "0x" + text[2:].upper()


HARMLESS: dict[str, Fault] = {
    "upper-case hex in logs": faults.each_log(
        address=upper,
        data=upper,
        topics=lambda topics: [upper(one) for one in topics],
        blockHash=upper,
        transactionHash=upper,
        blockNumber=upper,
        logIndex=upper,
    ),
    "upper-case hex in headers": faults.result(
        HEADER,
        lambda block: {
            **block,
            "hash": upper(block["hash"]),
            "parentHash": upper(block["parentHash"]),
            "number": upper(block["number"]),
        },
    ),
    "upper-case hex from contracts": faults.result(CALL, upper),
    "logs in no order": faults.logs(lambda found: found[::-1]),
    "answers in no order": faults.json_as(
        lambda truth: truth[::-1] if isinstance(truth, list) else truth
    ),
    "logs without their time": faults.logs(faults.without("blockTimestamp")),
    "logs whose time is null": faults.each_log(blockTimestamp=None),
    "logs whose time is 0": faults.each_log(blockTimestamp="0x0"),
    "half of the logs without their time": faults.logs(
        lambda found: faults.without("blockTimestamp")(found[::2]) + found[1::2]
    ),
    "the tail's logs with a time that is not the block's": faults.where(
        faults.in_tail, faults.each_log(blockTimestamp=lambda text: hex(int(text, 16) + 1))
    ),
    "logs without `removed`": faults.logs(faults.without("removed")),
    "every log twice": faults.logs(lambda found: found + found),
    "numbers with leading zeros": faults.each_log(
        blockNumber=lambda text: "0x00" + text[2:], logIndex=lambda text: "0x0" + text[2:]
    ),
    "members that nobody knows": faults.each_log(news="none"),
    "no version of JSON-RPC": faults.json_as(
        lambda truth: changed(truth, lambda one: {key: one[key] for key in one if key != "jsonrpc"})
    ),
    "an error that is null": faults.json_as(
        lambda truth: changed(truth, lambda one: {"error": None, **one})
    ),
    "bytes in small pieces": faults.trickling(2_000_000),
    "an answer without its length": lambda asked, truth: Reply(
        json.dumps(truth).encode(), framed=False
    ),
}


def unfinalized(answer: Any) -> Fault:
    def fault(asked: Asked, truth: Any) -> Any:
        if asked[0]["params"][:1] != ["finalized"]:
            return truth
        lie = answer or {"jsonrpc": "2.0", "result": None}
        return [{**lie, "id": asked[0]["id"]}]

    return fault


# -- Logs left out --------------------------------------------------------------------------------

LEFT_OUT: dict[str, Fault] = {
    "all": faults.logs(lambda found: []),
    "every other one": faults.logs(lambda found: found[::2]),
    "the last one": faults.logs(lambda found: found[:-1]),
    "those of the newest block": faults.logs(
        lambda found: [one for one in found if one["blockNumber"] != found[-1]["blockNumber"]]
    ),
    "those of one contract": faults.logs(
        lambda found: [one for one in found if one["address"] != found[0]["address"]]
    ),
}
