"""Contracts deployed more than once within a suite: Marketplaces side by side, pools in turn."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from psycopg import Connection

from infra.local import chain, contracts
from infra.local.blocks import mine, mined_by_hand
from infra.local.stage import DAY
from infra.local.wallets import MINA, NOAH, PLATFORM
from onlineticket import resources
from onlineticket.chain.rpc import Node
from onlineticket.domain import suite as suites
from onlineticket.domain.deployments import MARKET_STRIDE
from onlineticket.domain.suite import Suite
from onlineticket.indexer import __main__ as command_line
from onlineticket.indexer.wiring import open_index
from onlineticket.store import registry
from onlineticket.usecases.repair import rescan
from tests import emitting, snapshots
from tests.indexing import emit, fresh_rows, index, start_afresh
from tests.integration.contracts.theatre import ETH_PRICE, PRICE, Theatre

pytestmark = pytest.mark.slow

ROWS = (*snapshots.DERIVED, "events_raw", "dead_letters")


@pytest.fixture
def theatre(anvil: str, suite: Suite) -> Iterator[Theatre]:
    theatre = Theatre(Node(anvil), suite, now=0)
    with mined_by_hand(theatre.node):
        theatre.now = theatre.head_time()
        theatre.open()
        theatre.concert()
        yield theatre


@pytest.fixture
def second(theatre: Theatre) -> Suite:
    """The suite with a second Marketplace, deployed just now, as its newest."""
    built = contracts.artifacts()["Marketplace"].creation(
        PLATFORM.address, "constructor(address,address,address)",
        theatre.suite.ticket_manager, theatre.suite.platform_token, PLATFORM.address,
    )  # fmt: skip
    (receipt,) = mine(theatre.node, [built])
    assert receipt.contract
    theatre.names[receipt.contract] = "Marketplace"
    for wallet in (MINA, NOAH):
        theatre.do(
            theatre.on_token(wallet, "approve(address,uint256)", receipt.contract, 2**256 - 1),
            theatre.on_tickets(wallet, "setApprovalForAll(address,bool)", receipt.contract, True),
        )
    return suites.parse(file_of(theatre.suite, {
        "address": theatre.suite.marketplace,
    }, {"address": receipt.contract, "from_block": receipt.block}))  # fmt: skip


def file_of(suite: Suite, *marketplaces: dict[str, Any]) -> str:
    named = dict(suite.by_name()) | {"Marketplace": list(marketplaces)}
    file = {"chain_id": suite.chain_id, "from_block": suite.from_block, "contracts": named}
    return json.dumps(file)


def trade_on_both(theatre: Theatre, second: Suite) -> list[int]:
    """Two listings on each Marketplace; the tokens, in the order in which they are listed."""
    older, tokens = theatre.suite, [theatre.bought(MINA) for _ in range(4)]
    on_older, on_newer = theatre, replace(theatre, suite=second)
    theatre.do(on_older.offer(MINA, tokens[0], PRICE, ETH_PRICE, DAY))
    theatre.do(on_newer.offer(MINA, tokens[1], PRICE, ETH_PRICE, DAY, accepts_eth=False))
    theatre.do(on_newer.offer(MINA, tokens[2], 2 * PRICE, 0, DAY))
    theatre.do(on_older.offer(MINA, tokens[3], 3 * PRICE, 0, DAY))
    theatre.do(on_newer.on_market(NOAH, "buyTicket(uint256)", 1))
    theatre.do(on_older.on_market(MINA, "cancelListing(uint256)", 1))
    # Withdrawn from the old one, and offered on the new one.
    theatre.do(on_newer.offer(MINA, tokens[0], 5 * PRICE, 0, DAY))
    assert older.marketplace != second.marketplace
    return tokens


def listings(conn: Connection[Any]) -> list[tuple[Any, ...]]:
    return conn.execute(
        "SELECT listing_id, token_id, status, accepts_eth FROM market_listings"
        " ORDER BY created_block, listing_id"
    ).fetchall()


def configure(file: Suite, conn: Connection[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    markets = [
        {"address": one.address, "from_block": one.from_block, "to_block": one.to_block}
        for one in file.deployments()
        if one.name == "Marketplace"
    ]
    monkeypatch.setenv("CONTRACTS", file_of(file, *markets))
    registry.register(conn, file)


def test_two_marketplaces_of_one_suite_keep_their_listings_apart(
    theatre: Theatre, second: Suite, conn: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(second, conn, monkeypatch)
    index()
    tokens = trade_on_both(theatre, second)
    index()
    assert listings(conn) == [
        (1, tokens[0], "cancelled", True),
        (MARKET_STRIDE + 1, tokens[1], "sold", False),
        (MARKET_STRIDE + 2, tokens[2], "active", True),
        (2, tokens[3], "active", True),
        (MARKET_STRIDE + 3, tokens[0], "active", True),
    ]
    held = conn.execute(
        "SELECT token_id, escrowed, owner, holder, listing_id FROM tickets ORDER BY 1"
    ).fetchall()
    older, newer = theatre.suite.marketplace, second.marketplace
    assert held == [
        (tokens[0], True, newer, MINA.address, MARKET_STRIDE + 3),
        (tokens[1], False, NOAH.address, NOAH.address, None),
        (tokens[2], True, newer, MINA.address, MARKET_STRIDE + 2),
        (tokens[3], True, older, MINA.address, 2),
    ]
    assert conn.execute(
        "SELECT listing_id, token_id, amount FROM trades WHERE side = 'secondary'"
    ).fetchall() == [(MARKET_STRIDE + 1, tokens[1], PRICE)]
    assert conn.execute("SELECT count(*) FROM dead_letters").fetchone() == (0,)


def test_a_reorg_or_a_rebuild_over_two_marketplaces_ends_in_the_rows_of_a_fresh_index(
    theatre: Theatre, second: Suite, conn: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(second, conn, monkeypatch)
    trade_on_both(theatre, second)
    index()
    rows = snapshots.take(conn)
    conn.execute("UPDATE market_listings SET status = 'expired', accepts_eth = NULL")
    assert command_line.main(["rebuild"]) == 0
    assert snapshots.take(conn) == rows
    # Each reaches down to a block that is not empty: an empty one may come back just the same.
    for depth in (1, 3, 5, 7):
        chain.call(theatre.node.url, "anvil_reorg", depth, [])
        chain.call(theatre.node.url, "anvil_mine", "0x1")
        assert [one.depth for one in index().reorgs] == [depth]
        undone = snapshots.take(conn, ROWS)
        fresh = fresh_rows(conn)
        assert undone == {table: fresh[table] for table in ROWS}


def test_a_marketplace_registered_late_is_made_up_for_by_a_rescan(
    theatre: Theatre, second: Suite, conn: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.register(conn, theatre.suite)
    trade_on_both(theatre, second)
    index()
    assert len(listings(conn)) == 2
    configure(second, conn, monkeypatch)
    resources.forget()
    opened, cursor = open_index(), index().cursor
    rescan(opened.chain, opened.store, second.deployments()[-1].from_block, cursor)
    index()
    healed = snapshots.take(conn, ROWS)
    fresh = fresh_rows(conn)
    assert healed == {table: fresh[table] for table in ROWS}
    assert len(listings(conn)) == 5


def test_what_a_contract_logs_after_its_last_block_is_not_projected(
    theatre: Theatre, second: Suite, conn: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    last = int(theatre.node.call("eth_blockNumber"), 16) + 5
    retired = replace(second, listed=tuple(
        replace(one, to_block=last) if one.address == theatre.suite.marketplace else one
        for one in second.listed
    ))  # fmt: skip
    tokens = trade_on_both(theatre, second)
    configure(retired, conn, monkeypatch)
    index()
    kept = conn.execute(
        "SELECT max(block_number) FROM events_raw WHERE address = %s",
        [bytes.fromhex(theatre.suite.marketplace[2:])],
    ).fetchone()
    assert kept == (last,)
    # It left the Marketplace, which TicketManager tells, and no log in bounds says why.
    assert listings(conn)[0] == (1, tokens[0], "expired", True)
    rows = snapshots.take(conn)
    assert command_line.main(["rebuild"]) == 0
    assert snapshots.take(conn) == rows
    # Had it been retired only after it was indexed, a rebuild makes the same rows.
    start_afresh(conn)
    configure(second, conn, monkeypatch)
    index()
    assert listings(conn)[0] == (1, tokens[0], "cancelled", True)
    configure(retired, conn, monkeypatch)
    assert command_line.main(["rebuild"]) == 0
    derived = snapshots.take(conn, snapshots.DERIVED)
    assert derived == {table: rows[table] for table in snapshots.DERIVED}


# -- Pools ----------------------------------------------------------------------------------------


def test_a_new_pool_takes_the_place_of_the_old_one_with_rates_of_its_own(
    anvil: str, suite: Suite, conn: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when it is undone by a reorg and folded anew."""
    new = "0x" + "5a" * 20
    emit(anvil, suite.token_swap, [
        emitting.log("TokenSwap", "FeeRatesUpdated", 99, 9),
        emitting.log("TokenSwap", "PriceUpdated", 4, 5, 6),
        emitting.log("TokenSwap", "ReservesUpdated", 1, 2),
    ])  # fmt: skip
    chain.call(anvil, "anvil_mine", "0x1")
    last = int(chain.call(anvil, "eth_blockNumber"), 16)
    named = dict(suite.by_name()) | {
        "TokenSwap": [
            {"address": suite.token_swap, "to_block": last},
            {"address": new, "from_block": last + 1},
        ]
    }
    file = json.dumps({"chain_id": suite.chain_id, "from_block": 0, "contracts": named})
    monkeypatch.setenv("CONTRACTS", file)
    registry.register(conn, suites.parse(file))
    index()
    pool = "SELECT reserve_token, reserve_eth, swap_fee_rate, token_price FROM swap_pool"
    assert conn.execute(pool).fetchall() == [(1, 2, 99, 4)]
    for reserves in (10, 20):
        emit(anvil, new, [emitting.log("TokenSwap", "ReservesUpdated", reserves, 8)])
        emit(anvil, suite.token_swap, [emitting.log("TokenSwap", "ReservesUpdated", 666, 666)])
    index()
    assert conn.execute(pool).fetchall() == [(20, 8, 30, None)]
    chain.call(anvil, "anvil_reorg", 2, [])
    index()
    assert conn.execute(pool).fetchall() == [(10, 8, 30, None)]
    undone = snapshots.take(conn, ROWS)
    fresh = fresh_rows(conn)
    assert undone == {table: fresh[table] for table in ROWS}
