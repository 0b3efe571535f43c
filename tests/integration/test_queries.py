"""The GET routes: the handler on real Postgres, with rows written by hand."""

import json
from collections.abc import Iterator
from itertools import product
from threading import Thread
from typing import Any

import pytest

from onlineticket.domain import suite as suites
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
    ORGANIZER_WRITTEN,
    Rows,
    at,
    call,
    get,
    ids,
    refusal,
    written,
)  # fmt: skip

# -- Events ---------------------------------------------------------------------------------------


def test_an_event_is_answered_with_every_field(rows: Rows) -> None:
    rows.event(HUGE)
    rows.ticket_type(HUGE, 0)
    expected = {
        "suite_id": 1, "event_id": str(HUGE), "organizer": ORGANIZER_WRITTEN,
        "name": "夜曲 Nocturne", "description": "d", "image_url": "ipfs://i", "venue": "Hall",
        "start_time": written(NOW + DAY), "end_time": written(NOW + 2 * DAY), "status": "onsale",
        "total_supply": "100", "sold": "40", "sold_out": False, "requires_approval": True,
        "approved": True,
        "revenue_token": str(HUGE), "revenue_eth": "0", "created_at": written(NOW - DAY),
        "updated_block": 6,
    }  # fmt: skip
    assert get(f"/events/{HUGE}") == expected
    assert get("/events") == {"items": [expected], "next_page": None}


def test_what_was_not_read_from_the_chain_yet_is_null(rows: Rows) -> None:
    unread = dict.fromkeys(("read_block", "description", "image_url", "venue"))
    rows.event(1, **unread, requires_approval=None)
    event = get("/events/1")
    for name in ("description", "image_url", "venue", "requires_approval"):
        assert event[name] is None


def test_an_event_sold_out_through_eth_keeps_its_status_and_says_so(rows: Rows) -> None:
    rows.event(1, status="onsale")
    rows.ticket_type(1, 0, sold=100)
    assert get("/events/1")["sold_out"] is True
    rows.ticket_type(1, 1, sold=99)
    answer = get("/events/1")
    assert (answer["sold_out"], answer["status"]) == (False, "onsale")


def test_times_beyond_the_calendar_are_answered_as_its_last_second(rows: Rows) -> None:
    rows.event(1, end_time=at(253_402_300_799))
    assert get("/events/1")["end_time"] == "9999-12-31T23:59:59Z"


def test_events_come_by_start_then_id_and_by_each_filter(rows: Rows) -> None:
    rows.event(1, start_time=at(NOW + 3 * DAY))
    rows.event(2, start_time=at(NOW + DAY), status="draft", approved=False)
    rows.event(3, start_time=at(NOW + DAY), organizer=BOB)
    assert ids("/events", "event_id") == [2, 3, 1]
    assert ids("/events", "event_id", status="draft") == [2]
    assert ids("/events", "event_id", organizer=ORGANIZER_WRITTEN) == [2, 1]
    assert ids("/events", "event_id", organizer=BOB, status="draft") == []
    assert ids("/events", "event_id", from_=written(NOW + 2 * DAY)) == [1]
    assert ids("/events", "event_id", to=written(NOW + 2 * DAY)) == [2, 3]
    first, last = written(NOW + DAY), written(NOW + 3 * DAY)
    assert ids("/events", "event_id", from_=first, to=last) == [2, 3, 1]


def test_pages_of_events_are_stable_while_events_are_added(rows: Rows) -> None:
    for event_id in range(1, 8):
        rows.event(event_id, start_time=at(NOW + event_id // 2 * DAY))
    seen, query = [], {"limit": 3}
    while True:
        answer = get("/events", **query)
        seen += [int(item["event_id"]) for item in answer["items"]]
        if answer["next_page"] is None:
            break
        query["page"] = answer["next_page"]
        rows.event(100 + len(seen), start_time=at(NOW - DAY))
    assert seen == [1, 2, 3, 4, 5, 6, 7]


def test_a_page_token_is_good_for_its_own_list_only(rows: Rows) -> None:
    for event_id in (1, 2, 3):
        rows.event(event_id)
    token = get("/events", limit=1)["next_page"]
    assert ids("/events", "event_id", page=token) == [2, 3]
    assert refusal("/events", page=token, status="onsale") == (400, "PAGE_INVALID")
    assert refusal("/market/listings", page=token) == (400, "PAGE_INVALID")
    assert refusal("/events", page="nonsense") == (400, "PAGE_INVALID")


def test_a_forged_page_token_beyond_the_calendar_shows_an_empty_page(rows: Rows) -> None:
    from onlineticket.api import paging
    from onlineticket.store import events

    rows.event(1)
    token = paging.write((2**256 - 1, 2**256 - 1), f"events 1 {events.Filter()}")
    assert ids("/events", "event_id", page=token) == []


# -- Ticket types ---------------------------------------------------------------------------------


def test_a_ticket_type_is_answered_with_every_field(rows: Rows) -> None:
    rows.event(1)
    rows.ticket_type(1, 0)
    assert get("/events/1/tickets/types")["items"] == [{
        "event_id": "1", "type_id": "0", "name": "Floor", "price": "10", "eth_price": str(HUGE),
        "total_supply": "100", "sold": "40", "available": "60",
        "presale_start": written(NOW - 2 * DAY), "sale_start": written(NOW - DAY),
        "sale_end": written(NOW + DAY), "is_transferable": True, "presale_only": False,
        "on_sale_now": True, "presale_now": False, "updated_block": 6,
    }]  # fmt: skip


STATUSES = ("draft", "published", "presale", "onsale", "sold_out", "cancelled", "ended", "settled")


@pytest.mark.parametrize(("status", "approved"), list(product(STATUSES, (True, False))))
def test_only_an_approved_event_in_presale_or_on_sale_sells(
    rows: Rows, status: str, approved: bool
) -> None:
    rows.event(1, status=status, approved=approved)
    rows.ticket_type(1, 0)
    rows.ticket_type(1, 1, sale_start=at(NOW + HOUR))
    public, presale = get("/events/1/tickets/types")["items"]
    assert public["on_sale_now"] is (approved and status in ("presale", "onsale"))
    assert presale["presale_now"] is (approved and status == "presale")
    assert public["presale_now"] is presale["on_sale_now"] is False


@pytest.mark.parametrize(
    ("values", "on_sale_now"),
    [
        ({}, True),
        ({"sale_start": at(NOW + HOUR)}, False),
        ({"sale_end": at(NOW - HOUR)}, False),
        ({"presale_only": True}, False),
        ({"sold": 100}, False),
        ({"price": 0}, True),
        ({"price": 0, "eth_price": 0}, False),
        ({"sale_start": None, "sale_end": None, "presale_only": None, "eth_price": None}, None),
        ({"sale_start": None, "sale_end": None, "presale_only": None, "sold": 100}, False),
    ],
)
def test_a_type_is_on_sale_by_its_window_supply_and_price(
    rows: Rows, values: dict[str, Any], on_sale_now: bool | None
) -> None:
    rows.event(1)
    rows.ticket_type(1, 0, **values)
    assert get("/events/1/tickets/types")["items"][0]["on_sale_now"] is on_sale_now


# -- Tickets --------------------------------------------------------------------------------------


def test_a_ticket_is_answered_with_every_field(rows: Rows) -> None:
    rows.ticket_type(1, 0)
    rows.ticket(HUGE, transfers=2, owner=BOB, holder=BOB)
    assert get(f"/tickets/{HUGE}") == {
        "suite_id": 1, "token_id": str(HUGE), "event_id": "1", "type_id": "0",
        "type_name": "Floor", "owner": BOB_WRITTEN, "holder": BOB_WRITTEN, "escrowed": False,
        "listed": False, "listing_id": None, "seat_number": "0", "seat_section": "A",
        "auction_id": None, "original_price": "10", "original_buyer": ALICE_WRITTEN,
        "status": "valid", "chain_status": "valid", "valid_from": written(NOW + DAY),
        "valid_until": written(NOW + 2 * DAY), "is_transferable": True, "transfers": 2,
        "minted_at": written(NOW - HOUR), "admitted_at": None, "moves": [],
    }  # fmt: skip


def test_a_ticket_of_an_event_that_nobody_announced_is_answered(rows: Rows) -> None:
    rows.ticket(1, event_id=77, category=None, valid_from=None, valid_until=None, read_block=None)
    answer = get("/tickets/1")
    assert (answer["event_id"], answer["type_id"], answer["type_name"]) == ("77", None, None)


def test_a_checked_in_ticket_is_used_though_the_chain_says_valid(rows: Rows) -> None:
    rows.ticket(1)
    rows.check_in(1)
    answer = get("/tickets/1")
    assert (answer["status"], answer["chain_status"]) == ("used", "valid")
    assert answer["admitted_at"] == written(NOW)


def test_a_ticket_in_escrow_is_listed_until_its_listing_expires(rows: Rows) -> None:
    escrow = {"owner": MARKET, "holder": ALICE, "escrowed": True, "transfers": 1}
    rows.ticket(1, **escrow, listing_id=7)
    rows.ticket(2, **escrow, listing_id=8)
    rows.listing(7, 1)
    rows.listing(8, 2, expires_at=at(NOW - HOUR))
    for token_id, listed in ((1, True), (2, False)):
        answer = get(f"/tickets/{token_id}")
        assert (answer["escrowed"], answer["listed"]) == (True, listed)
        assert answer["listing_id"] == str(token_id + 6)
        assert answer["holder"] == ALICE_WRITTEN


# -- The market -----------------------------------------------------------------------------------


def test_a_resale_is_answered_with_every_field(rows: Rows) -> None:
    rows.ticket(1)
    rows.listing(
        HUGE, 1, status="sold", buyer=BOB, sold_price=HUGE, sold_in_eth=True, accepts_eth=True
    )
    assert get("/market/listings")["items"] == [{
        "suite_id": 1, "side": "secondary", "listing_id": str(HUGE), "token_id": "1",
        "event_id": "1", "type_id": "0", "seller": ALICE_WRITTEN, "price": "20", "eth_price": "0",
        "accepts_eth": True, "available": None, "status": "sold", "chain_status": "sold",
        "purchasable": False,
        "expires_at": written(NOW + DAY), "created_at": written(NOW - HOUR),
        "buyer": BOB_WRITTEN, "sold_price": str(HUGE), "sold_in_eth": True,
    }]  # fmt: skip


def test_a_ticket_type_on_sale_is_a_primary_listing_with_every_field(rows: Rows) -> None:
    rows.event(1)
    rows.ticket_type(1, 0)
    rows.ticket_type(1, 1, sold=100)
    assert get("/market/listings", side="primary") == {"next_page": None, "items": [{
        "suite_id": 1, "side": "primary", "listing_id": None, "token_id": None, "event_id": "1",
        "type_id": "0", "seller": ORGANIZER_WRITTEN, "price": "10", "eth_price": str(HUGE),
        "accepts_eth": True, "available": "60", "status": "active", "chain_status": None,
        "purchasable": True,
        "expires_at": written(NOW + DAY), "created_at": None, "buyer": None, "sold_price": None,
        "sold_in_eth": None,
    }]}  # fmt: skip


def test_an_active_listing_past_its_end_reads_and_is_found_as_expired(rows: Rows) -> None:
    rows.ticket(1)
    rows.listing(1, 1)
    rows.listing(2, 1, expires_at=at(NOW - HOUR))
    rows.listing(3, 1, status="expired", expires_at=at(NOW + HOUR))  # by the chain's own clock
    rows.listing(4, 1, status="cancelled")
    rows.listing(5, 1, status="sold")
    found = {
        status: ids("/market/listings", "listing_id", status=status)
        for status in ("active", "expired", "cancelled", "sold")
    }
    assert found == {"active": [1], "expired": [3, 2], "cancelled": [4], "sold": [5]}
    both = {item["listing_id"]: item for item in get("/market/listings")["items"]}
    assert (both["2"]["status"], both["2"]["chain_status"]) == ("expired", "active")


def test_listings_come_newest_first_and_by_each_filter(rows: Rows) -> None:
    rows.ticket(1)
    rows.ticket(2, event_id=2)
    rows.listing(1, 1)
    rows.listing(2, 2)
    rows.listing(3, 1, seller=BOB)
    rows.listing(4, 99)  # a ticket that is not indexed
    assert ids("/market/listings", "listing_id") == [4, 3, 2, 1]
    assert ids("/market/listings", "listing_id", event_id=1) == [3, 1]
    assert ids("/market/listings", "listing_id", seller=BOB_WRITTEN) == [3]
    assert ids("/market/listings", "listing_id", seller=BOB, event_id=2) == []


@pytest.mark.parametrize("side", ["primary", "secondary"])
def test_pages_of_the_market_show_each_row_once(rows: Rows, side: str) -> None:
    for number in range(1, 6):
        rows.event(number)
        rows.ticket_type(number, 0)
        rows.ticket_type(number, 1)
        rows.ticket(number)
        rows.listing(2 * number, number)
        rows.listing(2 * number + 1, number)
    seen, query = [], {"limit": 3, "side": side}
    while True:
        answer = get("/market/listings", **query)
        seen += [
            item["listing_id"] or (item["event_id"], item["type_id"]) for item in answer["items"]
        ]
        if answer["next_page"] is None:
            break
        query["page"] = answer["next_page"]
    assert len(seen) == len(set(seen)) == 10


def test_primary_listings_are_found_by_each_filter_and_are_always_active(rows: Rows) -> None:
    rows.event(1)
    rows.event(2, organizer=BOB)
    rows.event(3, status="cancelled")
    for event_id in (1, 2, 3):
        rows.ticket_type(event_id, 0)
    assert ids("/market/listings", "event_id", side="primary") == [1, 2]
    assert ids("/market/listings", "event_id", side="primary", seller=BOB) == [2]
    assert ids("/market/listings", "event_id", side="primary", event_id=1) == [1]
    assert ids("/market/listings", "event_id", side="primary", status="active") == [1, 2]
    assert ids("/market/listings", "event_id", side="primary", status="sold") == []


# -- What is not there, and what is not asked well ------------------------------------------------


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/events/1", "EVENT_NOT_FOUND"),
        (f"/events/{2**256 - 1}", "EVENT_NOT_FOUND"),
        ("/events/1/tickets/types", "EVENT_NOT_FOUND"),
        ("/tickets/1", "TICKET_NOT_FOUND"),
        ("/nowhere", "NO_SUCH_ROUTE"),
    ],
)
@pytest.mark.usefixtures("rows")
def test_an_unknown_id_is_a_404_with_a_code(path: str, code: str) -> None:
    assert refusal(path) == (404, code)


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/events", {"status": "ONSALE"}),
        ("/events", {"organizer": "0x1"}),
        ("/events", {"from_": "yesterday"}),
        ("/events", {"from_": "2026-01-01T00:00:00"}),
        ("/events", {"limit": 0}),
        ("/events", {"limit": 101}),
        ("/events", {"limit": "ten"}),
        ("/events", {"suite": 0}),
        ("/events", {"suite": 32_768}),
        ("/events/x", {}),
        ("/events/-1", {}),
        (f"/events/{2**256}", {}),
        ("/events/" + "9" * 5000, {}),
        ("/tickets/1.5", {}),
        ("/market/listings", {"side": "both"}),
        ("/market/listings", {"status": "open"}),
        ("/market/listings", {"event_id": "-1"}),
        ("/market/listings", {"seller": ALICE + "00"}),
    ],
)
def test_a_bad_value_is_a_400_that_names_its_field(path: str, query: dict[str, Any]) -> None:
    answer = call(path, **query)
    body = json.loads(answer["body"])
    assert (answer["statusCode"], body["error_code"]) == (400, "BAD_REQUEST")
    assert body["details"]["field"].split(".")[0] in ("query", "path")


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("time_", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_the_ends_of_the_calendar_are_times_too(time_: str) -> None:
    assert ids("/events", "event_id", from_=time_) == []
    assert ids("/events", "event_id", to=time_) == []


# -- Suites ---------------------------------------------------------------------------------------


def test_another_suite_is_chosen_by_its_id(rows: Rows) -> None:
    earlier = {"chain_id": 31337, "contracts": {}}
    for number, name in enumerate(suites.CONTRACT_NAMES, 100):
        earlier["contracts"][name] = "0x" + f"{number:040x}"  # type: ignore[index]
    suite_id = registry.register(rows.conn, suites.parse(json.dumps(earlier)))
    rows.event(1, name="now")
    rows.event(1, name="then", suite_id=suite_id)
    assert get("/events/1")["name"] == "now"
    assert get("/events/1", suite=suite_id)["name"] == "then"
    assert "X-Indexed-Block" not in call("/events", suite=suite_id)["multiValueHeaders"]
    assert refusal("/events/1", suite=99) == (404, "SUITE_NOT_FOUND")


def test_until_the_suite_is_registered_nothing_is_served(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTRACTS", CONTRACTS)
    assert refusal("/events") == (503, "SUITE_NOT_REGISTERED")


@pytest.mark.usefixtures("rows")
def test_a_dead_database_is_a_503(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert refusal("/events") == (503, "DATABASE_UNAVAILABLE")


def test_a_connection_that_breaks_costs_one_503_and_is_opened_anew(rows: Rows) -> None:
    rows.event(1)
    get("/events/1")
    rows.conn.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    assert refusal("/events/1") == (503, "DATABASE_UNAVAILABLE")
    assert get("/events/1")["event_id"] == "1"


# -- Freshness ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "seconds"),
    [
        ("/events", 60),
        ("/events/1", 2),
        ("/events/1/tickets/types", 2),
        ("/tickets/1", 2),
        ("/market/listings", 2),
    ],
)
def test_every_answer_says_how_fresh_it_is_and_is_not_sent_twice(
    rows: Rows, path: str, seconds: int
) -> None:
    rows.event(1)
    rows.ticket(1)
    first = call(path)
    headers = {name: values[0] for name, values in first["multiValueHeaders"].items()}
    assert headers["X-Indexed-Block"] == "90"
    assert headers["Cache-Control"] == f"public, max-age={seconds}"
    assert headers["Content-Type"] == "application/json"
    for asked in (headers["ETag"], f'"other", {headers["ETag"]}', headers["ETag"][2:], "*"):
        again = call(path, {"If-None-Match": asked})
        assert (again["statusCode"], again["body"]) == (304, "")
        assert again["multiValueHeaders"]["ETag"] == [headers["ETag"]]
    assert call(path, {"If-None-Match": '"other"'})["statusCode"] == 200
    rows.conn.execute("UPDATE events SET name = 'new'; UPDATE tickets SET transfers = 1")
    rows.ticket_type(1, 5)
    rows.listing(5, 1)
    assert call(path, {"If-None-Match": headers["ETag"]})["statusCode"] == 200


def test_an_error_is_not_kept_by_anybody(rows: Rows) -> None:
    assert call("/events/1")["multiValueHeaders"]["Cache-Control"] == ["no-store"]


@pytest.mark.usefixtures("rows")
def test_caches_on_the_way_keep_the_answers_to_each_origin_apart() -> None:
    assert call("/events")["multiValueHeaders"]["Vary"] == ["Origin"]


@pytest.mark.parametrize(
    "path", ["/events", "/events/1", "/market/trades", "/contracts", "/events/2"]
)
def test_head_is_answered_as_get_without_the_body(rows: Rows, path: str) -> None:
    rows.event(1)
    full, head = call(path), call(path, method="HEAD")
    assert head["body"] == ""
    assert head["statusCode"] == full["statusCode"]
    assert head["multiValueHeaders"] == full["multiValueHeaders"]


# -- Health ---------------------------------------------------------------------------------------


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A node whose head is block 100."""
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Node(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = b'{"jsonrpc":"2.0","id":0,"result":"0x64"}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Node)
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("RPC_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("LAG_THRESHOLD_BLOCKS", "10")
    yield
    server.shutdown()
    server.server_close()


def health() -> tuple[int, Any]:
    answer = call("/health")
    assert answer["multiValueHeaders"]["Cache-Control"] == ["no-store"]
    return answer["statusCode"], json.loads(answer["body"])


@pytest.mark.usefixtures("rows", "dynamodb", "node")
def test_health_is_ok_while_everything_answers_and_the_lag_is_small() -> None:
    ok = {"status": "ok", "error": None}
    assert health() == (200, {
        "status": "ok", "postgres": ok, "dynamodb": ok, "rpc": ok,
        "indexer": {
            "status": "ok", "indexed_block": 90, "head": 100, "lag": 10, "lag_threshold": 10,
        },
    })  # fmt: skip


@pytest.mark.usefixtures("dynamodb", "node")
def test_health_is_503_when_the_index_lags(rows: Rows) -> None:
    rows.conn.execute("UPDATE blocks_processed SET block_number = 89")
    status, body = health()
    assert (status, body["status"], body["indexer"]["lag"]) == (503, "unavailable", 11)
    assert body["postgres"]["status"] == "ok"


@pytest.mark.usefixtures("rows", "dynamodb", "node")
@pytest.mark.parametrize(
    ("part", "variable", "value", "error"),
    [
        ("postgres", "DB_URL", "postgresql://u:pw@127.0.0.1:1/x", "DATABASE_UNAVAILABLE"),
        ("rpc", "RPC_URL", "http://u:pw@127.0.0.1:1", "RPC_UNAVAILABLE"),
        ("dynamodb", "REDEMPTIONS_TABLE", "pw-table", "ResourceNotFoundException"),
    ],
)
def test_health_is_503_and_names_what_is_down_and_no_secret(
    monkeypatch: pytest.MonkeyPatch, part: str, variable: str, value: str, error: str
) -> None:
    monkeypatch.setenv(variable, value)
    status, body = health()
    assert (status, body["status"]) == (503, "unavailable")
    assert body[part] == {"status": "unavailable", "error": error}
    others = {"postgres", "dynamodb", "rpc"} - {part}
    assert {body[other]["status"] for other in others} == {"ok"}
    assert "pw" not in json.dumps(body)
