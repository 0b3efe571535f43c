"""Pages on a real Postgres while somebody writes: nothing skipped, nothing repeated, in order."""

import json
from threading import Event, Thread
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection

from onlineticket import resources
from onlineticket.domain import suite as suites
from onlineticket.store import database as databases
from onlineticket.store import registry
from tests.reading import ALICE, BOB, CONTRACTS, DAY, HOUR, NOW, Rows, at, call, without_a_cache

Row = dict[str, int]
drawn = st.fixed_dictionaries({
    "at": st.integers(0, 3),
    "price": st.sampled_from([0, 1, 2, 2**255]),
    "of": st.integers(0, 1),
})  # fmt: skip
"""Few values, so that many rows share one: ties are where a keyset goes wrong."""

TABLES = ("events", "ticket_types", "tickets", "market_listings", "auctions", "trades")


class Written:
    """What is in the tables, under the keys that the lists answer; ids in the order of writing."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.last = 0

    def add(self, row: Row) -> int:
        """One of each kind under a new id; of events and listings every column drawn."""
        self.last += 1
        id_, who = self.last, (ALICE, BOB)[row["of"]]
        self.rows.event(id_, start_time=at(NOW + row["at"] * DAY), organizer=who)
        self.rows.ticket_type(id_, 0)
        self.rows.ticket(id_, event_id=1 + row["of"], holder=who, owner=who)
        self.rows.listing(
            id_, id_, price=row["price"], eth_price=row["price"], accepts_eth=True, seller=who,
            expires_at=at(NOW + HOUR + row["at"] * DAY),
        )  # fmt: skip
        self.rows.auction(id_, id_, seller=who)
        self.rows.sale(10 + row["at"], log_index=id_, buyer=who)
        return id_


@pytest.fixture(scope="module")
def shared(postgres_server: str) -> Any:
    """One database for all examples, emptied before each: a hundred new ones take a minute."""
    server, template = postgres_server.rsplit("/", 1)
    with databases.connect(f"{server}/postgres") as admin:
        admin.execute(f"CREATE DATABASE pages TEMPLATE {template}".encode())
    with databases.connect(f"{server}/pages") as conn:
        registry.register(conn, suites.parse(CONTRACTS))
        Rows(conn).indexed(90)
        yield f"{server}/pages", conn
    resources.forget()
    with databases.connect(f"{server}/postgres") as admin:
        admin.execute("DROP DATABASE pages WITH (FORCE)")


@pytest.fixture
def written(shared: tuple[str, Connection[Any]], monkeypatch: pytest.MonkeyPatch) -> Written:
    url, conn = shared
    monkeypatch.setenv("DB_URL", url)
    monkeypatch.setenv("CONTRACTS", CONTRACTS)
    without_a_cache(monkeypatch)
    return Written(Rows(conn))


LISTS: dict[str, tuple[str, dict[str, str], str]] = {
    "events": ("/events", {}, "event_id"),
    "events from the last": ("/events", {"sort": "-start_time"}, "event_id"),
    "events as created": ("/events", {"sort": "created_at"}, "event_id"),
    "newest events of one": ("/events", {"sort": "-created_at", "organizer": ALICE}, "event_id"),
    "events by words": ("/events", {"q": "夜曲 noct"}, "event_id"),
    "listings": ("/market/listings", {}, "listing_id"),
    "oldest listings of one": (
        "/market/listings", {"sort": "created_at", "seller": BOB}, "listing_id",
    ),
    "listings of an event": ("/market/listings", {"event_id": "1"}, "listing_id"),
    "cheapest": ("/market/listings", {"sort": "price"}, "listing_id"),
    "dearest": ("/market/listings", {"sort": "-price"}, "listing_id"),
    "cheapest of an event in ETH": (
        "/market/listings", {"sort": "eth_price", "event_id": "2"}, "listing_id",
    ),
    "dearest in ETH": ("/market/listings", {"sort": "-eth_price"}, "listing_id"),
    "soon over": ("/market/listings", {"sort": "expires_at"}, "listing_id"),
    "on sale": ("/market/listings", {"side": "primary"}, "event_id"),
    "tickets of a wallet": (f"/wallets/{ALICE}/tickets", {}, "token_id"),
    "auctions": ("/market/auctions", {}, "auction_id"),
    "trades": ("/market/trades", {}, "log_index"),
    "trades of a buyer": ("/market/trades", {"buyer": BOB}, "log_index"),
}  # fmt: skip


@pytest.mark.parametrize("name", LISTS)
@settings(
    max_examples=8,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    before=st.lists(drawn, max_size=12),
    between=st.lists(st.lists(drawn, max_size=2), max_size=6),
    limit=st.integers(1, 5),
)
def test_pages_show_every_row_once_and_in_order_while_rows_are_added(
    written: Written, name: str, before: list[Row], between: list[list[Row]], limit: int
) -> None:
    path, query, key = LISTS[name]
    empty(written.rows.conn)
    for row in before:
        written.add(row)
    there_before = whole(path, query, key)
    seen: list[int] = []
    asked: dict[str, Any] = {**query, "limit": limit}
    while True:
        answer = page(path, asked)
        assert len(answer["items"]) <= limit
        seen += [int(item[key]) for item in answer["items"]]
        if answer["next_page"] is None:
            break
        asked["page"] = answer["next_page"]
        for row in between.pop() if between else ():
            written.add(row)
    there_after = whole(path, query, key)
    assert len(seen) == len(set(seen)), "a row is repeated"
    assert set(there_before) <= set(seen), "a row is skipped"
    assert seen == [each for each in there_after if each in set(seen)], "out of order"


@pytest.mark.parametrize("name", ["events", "cheapest", "listings of an event", "trades"])
def test_pages_are_whole_while_another_connection_writes(
    written: Written, shared: tuple[str, Connection[Any]], name: str
) -> None:
    path, query, key = LISTS[name]
    empty(written.rows.conn)
    for number in range(30):
        written.add({"at": number % 4, "price": 1 + number % 3, "of": number % 2})
    there_before = whole(path, query, key)
    over = Event()

    def write() -> None:
        with databases.connect(shared[0]) as own:
            other = Written(Rows(own))
            other.last = 1_000
            while not over.is_set() and other.last < 1_060:
                other.add({"at": other.last % 4, "price": other.last % 3, "of": other.last % 2})

    writer = Thread(target=write)
    writer.start()
    try:
        seen: list[int] = []
        asked: dict[str, Any] = {**query, "limit": 2}
        while True:
            answer = page(path, asked)
            seen += [int(item[key]) for item in answer["items"]]
            if answer["next_page"] is None:
                break
            asked["page"] = answer["next_page"]
    finally:
        over.set()
        writer.join()
    assert len(seen) == len(set(seen))
    assert set(there_before) <= set(seen)
    there_after = whole(path, query, key)
    assert seen == [each for each in there_after if each in set(seen)]


def empty(conn: Connection[Any]) -> None:
    for table in TABLES:
        conn.execute(f"DELETE FROM {table}".encode())


def page(path: str, query: dict[str, Any]) -> Any:
    answer = call(path, **query)
    assert answer["statusCode"] == 200, answer["body"]
    return json.loads(answer["body"])


def whole(path: str, query: dict[str, str], key: str) -> list[int]:
    """The list in one page: there are never more than a hundred rows."""
    answer = page(path, {**query, "limit": 100})
    assert answer["next_page"] is None
    return [int(item[key]) for item in answer["items"]]
