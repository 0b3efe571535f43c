"""A node that lies, stalls or refuses costs time, never a row.

Through a proxy that does it, a pass of the indexer ends in one of two ways: with the very rows of
an undisturbed pass, or given up as Unavailable, with the rows of a shorter one and its cursor; the
next undisturbed pass then makes them the same.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

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
from tests import snapshots
from tests.chaos import faults
from tests.chaos.lying_node import (
    Fault,
    LyingNode,
    after,
    always,
    at_first,
    lying,
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

    def ends_true(self) -> None:
        """What was given up is made whole by an undisturbed pass, and only that was missing."""
        cursor = self.rows()["blocks_processed"]
        at = cursor[0][0] if cursor else -1
        stored = [row for row in self.truth["events_raw"] if block_of(row) <= at]
        assert self.rows()["events_raw"] == stored
        self.index(self.chain_url)
        assert self.rows() == self.truth
        assert self.conn.execute("SELECT count(*) FROM reconciliations").fetchone() == (0,)


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


@pytest.fixture
def stage(
    chain_url: str,
    contracts_file: str,
    conn: Connection[Any],
    truth: Rows,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Stage]:
    monkeypatch.setenv("CONTRACTS", contracts_file)
    registry.register(conn, suites.parse(contracts_file))
    with lying(chain_url) as liar:
        yield Stage(conn, chain_url, liar, truth)


@pytest.fixture(scope="module")
def truth(chain_url: str, contracts_file: str, postgres_server: str) -> Rows:
    """The rows of an undisturbed pass."""
    server, template = postgres_server.rsplit("/", 1)
    with databases.connect(f"{server}/postgres") as admin:
        admin.execute(f"CREATE DATABASE lying_truth TEMPLATE {template}".encode())
    with (
        databases.connect(f"{server}/lying_truth") as conn,
        pytest.MonkeyPatch.context() as environment,
    ):
        environment.setenv("CONTRACTS", contracts_file)
        resources.forget()
        registry.register(conn, suites.parse(contracts_file))
        with lying(chain_url) as honest:
            Stage(conn, chain_url, honest, {}).index()
        rows = take(conn)
    with databases.connect(f"{server}/postgres") as admin:
        admin.execute(b"DROP DATABASE lying_truth WITH (FORCE)")
    assert len(rows["events_raw"]) > 200
    return rows


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
    "logs of another block than the header's": faults.each_log(blockHash=OTHER_HASH),
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
    "a time that is not the block's": faults.each_log(
        blockTimestamp=lambda text: hex(int(text, 16) + 1)
    ),
    "no such block": faults.result(HEADER, lambda block: None),
    "a block that is a number": faults.result(HEADER, lambda block: 7),
    "a block without a hash": faults.result(HEADER, lambda block: {**block, "hash": None}),
    "a block hash cut short": faults.result(
        HEADER, lambda block: {**block, "hash": block["hash"][:-2]}
    ),
    "a block of another number": faults.result(HEADER, lambda block: {**block, "number": "0x3"}),
    "a block time out of all bounds": faults.result(
        HEADER, lambda block: {**block, "timestamp": "0x" + "f" * 40}
    ),
    "a fork's parent": faults.result(HEADER, lambda block: {**block, "parentHash": OTHER_HASH}),
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
    "an unknown reason for no read": faults.each_refused(-32000, "computer says no", CALL),
}

STUBBORN = ("an unknown reason for no read",)
"""Refused for good, as far as anyone can tell: not asked again within the pass."""

EVERY = UNUSABLE | BROKEN_LOGS | BROKEN_READS


@pytest.mark.parametrize("fault", [name for name in EVERY if name not in STUBBORN])
def test_a_lie_that_passes_costs_nothing_but_time(fault: str, stage: Stage) -> None:
    stage.liar.script = at_first(EVERY[fault])
    stage.index()
    assert stage.rows() == stage.truth
    assert stage.liar.lies > 1
    assert stage.waits.slept


@pytest.mark.parametrize("fault", EVERY)
def test_a_lie_that_lasts_ends_the_pass_with_the_cursor_where_it_was(
    fault: str, stage: Stage
) -> None:
    stage.liar.script = after(2, always(EVERY[fault]))
    with pytest.raises(Unavailable):
        stage.index()
    assert stage.conn.execute("SELECT count(*) FROM blocks_processed").fetchone() == (1,)
    stage.ends_true()
