"""A node that lies, stalls or refuses costs time, never a row.

Through a proxy that does it, a pass of the indexer ends in one of two ways: with the very rows of
an undisturbed pass, or given up as Unavailable, with the rows of a shorter one and its cursor; the
next undisturbed pass then makes them the same.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from uuid import uuid4

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from psycopg import Connection

from infra.local import chain, season
from onlineticket import resources
from onlineticket.domain import suite as suites
from onlineticket.domain.errors import Unavailable
from onlineticket.indexer.wiring import Index, open_index
from onlineticket.store import database as databases
from onlineticket.store import registry
from onlineticket.usecases.index_chain import Pass, run_pass
from onlineticket.usecases.repair import rescan
from tests import snapshots
from tests.chaos import faults
from tests.chaos.lying_node import (
    Asked,
    Fault,
    LyingNode,
    Reply,
    always,
    at_first,
    at_random,
    in_turns,
    serving,
    then,
    truthfully,
)

Rows = dict[str, list[tuple[Any, ...]]]

TABLES = (*snapshots.DERIVED, *snapshots.FETCHED)
TIMEOUT_SECONDS = 0.25
STRANGER = "0x" + "5e" * 20
OTHER_HASH = "0x" + "0d" * 32


@dataclass
class Waits:
    """The time of a Node in tests: it passes when the Node sleeps, and only then."""

    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def clock(self) -> float:
        return sum(self.slept)


@dataclass
class Stage:
    """A database that knows the suite, the chain, the liar before it, and what is true."""

    conn: Connection[Any]
    chain_url: str
    liar: LyingNode
    truth: Rows
    waits: Waits = field(default_factory=Waits)

    def open(self, url: str) -> Index:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("RPC_URL", url)
            resources.forget()
            index = open_index(self.conn)
        index.node.sleep, index.node.timeout_seconds = self.waits.sleep, TIMEOUT_SECONDS
        return index

    def index(self, url: str | None = None) -> Pass:
        """One pass through the liar, or straight to `url`."""
        index = self.open(url or self.liar.url)
        return run_pass(index.chain, index.store, index.from_block, lambda: True)

    def rows(self) -> Rows:
        return take(self.conn)

    def try_index(self) -> bool:
        """A pass through the liar; False if it was given up."""
        try:
            self.index()
        except Unavailable:
            return False
        return True

    def cursor(self) -> int:
        found = self.conn.execute("SELECT block_number FROM blocks_processed").fetchone()
        return int(found[0]) if found else -1

    def went_back(self) -> int:
        """How many times anything was undone or mended."""
        found = self.conn.execute("SELECT count(*) FROM reconciliations").fetchone()
        return int(found[0]) if found else 0

    def is_whole_up_to_its_cursor(self) -> None:
        """The raw logs are the true ones of all blocks up to the cursor, and no others."""
        at = self.cursor()
        true = [row for row in self.truth["events_raw"] if block_of(row) <= at]
        assert snapshots.take(self.conn, ("events_raw",))["events_raw"] == true
        assert self.went_back() == 0

    def ends_true(self) -> None:
        """What was given up is made whole by an undisturbed pass, and only that was missing."""
        self.is_whole_up_to_its_cursor()
        self.index(self.chain_url)
        assert self.rows() == self.truth

    def begin_below(self, blocks: int) -> None:
        """Let all have been indexed when the chain was lower. The truth is then of two passes."""
        lower = head(self.chain_url) - blocks
        for reference in (True, False):
            self.empty()
            self.liar.script = always(faults.behind(self.chain_url, lower))
            self.index()
            if reference:
                self.index(self.chain_url)
                self.truth = self.rows()

    def empty(self) -> None:
        names = ", ".join((*TABLES, "blocks_processed", "reconciliations"))
        self.conn.execute(f"TRUNCATE {names}")


def take(conn: Connection[Any]) -> Rows:
    cursor = conn.execute(
        "SELECT block_number, encode(block_hash, 'hex'), block_time FROM blocks_processed"
    )
    return snapshots.take(conn, TABLES) | {"blocks_processed": list(cursor)}


def block_of(raw_log: tuple[Any, ...]) -> int:
    """`take` orders columns by name: address, block_hash, block_number."""
    return int(raw_log[2])


@pytest.fixture(scope="module")
def chain_url(anvil_node: str, contracts_file: str) -> Iterator[str]:
    """A season, deep enough to be history, and a log in each of the blocks of the tail."""
    snapshot = chain.call(anvil_node, "evm_snapshot")
    season.play(anvil_node, contracts_file)
    chain.call(anvil_node, "anvil_mine", hex(40))
    call_owner(anvil_node, contracts_file, 50)
    yield anvil_node
    chain.call(anvil_node, "evm_revert", snapshot)


def call_owner(url: str, contracts_file: str, times: int) -> None:
    """So many logs OrganizerAuthorized, each in a block of its own."""
    suite = suites.parse(contracts_file)
    owner = chain.call(url, "eth_accounts")[0]
    selector = keccak(text="authorizeOrganizer(address,bool)")[:4]
    for number in range(times):
        calldata = selector + encode(["address", "bool"], [f"0x{number + 1:040x}", number % 3 > 0])
        transaction = {"from": owner, "to": suite.event_manager, "data": "0x" + calldata.hex()}
        chain.call(url, "eth_sendTransaction", transaction)


@pytest.fixture(scope="module")
def tables(postgres_server: str, contracts_file: str) -> Iterator[Connection[Any]]:
    """One database for all tests here, which knows the suite: emptied, not made anew, for each."""
    server, template = postgres_server.rsplit("/", 1)
    name = f"lying_{uuid4().hex}"
    with databases.connect(f"{server}/postgres") as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
    with databases.connect(f"{server}/{name}") as conn:
        registry.register(conn, suites.parse(contracts_file))
        yield conn
    with databases.connect(f"{server}/postgres") as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(scope="module")
def truth(chain_url: str, contracts_file: str, tables: Connection[Any]) -> Rows:
    """The rows of an undisturbed pass."""
    with pytest.MonkeyPatch.context() as environment, serving(LyingNode(chain_url)) as honest:
        environment.setenv("CONTRACTS", contracts_file)
        Stage(tables, chain_url, honest, {}).index()
    rows = take(tables)
    assert len(rows["events_raw"]) > 200
    return rows


@pytest.fixture
def stage(
    chain_url: str,
    contracts_file: str,
    tables: Connection[Any],
    truth: Rows,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Stage]:
    monkeypatch.setenv("CONTRACTS", contracts_file)
    with serving(LyingNode(chain_url)) as liar:
        stage = Stage(tables, chain_url, liar, truth)
        stage.empty()
        yield stage


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


@pytest.mark.parametrize("fault", EVERY)
def test_a_lie_costs_nothing_but_time(fault: str, stage: Stage) -> None:
    """Each question is answered wrongly at first; then, from the second range of the tail on,
    always; then only at first again.
    """
    stage.liar.script = then(4, at_first(EVERY[fault]), always(EVERY[fault]))
    with pytest.raises(Unavailable):
        stage.index()
    stage.is_whole_up_to_its_cursor()
    stage.liar.script = at_first(EVERY[fault])
    stage.index()
    assert stage.rows() == stage.truth
    assert stage.waits.slept


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
        7,
        -32005,
        "query returned more than 10 results. Try with this block range [{first}, {last}].",
    ),
    "a range to retry with": refuses_ranges_over(
        7, -32602, "query exceeds max results 20, retry with the range {first}-{last}"
    ),
    "a response size": refuses_ranges_over(
        5,
        -32602,
        "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range "
        "and no limit on the response size, or you can request any block range with a cap of 10K "
        "logs in the response. Based on your parameters and the response size limit, this block "
        "range should work: [{first}, {last}]",
    ),
    "a free tier": refuses_ranges_over(
        3,
        -32600,
        "Under the Free tier plan, you can make requests with up to a {limit} block range.",
    ),
    "a range too wide": refuses_ranges_over(4, -32600, "block range is too wide"),
    "a limit in blocks": refuses_ranges_over(
        6, -32614, "eth_getLogs is limited to a {limit} range"
    ),
    "a maximum": refuses_ranges_over(6, -32000, "exceed maximum block range: {limit}"),
    "a distance": refuses_ranges_over(6, -32000, "maximum [from, to] blocks distance: {limit}"),
    "a limit of what": refuses_ranges_over(6, -32005, "limit exceeded"),
    "a wording never heard": refuses_ranges_over(6, -32000, "das ist mir zu viel"),
    "a whole batch too large": heavy(5, faults.refused(-32600, "batch too large")),
    "a response too large": heavy(5, faults.refused(-32003, "response too large")),
    "413": heavy(5, faults.status(413, b"<html>Request Entity Too Large</html>")),
    "an answer of over 64 MiB": heavy(24, faults.vast(65 * 2**20, framed=True)),
    "an endless answer": heavy(24, faults.vast(65 * 2**20, framed=False)),
    "a query timeout": refuses_ranges_over(5, -32000, "query timeout exceeded"),
    "a timeout of its own": heavy(5, faults.refused(-32002, "request timed out")),
    "a gateway's timeout": heavy(5, faults.page(504)),
    "silence": heavy(12, faults.late(2 * TIMEOUT_SECONDS)),
    "a trickle": heavy(12, faults.trickling(2000)),
}
TAKES_TIME = ("silence", "a trickle", "an answer of over 64 MiB", "an endless answer")


@pytest.mark.parametrize("fault", TOO_MUCH)
def test_a_node_that_finds_it_too_much_is_asked_for_less(fault: str, stage: Stage) -> None:
    stage.liar.script = always(TOO_MUCH[fault])
    stage.index()
    assert stage.rows() == stage.truth


def test_a_hint_is_taken_at_its_word(stage: Stage) -> None:
    hint = "query returned more than 10 results. Try with this block range [{first}, {last}]."
    stage.liar.script = always(refuses_ranges_over(7, -32005, hint))
    stage.index()
    widths = [
        int(query["toBlock"], 16) - int(query["fromBlock"], 16) + 1 for query in queries(stage)
    ]
    assert set(widths[1:]) <= {7, *range(1, 7), 20}
    assert widths.count(7) > 10


def queries(stage: Stage) -> list[dict[str, Any]]:
    return [params[0] for params in stage.liar.asked(LOGS)]


@pytest.mark.parametrize("method", [HEADER, CALL])
def test_batches_without_logs_shrink_too(method: str, stage: Stage) -> None:
    def is_large(asked: Asked) -> bool:
        return len(asked) > 8 and all(one["method"] == method for one in asked)

    lie = faults.where(is_large, faults.status(413))
    timeless = faults.logs(faults.without("blockTimestamp"))
    stage.liar.script = lambda asked: lie if is_large(asked) else timeless
    stage.index()
    assert stage.rows() == stage.truth
    assert stage.liar.lies > 1


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


@pytest.mark.parametrize("oddity", HARMLESS)
def test_an_oddity_changes_nothing(oddity: str, stage: Stage) -> None:
    stage.liar.script = always(HARMLESS[oddity])
    stage.index()
    assert stage.rows() == stage.truth


@pytest.mark.parametrize(
    "finalized",
    [
        None,
        faults.refusal(-32000, "finalized block not found"),
        faults.refusal(-39001, "Unknown block"),
        faults.refusal(-32602, "invalid argument 0: hex string without 0x prefix"),
        faults.refusal(-32601, "the method does not know this tag"),
    ],
    ids=lambda answer: "null" if answer is None else answer["error"]["message"],
)
def test_a_node_without_a_finalized_block_is_trusted_no_deeper_than_the_window(
    finalized: Any, stage: Stage
) -> None:
    stage.liar.script = always(unfinalized(finalized))
    stage.index()
    assert stage.rows() == stage.truth


def unfinalized(answer: Any) -> Fault:
    def fault(asked: Asked, truth: Any) -> Any:
        if asked[0]["params"][:1] != ["finalized"]:
            return truth
        lie = answer or {"jsonrpc": "2.0", "result": None}
        return [{**lie, "id": asked[0]["id"]}]

    return fault


# -- Refused for good -----------------------------------------------------------------------------


@pytest.mark.parametrize("method", [LOGS, HEADER, CALL])
def test_a_refusal_for_a_reason_unknown_to_us_ends_the_pass(method: str, stage: Stage) -> None:
    stage.liar.script = then(2, truthfully, always(faults.each_refused(-32000, "no", method)))
    with pytest.raises(Unavailable):
        stage.index()
    stage.ends_true()


def test_a_node_that_takes_no_batches_at_all_ends_the_pass(stage: Stage) -> None:
    no_batches = faults.refused(-32600, "batch requests are not supported")
    stage.liar.script = always(no_batches)
    with pytest.raises(Unavailable):
        stage.index()
    stage.ends_true()


def test_a_node_that_refuses_even_one_block_ends_the_pass(stage: Stage) -> None:
    stage.liar.script = always(refuses_ranges_over(0, -32600, "block range is too wide"))
    with pytest.raises(Unavailable) as outage:
        stage.index()
    assert outage.value.code == "RPC_RANGE_TOO_LARGE"
    stage.ends_true()


def test_a_node_that_is_silent_whatever_it_is_asked_is_given_up_in_time(stage: Stage) -> None:
    stage.liar.script = then(2, truthfully, always(faults.late(4 * TIMEOUT_SECONDS)))
    index = stage.open(stage.liar.url)
    index.node.patience_seconds = 3 * TIMEOUT_SECONDS
    began = monotonic()
    with pytest.raises(Unavailable):
        run_pass(index.chain, index.store, index.from_block, lambda: True)
    assert monotonic() - began < 8 * TIMEOUT_SECONDS
    stage.ends_true()


# -- How long it waits ----------------------------------------------------------------------------


def test_retry_after_is_waited_for(stage: Stage) -> None:
    stage.liar.script = at_first(faults.status(429, Retry_After="7"))
    stage.index()
    assert stage.waits.slept
    assert set(stage.waits.slept) == {7.0}
    assert stage.rows() == stage.truth


def test_a_wait_longer_than_our_patience_is_not_cut_short_but_left_to_a_later_pass(
    stage: Stage,
) -> None:
    stage.liar.script = at_first(faults.status(429, Retry_After="45"))
    index = stage.open(stage.liar.url)
    index.node.clock = stage.waits.clock

    def one_pass() -> Pass:
        return run_pass(index.chain, index.store, index.from_block, lambda: True)

    for _ in range(3):
        with pytest.raises(Unavailable):
            one_pass()
    assert len(stage.liar.requests) == 1
    assert stage.waits.slept == []
    stage.liar.script = truthfully
    stage.waits.sleep(45)
    one_pass()
    assert stage.rows() == stage.truth


# -- Heads that go back and forth -----------------------------------------------------------------


def head(url: str) -> int:
    return int(chain.call(url, "eth_blockNumber"), 16)


def test_a_node_behind_us_makes_us_wait_and_undoes_nothing(stage: Stage) -> None:
    stage.index()
    stage.liar.script = always(faults.behind(stage.chain_url, head(stage.chain_url) - 10))
    done = stage.index()
    assert (done.blocks, done.reorgs) == (0, [])
    assert stage.rows() == stage.truth


def test_logs_that_a_node_behind_does_not_have_yet_are_not_taken_for_none(stage: Stage) -> None:
    """The head is one node's, the logs are another's: it answers with those it has."""
    behind = faults.behind(stage.chain_url, head(stage.chain_url) - 15)
    stage.liar.script = always(faults.where(faults.for_logs, behind))
    with pytest.raises(Unavailable):
        stage.index()
    assert stage.cursor() < head(stage.chain_url) - 15
    stage.ends_true()


def test_a_balancer_between_nodes_of_different_heads_costs_no_row(stage: Stage) -> None:
    top = head(stage.chain_url)
    others = [faults.behind(stage.chain_url, top - lag) for lag in (0, 1, 7, 30)]
    stage.liar.script = in_turns(others)
    passes = 0
    while stage.cursor() < top:
        passes += 1
        stage.try_index()
        stage.is_whole_up_to_its_cursor()
    assert passes < 20
    stage.ends_true()


def test_a_balancer_with_one_node_on_a_fork_undoes_no_good_block(stage: Stage) -> None:
    top = head(stage.chain_url)
    stage.begin_below(20)
    stage.liar.script = in_turns([faults.honest, faults.forked(top - 30)])
    passes = 0
    while stage.cursor() < top:
        passes += 1
        stage.try_index()
        stage.is_whole_up_to_its_cursor()
    assert passes < 20
    stage.ends_true()


def test_a_fork_that_was_believed_is_undone_to_the_last_row(stage: Stage) -> None:
    top = head(stage.chain_url)
    stage.begin_below(10)
    stage.liar.script = always(faults.forked(top - 5))
    stage.try_index()
    assert stage.cursor() == top
    assert snapshots.take(stage.conn, ("blocks",)) != {"blocks": stage.truth["blocks"]}
    done = stage.index(stage.chain_url)
    assert [one.depth for one in done.reorgs] == [6]
    assert stage.rows() == stage.truth


def test_a_fork_above_us_that_comes_and_goes_is_undone_in_the_end(stage: Stage) -> None:
    top = head(stage.chain_url)
    stage.begin_below(20)
    stage.liar.script = in_turns([faults.forked(top - 12), faults.honest, faults.honest])
    for _ in range(12):
        stage.try_index()
    stage.index(stage.chain_url)
    assert stage.rows() == stage.truth


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


@pytest.mark.parametrize("some", LEFT_OUT)
def test_logs_that_a_node_left_out_are_found_by_asking_again(some: str, stage: Stage) -> None:
    """Nothing in such an answer gives it away; only another answer does."""
    stage.liar.script = always(LEFT_OUT[some])
    stage.index()
    assert len(stage.rows()["events_raw"]) < len(stage.truth["events_raw"])
    stage.liar.script = truthfully
    index = stage.open(stage.liar.url)
    found = rescan(index.chain, index.store, index.from_block, stage.cursor())
    assert found.healed > 0
    stage.index()
    assert stage.rows() == stage.truth


@pytest.mark.parametrize("some", LEFT_OUT)
def test_logs_that_a_node_leaves_out_later_are_kept(some: str, stage: Stage) -> None:
    stage.index()
    stage.liar.script = always(LEFT_OUT[some])
    index = stage.open(stage.liar.url)
    found = rescan(index.chain, index.store, index.from_block, stage.cursor())
    assert found.healed == 0
    assert found.doubtful > 0
    assert stage.rows() == stage.truth


def test_asking_again_believes_no_more_than_asking_first(stage: Stage) -> None:
    stage.index()
    index = stage.open(stage.liar.url)
    for fault in (*BROKEN_LOGS, *IN_TAIL):
        stage.liar.script = always(EVERY[fault])
        with suppress(Unavailable):
            rescan(index.chain, index.store, index.from_block, stage.cursor())
        assert stage.went_back() == 0, fault
    assert stage.rows() == stage.truth


# -- All at once ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_any_mixture_of_lies_ends_in_the_same_rows(seed: int, stage: Stage) -> None:
    lies = [*EVERY.values(), *HARMLESS.values()]
    lies += [fault for name, fault in TOO_MUCH.items() if name not in TAKES_TIME]
    random, narrow = at_random(lies, 0.5, seed), TOO_MUCH["a range too wide"]
    stage.liar.script = lambda asked: random(asked) or narrow
    for _ in range(100):
        if stage.try_index() and stage.cursor() == head(stage.chain_url):
            break
        stage.is_whole_up_to_its_cursor()
    assert stage.liar.lies > 20
    stage.ends_true()
