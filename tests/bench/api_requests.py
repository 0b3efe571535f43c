"""One process that answers each list again and again, and sends its statements bare in turns.

`python -m tests.bench.api_requests COUNT`, with the function's variables in the environment.
"""

import statistics
import sys
from collections.abc import Callable
from time import perf_counter, process_time
from typing import Any

import psycopg

from onlineticket import resources, settings
from tests.bench import measuring
from tests.bench.api_rows import HOLDER, ORGANIZER, STADIUM, WHALE
from tests.reading import call_warm

WARM_UP = 30
LISTS: dict[str, tuple[str, dict[str, Any]]] = {
    # The time bound keeps it out of the cache, and narrows nothing down.
    "events": ("/events", {"to": "2999-01-01T00:00:00Z"}),
    "events_found": ("/events", {"q": "乐厅"}),
    "events_of_organizer": ("/events", {"organizer": ORGANIZER, "sort": "-created_at"}),
    "listings": ("/market/listings", {"status": "active"}),
    "listings_by_price": ("/market/listings", {"sort": "price"}),
    "listings_of_event": ("/market/listings", {"event_id": str(STADIUM)}),
    "on_sale": ("/market/listings", {"side": "primary"}),
    "auctions": ("/market/auctions", {}),
    "trades": ("/market/trades", {}),
    "trades_of_event": ("/market/trades", {"event_id": str(STADIUM)}),
    "tickets_of_whale": (f"/wallets/{WHALE}/tickets", {}),
}
ITEMS: dict[str, tuple[str, dict[str, Any]]] = {
    "event": ("/events/17", {}),
    "ticket": ("/tickets/17", {}),
    "listing": ("/market/listings/17", {}),
    "few_tickets": (f"/wallets/{HOLDER}/tickets", {}),
}
HOT: tuple[str, dict[str, Any]] = ("/events", {})

Statement = tuple[str | bytes, Any]
sent: list[Statement] = []


class Noting(psycopg.Cursor[Any]):
    """Remembers what is sent."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> "Noting":
        sent.append((query, params))
        super().execute(query, params, **options)
        return self


def measure(name: str, path: str, query: dict[str, Any], count: int) -> dict[str, float]:
    """Milliseconds: p50 and p95 by the clock, the mean of our own CPU; and the floor's p50."""
    statements = _statements(path, query)
    with psycopg.connect(settings.required("DB_URL"), autocommit=True) as bare:

        def floor() -> None:
            for text, params in statements:
                bare.execute(text, params).fetchall()

        def handle() -> None:
            assert call_warm(path, **query)["statusCode"] == 200

        for _ in range(WARM_UP):
            floor()
            handle()
        walls: list[float] = []
        floors: list[float] = []
        cpu = 0.0
        for _ in range(count):
            floors.append(_seconds(floor))
            began = process_time()
            walls.append(_seconds(handle))
            cpu += process_time() - began
    return {
        f"{name}_p50_ms": 1e3 * statistics.median(walls),
        f"{name}_p95_ms": 1e3 * statistics.quantiles(walls, n=20)[18],
        f"{name}_cpu_ms": 1e3 * cpu / count,
        f"{name}_floor_ms": 1e3 * statistics.median(floors),
    }


def _statements(path: str, query: dict[str, Any]) -> list[Statement]:
    """What the handler sends for it when nothing is cached."""
    connection = resources.postgres()
    resources.suite_id()
    connection.cursor_factory = Noting
    resources.cache.cache_clear()
    sent.clear()
    answer = call_warm(path, **query)
    assert answer["statusCode"] == 200, answer["body"]
    connection.cursor_factory = psycopg.Cursor
    return list(sent)


def _seconds(work: Callable[[], None]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began


def main() -> None:
    count = int(sys.argv[1])
    numbers: dict[str, float] = {}
    for name, (path, query) in {**LISTS, **ITEMS, "cached": HOT}.items():
        numbers |= measure(name, path, query, count)
    measuring.tell(**numbers)


if __name__ == "__main__":
    main()
