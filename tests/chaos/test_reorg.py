"""Reorganisations: what they undo is undone exactly; what is none undoes nothing."""

from typing import Any

import pytest
from psycopg import Connection

from infra.local import chain, season
from onlineticket.domain.chain_log import Header
from onlineticket.domain.errors import IndexingStopped
from onlineticket.domain.suite import Suite
from onlineticket.indexer import __main__ as command_line
from onlineticket.indexer.wiring import open_index
from onlineticket.usecases.index_chain import run_pass
from tests import emitting, snapshots
from tests.indexing import emit, fresh_rows, index

ALICE = "0x" + "a1" * 20
OWN_TRUTH = ("check_ins", "users", "contracts_registry")


def reorganise(url: str, depth: int, then_mine: int = 1) -> None:
    """Replace the last `depth` blocks by empty ones, and go on."""
    chain.call(url, "anvil_reorg", depth, [])
    chain.call(url, "anvil_mine", hex(then_mine))


@pytest.mark.parametrize("depth", [1, 2, 6, 11])
def test_a_reorg_of_a_season_leaves_the_rows_of_a_fresh_index(
    depth: int, anvil: str, contracts_file: str, registered: Connection[Any]
) -> None:
    season.play(anvil, contracts_file)
    registered.execute("INSERT INTO users (wallet, role) VALUES (%s, 'admin')", [ALICE])
    own = snapshots.take(registered, OWN_TRUTH)
    index()
    reorganise(anvil, depth)
    done = index()
    assert [one.depth for one in done.reorgs] == [depth]
    assert snapshots.take(registered, OWN_TRUTH) == own
    recorded = registered.execute("SELECT cause, depth FROM reconciliations").fetchall()
    assert recorded == [("reorg", depth)]
    assert snapshots.take(registered) == fresh_rows(registered)


def test_a_reorg_of_equal_height_is_seen_at_once(
    anvil: str, registered: Connection[Any], suite: Suite
) -> None:
    emit(anvil, suite.ticket_manager, [authorized(ALICE)])
    index()
    chain.call(anvil, "anvil_reorg", 1, [])
    index()
    assert wallets(registered, ALICE) == []


def test_a_transaction_mined_again_in_another_block_counts_once(
    anvil: str, registered: Connection[Any], suite: Suite
) -> None:
    created = emitting.log("EventManager", "EventCreated", 1, ALICE, "Gala", 1, 2)
    type_ = emitting.log("EventManager", "TicketTypeAdded", 1, 0, "Floor", 5, 100)
    emit(anvil, suite.event_manager, [created, type_])
    chain.call(anvil, "anvil_mine", "0x1")
    snapshot = chain.call(anvil, "evm_snapshot")
    bought = emitting.log("EventManager", "TicketPurchased", 1, 0, ALICE, 3, 15, True)
    emit(anvil, suite.event_manager, [bought])
    index()
    assert sold(registered) == (3, 15, 1)
    chain.call(anvil, "evm_revert", snapshot)
    chain.call(anvil, "anvil_mine", "0x2")
    emit(anvil, suite.event_manager, [bought])
    index()
    assert sold(registered) == (3, 15, 1)


def test_a_node_that_lags_rolls_nothing_back(
    anvil: str, registered: Connection[Any], suite: Suite
) -> None:
    snapshot = chain.call(anvil, "evm_snapshot")
    emit(anvil, suite.ticket_manager, [authorized(ALICE)])
    chain.call(anvil, "anvil_mine", "0x3")
    index()
    rows = snapshots.take(registered)
    chain.call(anvil, "evm_revert", snapshot)
    done = index()
    assert (done.blocks, done.reorgs) == (0, [])
    assert snapshots.take(registered) == rows


def test_one_forked_node_behind_a_balancer_rolls_nothing_back(
    anvil: str, registered: Connection[Any], suite: Suite
) -> None:
    emit(anvil, suite.ticket_manager, [authorized(ALICE)])
    index()
    rows = snapshots.take(registered)
    opened = open_index()
    node = opened.chain
    forked_hash = "0x" + "fe" * 32

    def forked(number: int) -> Header:
        return Header(number, forked_hash, "0x" + "fd" * 32, 1)

    answers = iter([forked, forked, forked, node.probe])
    wavering = type(node)(
        head=lambda: forked(node.head().number),
        finalized=node.finalized,
        fetch=node.fetch,
        headers=lambda numbers: [forked(number) for number in numbers],
        probe=lambda number: next(answers)(number),
        read=node.read,
        decode=node.decode,
        decode_read=node.decode_read,
        throttled=node.throttled,
    )
    done = run_pass(wavering, opened.store, opened.from_block, lambda: True)
    assert done.reorgs == []
    assert snapshots.take(registered) == rows


def test_a_reorg_deeper_than_the_window_stops_and_the_repair_command_mends_it(
    anvil: str,
    registered: Connection[Any],
    suite: Suite,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    emit(anvil, suite.ticket_manager, [authorized("0x" + "01" * 20)])
    snapshot = chain.call(anvil, "evm_snapshot")
    emit(anvil, suite.ticket_manager, [authorized(ALICE)])
    chain.call(anvil, "anvil_mine", hex(200))
    index()
    assert wallets(registered, ALICE) == [(ALICE,)]
    chain.call(anvil, "evm_revert", snapshot)
    chain.call(anvil, "evm_increaseTime", 1000)
    emit(anvil, suite.ticket_manager, [authorized("0x" + "02" * 20)])
    chain.call(anvil, "anvil_mine", hex(210))
    rows = snapshots.take(registered)
    with pytest.raises(IndexingStopped) as stop:
        index()
    assert stop.value.code == "REORG_TOO_DEEP"
    assert snapshots.take(registered) == rows
    assert command_line.main(["repair"]) == 0
    assert "went back" in capsys.readouterr().out
    index()
    assert wallets(registered, ALICE) == []
    assert snapshots.take(registered) == fresh_rows(registered)


def authorized(wallet: str) -> emitting.Emitted:
    return emitting.log("TicketManager", "VerifierAuthorized", wallet, True)


def wallets(conn: Connection[Any], wallet: str) -> list[tuple[str]]:
    return conn.execute(
        "SELECT wallet FROM ticket_verifiers WHERE wallet = %s", [wallet]
    ).fetchall()


def sold(conn: Connection[Any]) -> tuple[int, int, int]:
    row = conn.execute(
        """
        SELECT sold, revenue_eth, (SELECT count(*) FROM trades)
        FROM ticket_types JOIN events USING (suite_id, event_id)
        """
    ).fetchone()
    assert row is not None
    return row[0], row[1], row[2]
