"""Loading the rows that a batch touches into a State, and writing back those that changed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from onlineticket.domain import search
from onlineticket.domain.folding.state import POOL as POOL_KEY
from onlineticket.domain.folding.state import Keys, State, Table
from onlineticket.domain.types import SuiteId
from onlineticket.store import copy_text, row_tables
from onlineticket.store.row_tables import RowTable

if TYPE_CHECKING:
    from psycopg import Connection

_TABLES: tuple[tuple[RowTable, str], ...] = (
    (row_tables.EVENTS, "events"),
    (row_tables.TICKET_TYPES, "ticket_types"),
    (row_tables.TICKETS, "tickets"),
    (row_tables.LISTINGS, "listings"),
    (row_tables.AUCTIONS, "auctions"),
    (row_tables.ORGANIZERS, "organizers"),
    (row_tables.VERIFIERS, "verifiers"),
    (row_tables.BID_BALANCES, "bid_balances"),
    (row_tables.POOL, "pool"),
)
"""Each table, and where a State holds its rows."""

_APPENDED = ((row_tables.TRADES, "trades"), (row_tables.BIDS, "bids"), (row_tables.SWAPS, "swaps"))


@dataclass(frozen=True, slots=True)
class Change:
    """What one table's rows become: those under `replaced` go, those `written` come."""

    table: RowTable
    replaced: Collection[Any]
    written: list[bytes]


def load(
    conn: "Connection[Any]", suite_id: SuiteId, marketplaces: frozenset[str], keys: Keys
) -> State:
    """The rows under `keys`, and the listings and auctions that those tickets are in."""
    state = State(marketplaces)
    _load(
        conn,
        suite_id,
        (row_tables.EVENTS, state.events, keys.events),
        (row_tables.TICKET_TYPES, state.ticket_types, keys.ticket_types),
        (row_tables.TICKETS, state.tickets, keys.tickets),
        (row_tables.ORGANIZERS, state.organizers, keys.organizers),
        (row_tables.VERIFIERS, state.verifiers, keys.verifiers),
        (row_tables.BID_BALANCES, state.bid_balances, keys.bid_balances),
        (row_tables.POOL, state.pool, [POOL_KEY] if keys.pool else []),
    )
    tickets = state.tickets.rows.values()
    listed = {row.listing_id for row in tickets if row.listing_id is not None}
    auctioned = {row.auction_id for row in tickets if row.auction_id is not None}
    _load(
        conn,
        suite_id,
        (row_tables.LISTINGS, state.listings, keys.listings | listed),
        (row_tables.AUCTIONS, state.auctions, keys.auctions | auctioned),
    )
    return state


def changes(suite_id: SuiteId, state: State) -> list[Change]:
    """What is new in `state`, as `save` takes it. Asks the database nothing."""
    _name_events(state)
    for key in state.events.dirty:
        event = state.events.rows[key]
        event.grams = search.of_event(event.name, event.venue)
    found = []
    for table, name in _TABLES:
        rows: Table[Any] = getattr(state, name)
        written = _written(suite_id, table, [rows.rows[key] for key in rows.dirty])
        found.append(Change(table, rows.dirty & rows.stored, written))
    for table, name in _APPENDED:
        found.append(Change(table, (), _written(suite_id, table, getattr(state, name))))
    return [change for change in found if change.written]


def save(conn: "Connection[Any]", suite_id: SuiteId, changes: Sequence[Change]) -> None:
    """Write them, inside the caller's transaction (or into a rebuild's shadow tables, which are
    thrown away if it dies). A changed row is deleted and written anew, by the same COPY as the new
    ones: two statements a table, however many rows became what.
    """
    with conn.pipeline():
        for change in changes:
            if change.replaced:
                where, parameters = _under(suite_id, change.table, change.replaced)
                conn.execute(f"DELETE FROM {change.table.name} WHERE {where}".encode(), parameters)
    for change in changes:
        columns = ", ".join(("suite_id", *change.table.columns))
        copy_text.copy(conn, f"{change.table.name} ({columns})", change.written)


def name_trades(conn: "Connection[Any]", suite_id: SuiteId, tickets: Collection[int]) -> None:
    """Give the resales of these tickets the event that the tickets are of now."""
    conn.execute(
        """
        UPDATE trades SET event_id = t.event_id
        FROM tickets t
        WHERE t.suite_id = %(suite)s AND t.token_id = ANY(%(tickets)s)
          AND trades.suite_id = %(suite)s AND trades.token_id = t.token_id
          AND trades.event_id IS DISTINCT FROM t.event_id
        """,
        {"suite": suite_id, "tickets": list(tickets)},
    )


def _name_events(state: State) -> None:
    """A listing's, auction's and resale's event is its ticket's. Only now, after the whole batch:
    a contract that is sent a ticket may list it before TicketMinted says of which event it is.
    """
    tickets = state.tickets.rows
    for listed in (state.listings, state.auctions):
        for key in listed.dirty:
            row = listed.rows[key]
            if row.token_id in tickets:
                row.event_id = tickets[row.token_id].event_id
    for trade in state.trades:
        if trade.token_id in tickets:
            trade.event_id = tickets[trade.token_id].event_id


def _load(
    conn: "Connection[Any]",
    suite_id: SuiteId,
    *wanted: tuple[RowTable, Table[Any], Collection[Any]],
) -> None:
    """Fill each table with the rows under its keys. All are asked for in one round trip."""
    asked = []
    with conn.pipeline():
        for table, into, keys in wanted:
            if keys:
                where, parameters = _under(suite_id, table, keys)
                query = f"SELECT {table.select} FROM {table.name} WHERE {where}"
                asked.append((table, into, conn.execute(query.encode(), parameters)))
    for table, into, answer in asked:
        found = (table.row(*values) for values in answer)
        into.load((_key(table, row), row) for row in found)


def _key(table: RowTable, row: Any) -> Any:
    values = tuple(getattr(row, name) for name in table.key)
    return values[0] if len(values) == 1 else values


def _under(suite_id: SuiteId, table: RowTable, keys: Collection[Any]) -> tuple[str, list[Any]]:
    """The condition that holds for the rows under `keys`, and its parameters."""
    if not table.key:
        return "suite_id = %s", [suite_id]
    if len(table.key) == 1:
        return f"suite_id = %s AND {table.key[0]} = ANY(%s)", [suite_id, list(keys)]
    columns = ", ".join("unnest(%s::numeric[])" for _ in table.key)
    return (
        f"suite_id = %s AND ({', '.join(table.key)}) IN (SELECT {columns})",
        [suite_id, *(list(column) for column in zip(*keys, strict=True))],
    )


def _written(suite_id: SuiteId, table: RowTable, rows: Sequence[Any]) -> list[bytes]:
    if not rows:
        return []
    line = copy_text.line_of(table.writers, str(suite_id))
    return copy_text.parts(line(table.values(row)) for row in rows)
