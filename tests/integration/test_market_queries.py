"""GET /market/…, /wallets/{address}/tickets, /contracts: the handler on rows written by hand."""

import json
from typing import Any

import pytest

from onlineticket.domain import suite as suites
from onlineticket.domain.types import ZERO_ADDRESS
from onlineticket.store import registry
from tests.reading import (
    ALICE,
    ALICE_WRITTEN,
    BOB,
    BOB_WRITTEN,
    CONTRACTS,
    DAY,
    HOUR,
    HUGE,
    MARKET,
    NOW,
    ORGANIZER,
    ORGANIZER_WRITTEN,
    Rows,
    at,
    get,
    ids,
    refusal,
    written,
)  # fmt: skip

# -- Listings -------------------------------------------------------------------------------------


def test_one_listing_is_answered_as_in_its_list(rows: Rows) -> None:
    rows.ticket(1)
    rows.listing(HUGE, 1, expires_at=at(NOW - HOUR))
    assert get(f"/market/listings/{HUGE}") == get("/market/listings")["items"][0]
    assert get(f"/market/listings/{HUGE}")["status"] == "expired"
    assert refusal("/market/listings/1") == (404, "LISTING_NOT_FOUND")


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("-created_at", [7, 6, 5, 4, 3, 2, 1]),
        ("created_at", [1, 2, 3, 4, 5, 6, 7]),
        ("price", [2, 4, 1]),
        ("-price", [1, 4, 2]),
        ("eth_price", [3, 1]),
        ("-eth_price", [1, 3]),
        ("expires_at", [3, 1, 2, 4, 7]),
    ],
)
def test_listings_are_sorted_and_by_price_only_those_for_sale_in_it(
    rows: Rows, sort: str, order: list[int]
) -> None:
    rows.ticket(1)
    rows.listing(1, 1, price=HUGE, eth_price=HUGE, accepts_eth=True)
    rows.listing(2, 1, price=10, eth_price=5, accepts_eth=False)
    rows.listing(3, 1, price=0, eth_price=7, accepts_eth=True, expires_at=at(NOW + HOUR))
    rows.listing(4, 1, price=10)
    rows.listing(5, 1, price=1, expires_at=at(NOW - HOUR))
    rows.listing(6, 1, price=1, status="sold")
    rows.listing(7, 1, price=0, eth_price=1, accepts_eth=None)
    assert ids("/market/listings", "listing_id", sort=sort) == order
    seen: list[int] = []
    query: dict[str, object] = {"sort": sort, "limit": 1, "event_id": 1, "seller": ALICE}
    while True:
        answer = get("/market/listings", **query)
        seen += [int(item["listing_id"]) for item in answer["items"]]
        if answer["next_page"] is None:
            break
        query["page"] = answer["next_page"]
    assert seen == order


@pytest.mark.parametrize(
    ("listing", "ticket", "purchasable"),
    [
        ({}, {}, True),
        ({"expires_at": at(NOW - HOUR)}, {}, False),
        ({"status": "sold"}, {}, False),
        ({}, {"status": "used"}, False),
        ({}, {"status": "revoked"}, False),
        ({}, {"is_transferable": False}, False),
        ({}, {"is_transferable": None}, None),
    ],
)
def test_a_ticket_that_can_not_leave_escrow_is_not_for_sale_though_its_listing_is_active(
    rows: Rows, listing: dict[str, Any], ticket: dict[str, Any], purchasable: bool | None
) -> None:
    rows.ticket(1, **ticket)
    rows.listing(1, 1, **listing)
    assert get("/market/listings/1")["purchasable"] is purchasable
    assert ids("/market/listings", "listing_id", sort="price") == (
        [] if purchasable is False else [1]
    )


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(
    "query",
    [
        {"sort": "price", "status": "sold"},
        {"sort": "expires_at", "status": "expired"},
        {"sort": "price", "side": "primary"},
    ],
)
def test_a_sort_that_is_not_possible_is_refused_by_name(query: dict[str, str]) -> None:
    assert refusal("/market/listings", **query) == (400, "SORT_NOT_POSSIBLE")


# -- Auctions -------------------------------------------------------------------------------------


def test_an_auction_is_answered_with_every_field_and_its_newest_bids(rows: Rows) -> None:
    rows.ticket(1, event_id=4, category=2)
    rows.auction(HUGE, 1, winner=BOB, winning_bid=HUGE, won_in_eth=False, status="ended")
    for block in range(1, 25):
        rows.bid(HUGE, block)
    [auction] = get("/market/auctions")["items"]
    bids = auction.pop("bids")
    assert auction == {
        "suite_id": 1, "auction_id": str(HUGE), "token_id": "1", "event_id": "4", "type_id": "2",
        "seller": ALICE_WRITTEN, "starting_price": "5", "eth_starting_price": "0",
        "reserve_price": "9", "end_time": written(NOW + DAY), "status": "ended",
        "chain_status": "ended", "winner": BOB_WRITTEN, "winning_bid": str(HUGE),
        "won_in_eth": False, "created_at": written(NOW - HOUR), "updated_block": 8,
        "bids_placed": 24,
    }  # fmt: skip
    assert [bid["amount"] for bid in bids] == [str(block) for block in range(24, 4, -1)]
    assert bids[0] == {
        "bidder": BOB_WRITTEN, "amount": "24", "in_eth": False, "bid_at": written(NOW - HOUR),
    }  # fmt: skip


def test_auctions_are_found_by_each_filter_and_end_with_their_time(rows: Rows) -> None:
    rows.ticket(1)
    rows.ticket(2, event_id=2)
    rows.auction(1, 1)
    rows.auction(2, 2, end_time=at(NOW - HOUR))
    rows.auction(3, 1, status="cancelled", seller=BOB)
    rows.auction(4, 2, status="ended")
    path, name = "/market/auctions", "auction_id"
    assert ids(path, name) == [4, 3, 2, 1]
    assert ids(path, name, status="active") == [1]
    assert ids(path, name, status="ended") == [4, 2]
    assert ids(path, name, status="cancelled") == [3]
    assert ids(path, name, event_id=2) == [4, 2]
    assert ids(path, name, token_id=1) == [3, 1]
    assert ids(path, name, seller=BOB) == [3]
    over = get(path, token_id=2)["items"][1]
    assert (over["status"], over["chain_status"], over["bids"]) == ("ended", "active", [])


# -- Trades ---------------------------------------------------------------------------------------


def test_a_trade_of_either_side_is_answered_with_every_field(rows: Rows) -> None:
    rows.ticket(1, category=3)
    rows.sale(5, amount=HUGE)
    rows.resale(6, 1)
    resale, sale = get("/market/trades")["items"]
    common = {"suite_id": 1, "event_id": "1", "traded_at": written(NOW - HOUR), "log_index": 0}
    assert sale == common | {
        "side": "primary", "type_id": "0", "quantity": "2", "listing_id": None, "token_id": None,
        "buyer": ALICE_WRITTEN, "seller": ORGANIZER_WRITTEN, "amount": str(HUGE), "in_eth": False,
        "tx_hash": "0x" + "05" * 32, "block": 5,
    }  # fmt: skip
    assert resale == common | {
        "side": "secondary", "type_id": "3", "quantity": "1", "listing_id": "7", "token_id": "1",
        "buyer": BOB_WRITTEN, "seller": ALICE_WRITTEN, "amount": "30", "in_eth": True,
        "tx_hash": "0x" + "06" * 32, "block": 6,
    }  # fmt: skip


def test_trades_come_newest_first_and_by_each_filter(rows: Rows) -> None:
    rows.ticket(1)
    rows.ticket(2, event_id=2)
    rows.sale(1)
    rows.resale(2, 1)
    rows.sale(2, log_index=1, event_id=2, buyer=BOB)
    rows.resale(3, 2, seller=BOB, buyer=ALICE)
    path, name = "/market/trades", "block"
    assert ids(path, name) == [3, 2, 2, 1]
    assert ids(path, name, side="primary") == [2, 1]
    assert ids(path, name, event_id=1) == [2, 1]
    assert ids(path, name, event_id=2, side="secondary") == [3]
    assert ids(path, name, token_id=2) == [3]
    assert ids(path, name, buyer=BOB) == [2, 2]
    assert ids(path, name, seller=ORGANIZER) == [2, 1]
    seen, query = [], {"limit": 1}
    while True:
        answer = get(path, **query)
        seen += [(item["block"], item["log_index"]) for item in answer["items"]]
        if answer["next_page"] is None:
            break
        query["page"] = answer["next_page"]
    assert seen == [(3, 0), (2, 1), (2, 0), (1, 0)]


# -- Wallets --------------------------------------------------------------------------------------


def test_a_wallets_tickets_include_those_it_has_in_escrow(rows: Rows) -> None:
    rows.ticket_type(1, 0)
    rows.ticket(1)
    rows.ticket(2, owner=MARKET, holder=ALICE, escrowed=True, listing_id=7)
    rows.ticket(3, owner=BOB, holder=BOB)
    rows.ticket(4, event_id=2, status="used")
    rows.ticket(5)
    rows.listing(7, 2)
    rows.check_in(5)
    path, name = f"/wallets/{ALICE_WRITTEN}/tickets", "token_id"
    assert ids(path, name) == [5, 4, 2, 1]
    assert ids(path, name, status="used") == [5, 4]
    assert ids(path, name, status="valid") == [2, 1]
    assert ids(f"/wallets/{MARKET}/tickets", name) == []
    first = get(path, limit=2)
    assert ids(path, name, limit=2, page=first["next_page"]) == [2, 1]
    listed = get(path)["items"][2]
    assert (listed["listed"], listed["escrowed"], listed["moves"]) == (True, True, None)
    one = get("/tickets/2")
    assert listed == one | {"moves": None}


@pytest.mark.usefixtures("rows")
def test_a_wallet_is_an_address() -> None:
    assert refusal("/wallets/0x12/tickets") == (400, "BAD_REQUEST")


def test_a_ticket_tells_its_moves_newest_first(rows: Rows) -> None:
    rows.ticket(HUGE, transfers=2)
    rows.move(HUGE, 5, ZERO_ADDRESS, ALICE)
    rows.move(HUGE, 6, ALICE, BOB)
    rows.move(HUGE - 1, 7, ALICE, BOB)
    rows.move(HUGE, 8, BOB, ALICE)
    moves = get(f"/tickets/{HUGE}")["moves"]
    assert moves[0] == {
        "sender": BOB_WRITTEN, "receiver": ALICE_WRITTEN, "block": 8,
        "moved_at": written(NOW - HOUR), "tx_hash": "0x" + "08" * 32,
    }  # fmt: skip
    assert [(move["block"], move["sender"]) for move in moves[1:]] == [
        (6, ALICE_WRITTEN),
        (5, ZERO_ADDRESS),
    ]


def test_of_many_moves_the_newest_hundred_are_told(rows: Rows) -> None:
    rows.ticket(1, transfers=119)
    for block in range(1, 121):
        rows.move(1, block, ALICE, BOB)
    moves = get("/tickets/1")["moves"]
    assert [move["block"] for move in moves] == list(range(120, 20, -1))


# -- The registry ---------------------------------------------------------------------------------


def test_the_registry_names_every_contract_of_every_suite(rows: Rows) -> None:
    earlier = json.loads(CONTRACTS)
    earlier["contracts"] = {
        name: "0x" + f"{number:040x}" for number, name in enumerate(suites.CONTRACT_NAMES, 100)
    }
    registry.register(rows.conn, suites.parse(json.dumps(earlier)))
    found = get("/contracts")
    assert found["current"] == 1
    assert [item["suite_id"] for item in found["items"]] == [2] * 5 + [1] * 5
    assert get("/contracts", suite=1)["items"] == found["items"][5:]
    assert found["items"][5] == {
        "suite_id": 1, "chain_id": 31337, "name": "EventManager",
        "address": "0x" + f"{1:040x}", "abi_version": 1, "from_block": 0, "to_block": None,
    }  # fmt: skip
    assert refusal("/contracts", suite=3) == (404, "SUITE_NOT_FOUND")
