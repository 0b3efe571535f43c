"""Holes, dead letters, rebuilds: found, mended, and the rows are those of a fresh index."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier, Event, Thread
from time import sleep
from typing import Any

import pytest
from psycopg import Connection

from infra.local import chain, season
from onlineticket import resources, settings
from onlineticket.domain.chain_log import Chunk
from onlineticket.domain.errors import Conflict
from onlineticket.domain.suite import Suite
from onlineticket.domain.types import BlockNumber
from onlineticket.indexer import __main__ as command_line
from onlineticket.indexer.wiring import open_index
from onlineticket.store import database as databases
from onlineticket.store import rebuilding, registry
from onlineticket.usecases.index_chain import run_pass
from onlineticket.usecases.maintain import maintain
from onlineticket.usecases.repair import replay_dead_letters, rescan
from tests import emitting, snapshots
from tests.indexing import emit, fresh_rows, index, start_afresh

ALICE = "0x" + "a1" * 20
ROWS = (*snapshots.DERIVED, "events_raw", "dead_letters")


@pytest.mark.parametrize("left_out", [2, 3, 7])
def test_logs_that_a_node_left_out_are_found_and_healed(
    left_out: int, anvil: str, contracts_file: str, registered: Connection[Any]
) -> None:
    season.play(anvil, contracts_file)
    resources.forget()
    opened = open_index()
    index_without(opened, left_out)
    assert registered.execute("SELECT count(*) FROM dead_letters").fetchone() != (0,)
    cursor = opened.store.cursor()
    assert cursor is not None
    done = rescan(opened.chain, opened.store, opened.from_block, cursor.number)
    assert done.healed > 10
    assert done.doubtful == 0
    run_pass(opened.chain, opened.store, opened.from_block, lambda: True)
    healed = snapshots.take(registered, ROWS)
    assert healed["dead_letters"] == []
    fresh = fresh_rows(registered)
    assert healed == {table: fresh[table] for table in ROWS}


def index_without(opened: Any, nth: int) -> None:
    """Index through a node that leaves every nth log out."""
    node = opened.chain

    def fetch(first: int, last: int, every_header: bool) -> Chunk:
        chunk = node.fetch(first, last, every_header)
        kept = [log for at, log in enumerate(chunk.raw) if at % nth]
        places = {(log.block_number, log.log_index) for log in kept}
        logs = [log for log in chunk.logs if (log.block_number, log.log_index) in places]
        return Chunk(chunk.first, chunk.last, chunk.headers, kept, logs)

    run_pass(replace(node, fetch=fetch), opened.store, opened.from_block, lambda: True)


def test_a_rescan_of_a_whole_index_changes_nothing(
    anvil: str, contracts_file: str, registered: Connection[Any]
) -> None:
    season.play(anvil, contracts_file)
    index()
    rows = snapshots.take(registered)
    opened = open_index()
    cursor = opened.store.cursor()
    assert cursor is not None
    done = rescan(opened.chain, opened.store, opened.from_block, cursor.number)
    assert (done.healed, done.doubtful) == (0, 0)
    assert snapshots.take(registered) == rows


def test_a_dead_letter_is_replayed_when_what_it_speaks_of_is_known(
    anvil: str, registered: Connection[Any], suite: Suite
) -> None:
    listed = emitting.log("Marketplace", "ListingCreated", 1, 9, ALICE, 5, 0, 2_000_000_000)
    sold = emitting.log("Marketplace", "TicketSold", 1, 9, ALICE, ALICE, 5, False)
    emit(anvil, suite.marketplace, [listed, sold])
    index()
    opened = open_index()
    assert replay_dead_letters(opened.chain, opened.store) == (2, 2)
    assert command_line.main(["replay-dead-letters"]) == 4
    # Announced after all, though later than it should have been: as a healed hole would be.
    with registered.transaction():
        registered.execute(
            """
            INSERT INTO events_raw
            SELECT suite_id, block_number - 1, block_hash, block_time, tx_hash, 99, 'TicketManager',
                   address, %s, %s, ARRAY[%s, %s, %s, %s]::bytea[], '', true
            FROM events_raw WHERE contract = 'Marketplace' LIMIT 1
            """,
            [
                emitting.topic_of("TicketManager", "Transfer"),
                (9).to_bytes(32, "big"),
                emitting.topic_of("TicketManager", "Transfer"),
                bytes(32),
                bytes(12) + bytes.fromhex(ALICE[2:]),
                (9).to_bytes(32, "big"),
            ],
        )
    assert command_line.main(["replay-dead-letters"]) == 0
    assert registered.execute("SELECT status FROM market_listings").fetchall() == [("sold",)]
    assert registered.execute("SELECT side FROM trades").fetchall() == [("secondary",)]
    assert command_line.main(["replay-dead-letters"]) == 0
    assert registered.execute("SELECT count(*) FROM trades").fetchone() == (1,)


@pytest.mark.parametrize("batch", [7, 5_000])
def test_a_rebuild_makes_the_same_rows_while_queries_go_on(
    batch: int,
    anvil: str,
    contracts_file: str,
    registered: Connection[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rebuilding, "BATCH", batch)
    season.play(anvil, contracts_file)
    index()
    rows = snapshots.take(registered)
    indexes = all_indexes(registered)
    registered.execute("UPDATE tickets SET owner = holder, status = 'used'")
    registered.execute("DELETE FROM market_listings")
    over, failures = Event(), []
    url = settings.required("DB_URL")

    def query() -> None:
        with databases.connect(url) as own:
            while not over.is_set():
                counted = own.execute("SELECT count(*) FROM ticket_states").fetchone()
                if counted != (len(rows["tickets"]),):
                    failures.append(counted)

    reader = Thread(target=query)
    reader.start()
    try:
        assert command_line.main(["rebuild"]) == 0
    finally:
        over.set()
        reader.join()
    assert failures == []
    assert snapshots.take(registered) == rows
    assert all_indexes(registered) == indexes
    known = registered.execute("SELECT reltuples FROM pg_class WHERE relname = 'tickets'")
    assert known.fetchone() == (len(rows["tickets"]),)  # to the planner
    chain.call(anvil, "anvil_mine", "0x1")
    assert index().blocks == 1


def test_the_command_line_backfills_and_reports(
    anvil: str,
    contracts_file: str,
    registered: Connection[Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    season.play(anvil, contracts_file)
    resources.forget()
    assert command_line.main(["backfill"]) == 0
    assert command_line.main(["status"]) == 0
    assert "lag            0 blocks" in capsys.readouterr().out
    rows = snapshots.take(registered)
    start_afresh(registered)
    index()
    assert snapshots.take(registered) == rows


def all_indexes(conn: Connection[Any]) -> list[tuple[Any, ...]]:
    return conn.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"
    ).fetchall()


def test_a_backfill_ends_although_the_suites_first_block_is_not_there_yet(
    anvil: str, suite: Suite, conn: Connection[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    registry.register(conn, replace(suite, from_block=BlockNumber(10**6)))
    resources.forget()
    assert command_line.main(["backfill"]) == 1
    assert "not at the head" in capsys.readouterr().err


def test_a_rebuild_waits_for_the_indexers_commit_and_begins_only_once(
    anvil: str,
    contracts_file: str,
    registered: Connection[Any],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    season.play(anvil, contracts_file)
    index()
    rows = snapshots.take(registered)
    opened = open_index()
    begun, committing, done = [], Event(), Event()
    begin = rebuilding.begin

    def counted(conn: Connection[Any]) -> None:
        begun.append(1)
        begin(conn)

    def commit() -> None:
        with databases.connect(settings.required("DB_URL")) as own:
            store = type(opened.store)(own, opened.store.suite_id, 31337, frozenset())
            with store.transaction():
                committing.set()
                done.wait(1)

    monkeypatch.setattr(rebuilding, "begin", counted)
    indexer = Thread(target=commit)
    indexer.start()
    committing.wait()
    assert command_line.main(["rebuild"]) == 0
    done.set()
    indexer.join()
    assert len(begun) == 1
    assert snapshots.take(registered) == rows


def test_the_worker_leaves_dead_letters_alone_until_they_are_due(
    anvil: str, registered: Connection[Any], suite: Suite
) -> None:
    emit(anvil, suite.ticket_manager, [emitting.log("TicketManager", "TicketUsed", 404, 1, ALICE)])
    index()
    opened = open_index()

    def attempts() -> int:
        maintain(
            opened.chain, opened.store, opened.from_block,
            now=0, pick=lambda first, _: first, sleep=lambda _: None,
        )  # fmt: skip
        row = registered.execute("SELECT attempts FROM dead_letters").fetchone()
        assert row is not None
        return int(row[0])

    assert [attempts(), attempts()] == [2, 2]
    registered.execute("UPDATE dead_letters SET next_try_at = now()")
    assert attempts() == 3


def test_of_rebuilds_at_once_one_is_made_and_the_others_are_told(
    anvil: str,
    contracts_file: str,
    registered: Connection[Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    season.play(anvil, contracts_file)
    index()
    rows = snapshots.take(registered)
    lined_up, decided = Barrier(4), Event()

    def begins(_: int) -> str:
        with databases.connect(settings.required("DB_URL")) as own:
            lined_up.wait()
            try:
                rebuilding.begin(own)
            except Conflict as refusal:
                return refusal.code
            decided.wait(30)
            return "begun"

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(begins, place) for place in range(4)]
        while sum(one.done() for one in asked) < 3:
            sleep(0.01)
        # The fourth is at work, and the command for people says so.
        assert command_line.main(["rebuild"]) == 5
        assert "Another rebuild is at work" in capsys.readouterr().err
        decided.set()
        assert sorted(one.result() for one in asked) == ["REBUILD_RUNNING"] * 3 + ["begun"]
    # It ended without a goodbye, as a killed one does: the next one is not locked out.
    assert command_line.main(["rebuild"]) == 0
    assert command_line.main(["rebuild"]) == 0
    assert snapshots.take(registered) == rows
