"""Every list and item of the read API walks an index, however much there is.

The statements are those that the handlers send: a cursor of ours has Postgres explain each.
"""

import json
from collections.abc import Iterator
from time import time
from typing import Any

import psycopg
import pytest

from functions.reports import handler as reports_handler
from onlineticket import resources
from onlineticket.domain import suite as suites
from onlineticket.domain.types import WalletAddress
from tests.bench import api_rows
from tests.bench.api_rows import HOLDER, ORGANIZER, STADIUM, WHALE
from tests.door_rows import send
from tests.reading import CONTRACTS, call, without_a_cache

MOST_ROWS = 2_000
"""Looked at for a page of 20, bids counted. All tables but that of events have many more."""

Plan = dict[str, Any]
plans: list[tuple[str, Plan]] = []


class Explaining(psycopg.Cursor[Any]):
    """Before each SELECT it has its plan run and noted."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> "Explaining":
        text = query.decode() if isinstance(query, bytes) else str(query)
        if text.strip().upper().startswith("SELECT"):
            with psycopg.Cursor(self.connection) as cursor:
                explain = "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) " + text
                [[found]] = cursor.execute(explain.encode(), params).fetchall()
            plans.append((text, found[0]["Plan"]))
        super().execute(query, params, **options)
        return self


@pytest.fixture(scope="module")
def large(postgres_server: str) -> Iterator[str]:
    """URL of a database with the rows of a large platform."""
    from onlineticket.store import database as databases

    server, template = postgres_server.rsplit("/", 1)
    with databases.connect(f"{server}/postgres") as admin:
        admin.execute(f"CREATE DATABASE large TEMPLATE {template}".encode())
    with databases.connect(f"{server}/large") as conn:
        api_rows.fill(conn, suites.parse(CONTRACTS), int(time()))
    yield f"{server}/large"
    resources.forget()
    with databases.connect(f"{server}/postgres") as admin:
        admin.execute("DROP DATABASE large WITH (FORCE)")


@pytest.fixture
def explained(large: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, Plan]]]:
    monkeypatch.setenv("DB_URL", large)
    monkeypatch.setenv("CONTRACTS", CONTRACTS)
    without_a_cache(monkeypatch)
    resources.postgres().cursor_factory = Explaining
    resources.suite_id()
    plans.clear()
    yield plans
    plans.clear()


def nodes(plan: Plan) -> Iterator[Plan]:
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)


def rows_read(plan: Plan) -> int:
    return sum(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
         + node.get("Rows Removed by Index Recheck", 0)) * node["Actual Loops"]
        for node in nodes(plan)
        if "Scan" in node["Node Type"]
    )  # fmt: skip


def check(explained: list[tuple[str, Plan]], most_rows: int = MOST_ROWS) -> None:
    assert explained
    for text, plan in explained:
        scans = [n["Relation Name"] for n in nodes(plan) if n["Node Type"] == "Seq Scan"]
        assert set(scans) <= {"contracts_registry", "blocks_processed"}, text
        assert rows_read(plan) <= most_rows, (rows_read(plan), text, json.dumps(plan, indent=1))
    explained.clear()


def every_page_like(path: str, explained: list[tuple[str, Plan]], **query: Any) -> None:
    """The first page, and the one after it."""
    answer = call(path, **query)
    assert answer["statusCode"] == 200, answer["body"]
    check(explained)
    token = json.loads(answer["body"]).get("next_page")
    if token is not None:
        assert call(path, page=token, **query)["statusCode"] == 200
        check(explained)


EVENTS: list[dict[str, Any]] = [
    {},
    {"status": "onsale"},
    {"organizer": ORGANIZER},
    {"organizer": ORGANIZER, "status": "onsale"},
    {"from_": "2026-01-01T00:00:00Z"},
    {"to": "2099-01-01T00:00:00Z"},
    {"q": "爱乐"},
    {"q": "夜"},
    {"q": "nocturne opera"},
    {"q": "c4ca42"},
    {"q": "no such words"},
]
LISTINGS: list[dict[str, Any]] = [
    {},
    {"event_id": STADIUM},
    {"event_id": 17},
    {"seller": HOLDER},
    {"seller": HOLDER, "event_id": STADIUM},
]
AUCTIONS: list[dict[str, Any]] = [{}, {"event_id": 17}, {"token_id": 19}, {"seller": HOLDER}]
TRADES: list[dict[str, Any]] = [
    {},
    {"event_id": 17},
    {"event_id": STADIUM, "side": "secondary"},
    {"token_id": 17},
    {"buyer": HOLDER},
    {"seller": ORGANIZER},
    {"seller": HOLDER, "side": "secondary"},
]


@pytest.mark.parametrize("sort", ["start_time", "-start_time", "created_at", "-created_at"])
def test_lists_of_events_walk_an_index(explained: list[tuple[str, Plan]], sort: str) -> None:
    for query in EVENTS:
        every_page_like("/events", explained, sort=sort, **query)


@pytest.mark.parametrize("status", [None, "active", "expired", "sold", "cancelled"])
def test_lists_of_listings_walk_an_index(
    explained: list[tuple[str, Plan]], status: str | None
) -> None:
    for query in LISTINGS:
        for sort in ("-created_at", "created_at"):
            asked = {"status": status} if status else {}
            every_page_like("/market/listings", explained, sort=sort, **asked, **query)


@pytest.mark.parametrize("sort", ["price", "-price", "eth_price", "-eth_price", "expires_at"])
def test_sorted_lists_of_listings_walk_an_index(
    explained: list[tuple[str, Plan]], sort: str
) -> None:
    for query in LISTINGS:
        every_page_like("/market/listings", explained, sort=sort, **query)


def test_lists_of_ticket_types_on_sale_walk_an_index(explained: list[tuple[str, Plan]]) -> None:
    for query in ({}, {"event_id": 3}, {"seller": ORGANIZER}):
        every_page_like("/market/listings", explained, side="primary", **query)


@pytest.mark.parametrize("wallet", [WHALE, HOLDER])
def test_lists_of_a_wallets_tickets_walk_an_index(
    explained: list[tuple[str, Plan]], wallet: str
) -> None:
    for query in ({}, {"status": "used"}, {"status": "valid"}):
        every_page_like(f"/wallets/{wallet}/tickets", explained, **query)


def test_lists_of_auctions_and_trades_walk_an_index(explained: list[tuple[str, Plan]]) -> None:
    for query in AUCTIONS:
        for status in ({}, {"status": "active"}, {"status": "ended"}, {"status": "cancelled"}):
            every_page_like("/market/auctions", explained, **query, **status)
    for query in TRADES:
        every_page_like("/market/trades", explained, **query)


@pytest.mark.parametrize(
    "path",
    [
        "/events/17", "/events/17/tickets/types", "/tickets/17", "/tickets/999999999",
        "/market/listings/17", "/contracts",
    ],
)  # fmt: skip
def test_single_items_walk_an_index(explained: list[tuple[str, Plan]], path: str) -> None:
    call(path)
    check(explained, most_rows=120)


def test_check_ins_walk_an_index(
    secrets: None, explained: list[tuple[str, Plan]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGE", "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL")  # the secrets are moto's
    organizer = WalletAddress("0x" + f"{STADIUM:040x}")
    path, query = f"/events/{STADIUM}/check-ins", {"limit": "20"}
    for more in ({}, {"gate": "Gate 3"}):
        answer: dict[str, Any] = {"next_page": None}
        for _ in range(2):
            page = {"page": answer["next_page"]} if answer["next_page"] else {}
            status, answer, _ = send(
                reports_handler.lambda_handler, "GET", path, wallet=organizer,
                query={**query, **more, **page},
            )  # fmt: skip
            assert status == 200, answer
            check(explained)
