"""The indexer on a real chain and a real Postgres: exact, whatever dies and whoever races."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from psycopg import Connection

from infra.local import season
from onlineticket import settings
from onlineticket.domain.chain_log import LostRace
from onlineticket.domain.suite import Suite
from onlineticket.indexer.wiring import open_index
from onlineticket.store import database as databases
from onlineticket.store import registry
from onlineticket.usecases.index_chain import Pass, commit
from tests import emitting, snapshots
from tests.indexing import emit, index, start_afresh
from tests.integration.indexing_process import POINTS

OUTSIDER = "0x" + "77" * 20


@pytest.fixture
def registered(conn: Connection[Any], suite: Suite) -> Connection[Any]:
    registry.register(conn, suite)
    return conn


@pytest.fixture
def played(anvil: str, contracts_file: str, registered: Connection[Any]) -> Connection[Any]:
    """A database that knows the suite, and a season on its chain that is not indexed yet."""
    season.play(anvil, contracts_file)
    return registered


def test_a_second_pass_over_the_same_chain_changes_nothing(played: Connection[Any]) -> None:
    first = index()
    rows = snapshots.take(played)
    second = index()
    assert first.logs > 100
    assert first.dead_letters == first.unlisted == 0
    assert (second.blocks, second.logs, second.reads) == (0, 0, 0)
    assert snapshots.take(played) == rows


def test_every_row_that_needs_a_contract_read_gets_it(played: Connection[Any]) -> None:
    index()
    for table in ("events", "ticket_types", "tickets", "market_listings"):
        unread = played.execute(f"SELECT count(*) FROM {table} WHERE read_block IS NULL")
        assert unread.fetchone() == (0,), table


@pytest.mark.slow
def test_indexer_killed_at_any_point_ends_with_the_same_rows(played: Connection[Any]) -> None:
    index()
    undisturbed = snapshots.take(played)
    for point in POINTS:
        for nth in (1, 3):
            start_afresh(played)
            died = run_until(point, nth)
            assert died == 9 or (died == 0 and nth > 1), point
            index()
            assert snapshots.take(played) == undisturbed, f"{point}, time {nth}"


def run_until(point: str, nth: int) -> int:
    command = [sys.executable, "-m", "tests.integration.indexing_process", point, str(nth)]
    return subprocess.run(command, check=False, env=dict(os.environ)).returncode


def test_of_two_writers_with_one_chunk_only_one_commits(played: Connection[Any]) -> None:
    opened = open_index()
    store = opened.store
    chunk = opened.chain.fetch(opened.from_block, 20, True)
    url = settings.required("DB_URL")
    lined_up = Barrier(8)

    def writes(_: int) -> bool:
        with databases.connect(url) as own:
            mine = type(store)(own, store.suite_id, store.chain_id, store.marketplaces)
            lined_up.wait()
            try:
                commit(mine, chunk, None, 0, Pass())
            except LostRace:
                return False
            return True

    with ThreadPoolExecutor(8) as pool:
        wins = list(pool.map(writes, range(8)))
    assert wins.count(True) == 1
    assert len(snapshots.take(played)["events_raw"]) == len(chunk.raw)


def test_a_cursor_that_another_run_moved_stops_the_commit(played: Connection[Any]) -> None:
    opened = open_index()
    store, chain = opened.store, opened.chain
    first = chain.fetch(opened.from_block, 10, True)
    cursor = commit(store, first, None, 0, Pass())
    second = chain.fetch(11, 20, True)
    commit(store, second, cursor, 0, Pass())
    rows = snapshots.take(played)
    with pytest.raises(LostRace):
        commit(store, second, cursor, 0, Pass())
    assert snapshots.take(played) == rows


def test_a_log_that_nothing_announced_is_kept_as_a_dead_letter(
    anvil: str, registered: Connection[Any], suite: Suite
) -> None:
    logs = [
        emitting.log("TicketManager", "TicketUsed", 404, 1, OUTSIDER),
        emitting.log("TicketManager", "TicketStatusChanged", 404, 0, 9),
        emitting.log("TicketManager", "VerifierAuthorized", OUTSIDER, True),
    ]
    emit(anvil, suite.ticket_manager, logs)
    done = index()
    assert done.dead_letters == 2
    reasons = registered.execute("SELECT reason FROM dead_letters ORDER BY log_index").fetchall()
    assert reasons == [("never announced: Tickets 404",), ("no such status: 9",)]
    kept = registered.execute("SELECT count(*) FROM events_raw WHERE NOT processed").fetchone()
    assert kept == (2,)
    assert registered.execute("SELECT wallet, may_use FROM ticket_verifiers").fetchall()


def test_a_malformed_log_is_a_dead_letter_and_an_unlisted_one_only_counted(
    anvil: str, registered: Connection[Any], suite: Suite
) -> None:
    good = emitting.log("Marketplace", "BidBalanceDeposited", OUTSIDER, 5, True)
    short = good._replace(data=good.data[:32])
    unlisted = emitting.Emitted([b"\x01" * 32], b"news")
    anonymous = emitting.Emitted([], b"\x02")
    index()
    emit(anvil, suite.marketplace, [short, good, unlisted, anonymous])
    done = index()
    assert (done.logs, done.dead_letters, done.unlisted) == (1, 1, 2)
    assert registered.execute("SELECT reason FROM dead_letters").fetchall() == [("data length",)]
    assert registered.execute("SELECT wallet, eth_balance FROM bid_balances").fetchall() == [
        (OUTSIDER, 5)
    ]


def test_text_that_postgres_cannot_hold_does_not_stop_the_indexer(
    anvil: str, registered: Connection[Any], suite: Suite
) -> None:
    name = "nul\x00 tab\t newline\n back\\slash 演唱会 \\N"
    far = 2**256 - 1
    created = emitting.log("EventManager", "EventCreated", 7, OUTSIDER, name, 1, far)
    emit(anvil, suite.event_manager, [created])
    index()
    row = registered.execute(
        "SELECT name, extract(epoch FROM end_time)::bigint FROM events"
    ).fetchone()
    assert row == (name.replace("\x00", "\N{REPLACEMENT CHARACTER}"), 253_402_300_799)
