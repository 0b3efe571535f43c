"""The chain-derived tables as values, so that two ways to the same chain can be compared."""

from typing import Any

from psycopg import Connection

DERIVED = (
    "events", "ticket_types", "tickets", "market_listings", "auctions", "bids", "bid_balances",
    "trades", "swaps", "swap_pool", "organizers", "ticket_verifiers",
)  # fmt: skip
FETCHED = ("events_raw", "blocks", "dead_letters", "contract_reads")
WHEN = {"next_try_at"}
"""Columns that say when we did something: no two runs agree on them."""


def take(
    conn: Connection[Any], tables: tuple[str, ...] = DERIVED + FETCHED
) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of each table, all columns but those of WHEN, in an order of its own."""
    rows = {}
    for table in tables:
        names = [
            name
            for (name,) in conn.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_name = %s",
                [table],
            )
        ]
        columns = ", ".join(sorted(set(names) - WHEN))
        rows[table] = sorted(conn.execute(f"SELECT {columns} FROM {table}"), key=repr)
    return rows
