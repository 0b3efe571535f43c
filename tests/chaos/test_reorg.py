"""Reorganisations: what they undo is undone exactly; what is none undoes nothing."""

from typing import Any

import pytest
from psycopg import Connection

from infra.local import chain, season
from onlineticket import resources
from onlineticket.domain.suite import Suite
from onlineticket.indexer.wiring import open_index
from onlineticket.store import registry
from onlineticket.usecases.index_chain import Pass, run_pass
from tests import snapshots

ALICE, BOB = "0x" + "a1" * 20, "0x" + "b0" * 20
ZERO = "0x" + "00" * 20


@pytest.fixture
def registered(conn: Connection[Any], suite: Suite) -> Connection[Any]:
    registry.register(conn, suite)
    return conn


def index() -> Pass:
    resources.forget()
    opened = open_index()
    return run_pass(opened.chain, opened.store, opened.from_block, lambda: True)


def rows_of_a_fresh_index(conn: Connection[Any]) -> dict[str, Any]:
    """What a database holds that has only ever seen the chain as it is now."""
    own = ("check_ins", "users", "contracts_registry")
    kept = snapshots.take(conn, own)
    tables = ", ".join((*snapshots.DERIVED, *snapshots.FETCHED, "blocks_processed"))
    conn.execute(f"TRUNCATE {tables}")
    index()
    assert snapshots.take(conn, own) == kept
    return snapshots.take(conn)


@pytest.mark.parametrize("depth", [1, 2, 6, 11])
def test_a_reorg_of_a_season_leaves_the_rows_of_a_fresh_index(
    depth: int, anvil: str, contracts_file: str, registered: Connection[Any]
) -> None:
    season.play(anvil, contracts_file)
    index()
    chain.call(anvil, "anvil_reorg", depth, [])
    chain.call(anvil, "anvil_mine", "0x2")
    done = index()
    assert [one.depth for one in done.reorgs] == [depth]
    repaired = snapshots.take(registered)
    assert repaired == rows_of_a_fresh_index(registered)
    recorded = registered.execute("SELECT cause, depth FROM reconciliations").fetchall()
    assert recorded == [("reorg", depth)]
