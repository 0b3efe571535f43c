"""Loading the rows that a batch touches into a State, and writing back those that changed."""

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from onlineticket.domain.folding.state import POOL as POOL_KEY
from onlineticket.domain.folding.state import Keys, State, Table
from onlineticket.domain.types import SuiteId
from onlineticket.store import copy_text, row_tables
from onlineticket.store.row_tables import RowTable

if TYPE_CHECKING:
    from psycopg import Connection


def load(
    conn: "Connection[Any]", suite_id: SuiteId, marketplaces: frozenset[str], keys: Keys
) -> State:
    """The rows under `keys`, and the listings and auctions that those tickets are in."""
    state = State(marketplaces)
    _load(conn, suite_id, row_tables.EVENTS, state.events, keys.events)
    _load(conn, suite_id, row_tables.TICKET_TYPES, state.ticket_types, keys.ticket_types)
    _load(conn, suite_id, row_tables.TICKETS, state.tickets, keys.tickets)
    tickets = state.tickets.rows.values()
    listed = {row.listing_id for row in tickets if row.listing_id is not None}
    auctioned = {row.auction_id for row in tickets if row.auction_id is not None}
    _load(conn, suite_id, row_tables.LISTINGS, state.listings, keys.listings | listed)
    _load(conn, suite_id, row_tables.AUCTIONS, state.auctions, keys.auctions | auctioned)
    _load(conn, suite_id, row_tables.ORGANIZERS, state.organizers, keys.organizers)
    _load(conn, suite_id, row_tables.VERIFIERS, state.verifiers, keys.verifiers)
    _load(conn, suite_id, row_tables.BID_BALANCES, state.bid_balances, keys.bid_balances)
    if keys.pool:
        _load(conn, suite_id, row_tables.POOL, state.pool, [POOL_KEY])
    return state


def save(conn: "Connection[Any]", suite_id: SuiteId, state: State) -> None:
    """Write what changed, all or nothing: rows the database does not have by COPY, the others by
    one UPDATE a table.
    """
    with conn.transaction():
        _save(conn, suite_id, state)


def _save(conn: "Connection[Any]", suite_id: SuiteId, state: State) -> None:
    for table, rows in (
        (row_tables.EVENTS, state.events),
        (row_tables.TICKET_TYPES, state.ticket_types),
        (row_tables.TICKETS, state.tickets),
        (row_tables.LISTINGS, state.listings),
        (row_tables.AUCTIONS, state.auctions),
        (row_tables.ORGANIZERS, state.organizers),
        (row_tables.VERIFIERS, state.verifiers),
        (row_tables.BID_BALANCES, state.bid_balances),
        (row_tables.POOL, state.pool),
    ):
        _insert(conn, suite_id, table, [rows.rows[key] for key in rows.dirty - rows.stored])
        _update(conn, suite_id, table, [rows.rows[key] for key in rows.dirty & rows.stored])
    _insert(conn, suite_id, row_tables.TRADES, state.trades)
    _insert(conn, suite_id, row_tables.BIDS, state.bids)
    _insert(conn, suite_id, row_tables.SWAPS, state.swaps)


def _load(
    conn: "Connection[Any]",
    suite_id: SuiteId,
    table: RowTable,
    into: Table[Any],
    keys: Collection[Any],
) -> None:
    if not keys:
        return
    query = f"SELECT {table.select} FROM {table.name} WHERE suite_id = %s"
    parameters: list[Any] = [suite_id]
    if len(table.key) == 1:
        query += f" AND {table.key[0]} = ANY(%s)"
        parameters.append(list(keys))
    elif table.key:
        casts = ", ".join("unnest(%s::numeric[])" for _ in table.key)
        query += f" AND ({', '.join(table.key)}) IN (SELECT {casts})"
        parameters += [list(column) for column in zip(*keys, strict=True)]
    found = (table.row(*values) for values in conn.execute(query, parameters))
    into.load((_key(table, row), row) for row in found)


def _key(table: RowTable, row: Any) -> Any:
    values = tuple(getattr(row, name) for name in table.key)
    return values[0] if len(values) == 1 else values


def _insert(
    conn: "Connection[Any]", suite_id: SuiteId, table: RowTable, rows: Sequence[Any]
) -> None:
    if rows:
        columns = ", ".join(("suite_id", *table.columns))
        copy_text.copy(conn, f"{table.name} ({columns})", _lines(suite_id, table, rows))


def _update(
    conn: "Connection[Any]", suite_id: SuiteId, table: RowTable, rows: Sequence[Any]
) -> None:
    if not rows:
        return
    staging = f"changed_{table.name}"
    conn.execute(
        f"CREATE TEMP TABLE IF NOT EXISTS {staging} (LIKE {table.name}) ON COMMIT DELETE ROWS"
    )
    columns = ", ".join(("suite_id", *table.columns))
    copy_text.copy(conn, f"{staging} ({columns})", _lines(suite_id, table, rows))
    key = ("suite_id", *table.key)
    changes = ", ".join(f"{name} = s.{name}" for name in table.columns if name not in table.key)
    same = " AND ".join(f"t.{name} = s.{name}" for name in key)
    conn.execute(f"UPDATE {table.name} t SET {changes} FROM {staging} s WHERE {same}")
    conn.execute(f"TRUNCATE {staging}")


def _lines(suite_id: SuiteId, table: RowTable, rows: Iterable[Any]) -> Iterable[str]:
    line = copy_text.line_of(
        [name in table.times for name in table.columns],
        [name in table.hashes for name in table.columns],
        str(suite_id),
    )
    return (line(table.values(row)) for row in rows)
