"""The SQL of going back and of folding rows anew (usecases/reconcile.py).

Every function works inside the caller's transaction, under the suite's lock.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from onlineticket.domain.chain_log import DeadLetter, RawLog
from onlineticket.domain.contract_read import Subject
from onlineticket.domain.deployments import MARKET_STRIDE
from onlineticket.domain.folding.state import Keys
from onlineticket.domain.types import SuiteId
from onlineticket.store import raw_logs, row_tables
from onlineticket.store.row_tables import RowTable

if TYPE_CHECKING:
    from psycopg import Connection


def remove_above(conn: "Connection[Any]", suite_id: SuiteId, block_number: int) -> list[RawLog]:
    for table in ("dead_letters", "trades", "bids", "swaps"):
        conn.execute(
            f"DELETE FROM {table} WHERE suite_id = %s AND block_number > %s",
            [suite_id, block_number],
        )
    conn.execute("DELETE FROM blocks WHERE suite_id = %s AND number > %s", [suite_id, block_number])
    removed = conn.execute(
        f"""
        WITH removed AS (
            DELETE FROM events_raw WHERE suite_id = %s AND block_number > %s RETURNING *
        )
        SELECT {raw_logs.SELECTED} FROM removed ORDER BY block_number, log_index
        """,
        [suite_id, block_number],
    )
    return [raw_logs.parse(row) for row in removed]


def drop_reads_above(conn: "Connection[Any]", suite_id: SuiteId, block_number: int) -> Keys:
    dropped = conn.execute(
        "DELETE FROM contract_reads WHERE suite_id = %s AND block_number > %s RETURNING kind, id",
        [suite_id, block_number],
    ).fetchall()
    for kind, table in _READ_ROWS.items():
        ids = list({id_ for kind_, id_ in dropped if kind_ == kind})
        if ids:
            empty = ", ".join(f"{column} = NULL" for column in _read_columns(table))
            conn.execute(
                f"""
                UPDATE {table.name} SET {empty}
                WHERE suite_id = %s AND {table.key[0]} = ANY(%s) AND read_block > %s
                """,
                [suite_id, ids, block_number],
            )
    return Keys(events={id_ for kind, id_ in dropped if kind == "event"})


_READ_ROWS = {
    "ticket_type": row_tables.TICKET_TYPES,
    "ticket": row_tables.TICKETS,
    "listing": row_tables.LISTINGS,
}


def _read_columns(table: RowTable) -> tuple[str, ...]:
    """In these rows a read fills `read_block` and all that stands behind it."""
    return table.columns[table.columns.index("read_block") :]


def group(conn: "Connection[Any]", suite_id: SuiteId, keys: Keys) -> Keys:
    tickets = keys.tickets | _column(
        conn,
        """
        SELECT token_id FROM market_listings WHERE suite_id = %(suite)s AND listing_id = ANY(%(l)s)
        UNION
        SELECT token_id FROM auctions WHERE suite_id = %(suite)s AND auction_id = ANY(%(a)s)
        """,
        {"suite": suite_id, "l": list(keys.listings), "a": list(keys.auctions)},
    )
    events = keys.events | {event_id for event_id, _ in keys.ticket_types}
    of_tickets = {"suite": suite_id, "tickets": list(tickets), "events": list(events)}
    types = conn.execute(
        "SELECT event_id, type_id FROM ticket_types"
        " WHERE suite_id = %(suite)s AND event_id = ANY(%(events)s)",
        of_tickets,
    )
    return Keys(
        events=events,
        ticket_types=keys.ticket_types | {(row[0], row[1]) for row in types},
        tickets=tickets,
        listings=keys.listings
        | _column(
            conn,
            "SELECT listing_id FROM market_listings"
            " WHERE suite_id = %(suite)s AND token_id = ANY(%(tickets)s)",
            of_tickets,
        ),
        auctions=keys.auctions
        | _column(
            conn,
            "SELECT auction_id FROM auctions"
            " WHERE suite_id = %(suite)s AND token_id = ANY(%(tickets)s)",
            of_tickets,
        ),
        organizers=keys.organizers,
        verifiers=keys.verifiers,
        bid_balances=keys.bid_balances,
        pool=keys.pool,
    )


def forget(conn: "Connection[Any]", suite_id: SuiteId, keys: Keys) -> None:
    by_id: Sequence[tuple[RowTable, Collection[Any]]] = (
        (row_tables.EVENTS, keys.events),
        (row_tables.TICKETS, keys.tickets),
        (row_tables.LISTINGS, keys.listings),
        (row_tables.AUCTIONS, keys.auctions),
        (row_tables.ORGANIZERS, keys.organizers),
        (row_tables.VERIFIERS, keys.verifiers),
        (row_tables.BID_BALANCES, keys.bid_balances),
    )
    for table, ids in by_id:
        conn.execute(
            f"DELETE FROM {table.name} WHERE suite_id = %s AND {table.key[0]} = ANY(%s)",
            [suite_id, list(ids)],
        )
    # All types of an event go with it: they are folded from the same logs.
    conn.execute(
        "DELETE FROM ticket_types WHERE suite_id = %s AND event_id = ANY(%s)",
        [suite_id, list(keys.events)],
    )
    if keys.pool:
        conn.execute("DELETE FROM swap_pool WHERE suite_id = %s", [suite_id])


def raw_of(conn: "Connection[Any]", suite_id: SuiteId, keys: Keys) -> list[RawLog]:
    """Purchases are left out: `primary_sales` sums them up without folding each again. Of the
    pool's logs only the last of each kind matters.
    """
    subjects: Sequence[tuple[str, Iterable[bytes]]] = (
        ("EventManager", (*map(_word, keys.events), *map(_wallet, keys.organizers))),
        ("TicketManager", (*map(_word, keys.tickets), *map(_wallet, keys.verifiers))),
        (
            "Marketplace",
            (*_market_words(keys.listings | keys.auctions), *map(_wallet, keys.bid_balances)),
        ),
    )
    found: list[RawLog] = []
    for contract, words in subjects:
        rows = conn.execute(
            f"""
            SELECT {raw_logs.SELECTED} FROM events_raw
            WHERE suite_id = %s AND contract = %s AND subject = ANY(%s) AND event_sig <> %s
            """,
            [suite_id, contract, list(words), raw_logs.TICKET_PURCHASED],
        )
        found += [raw_logs.parse(row) for row in rows]
    if keys.pool:
        rows = conn.execute(
            f"""
            SELECT DISTINCT ON (event_sig) {raw_logs.SELECTED} FROM events_raw
            WHERE suite_id = %s AND contract = 'TokenSwap'
            ORDER BY event_sig, block_number DESC, log_index DESC
            """,
            [suite_id],
        )
        found += [raw_logs.parse(row) for row in rows]
    return sorted(found, key=lambda log: (log.block_number, log.log_index))


def reads_of(
    conn: "Connection[Any]", suite_id: SuiteId, keys: Keys
) -> list[tuple[Subject, int, str, str]]:
    kinds: Sequence[tuple[str, Collection[int]]] = (
        ("event", keys.events),
        ("ticket_type", keys.events),
        ("ticket", keys.tickets),
        ("listing", keys.listings),
    )
    reads = []
    for kind, ids in kinds:
        rows = conn.execute(
            """
            SELECT kind, id, sub_id, block_number, encode(block_hash, 'hex'), encode(result, 'hex')
            FROM contract_reads WHERE suite_id = %s AND kind = %s AND id = ANY(%s)
            """,
            [suite_id, kind, list(ids)],
        )
        reads += [
            (Subject(kind_, id_, sub_id), number, f"0x{block_hash}", f"0x{result}")
            for kind_, id_, sub_id, number, block_hash, result in rows
        ]
    return reads


def primary_sales(
    conn: "Connection[Any]", suite_id: SuiteId, keys: Keys
) -> list[tuple[int, int, int, int, int, int]]:
    return conn.execute(
        """
        SELECT event_id, type_id, sum(quantity),
               COALESCE(sum(amount) FILTER (WHERE NOT in_eth), 0),
               COALESCE(sum(amount) FILTER (WHERE in_eth), 0), max(block_number)
        FROM trades
        WHERE suite_id = %s AND side = 'primary' AND event_id = ANY(%s)
        GROUP BY event_id, type_id
        """,
        [suite_id, list(keys.events)],
    ).fetchall()


def mark(
    conn: "Connection[Any]",
    suite_id: SuiteId,
    fitting: Collection[RawLog],
    misfits: Sequence[DeadLetter],
) -> None:
    if fitting:
        _raise(conn, fitting)
    if misfits:
        raw_logs.bury(conn, suite_id, misfits)
        with conn.cursor() as cursor:
            cursor.executemany(
                "UPDATE events_raw SET processed = false WHERE block_hash = %s AND log_index = %s",
                [(bytes.fromhex(log.block_hash[2:]), log.log_index) for log, _ in misfits],
            )


def _raise(conn: "Connection[Any]", fitting: Collection[RawLog]) -> None:
    places = [(bytes.fromhex(log.block_hash[2:]), log.log_index) for log in fitting]
    # Most logs fit and always did: only those that were dead letters change.
    conn.execute(
        """
        WITH risen AS (
            DELETE FROM dead_letters
            WHERE (block_hash, log_index) IN (SELECT unnest(%s::bytea[]), unnest(%s::integer[]))
            RETURNING block_hash, log_index
        )
        UPDATE events_raw SET processed = true FROM risen
        WHERE events_raw.block_hash = risen.block_hash AND events_raw.log_index = risen.log_index
        """,
        [[place[0] for place in places], [place[1] for place in places]],
    )


def record(
    conn: "Connection[Any]",
    suite_id: SuiteId,
    cause: str,
    from_block: int,
    to_block: int,
    undone: int,
    added: int,
) -> None:
    conn.execute(
        """
        INSERT INTO reconciliations
            (suite_id, cause, from_block, to_block, depth, rows_undone, rows_added)
        VALUES (%s, %s, %s, %s, %s, %s, %s)
        """,
        [suite_id, cause, from_block, to_block, from_block - to_block, undone, added],
    )


def _column(conn: "Connection[Any]", query: str, parameters: dict[str, Any]) -> set[int]:
    return {row[0] for row in conn.execute(query.encode(), parameters)}


def _word(number: int) -> bytes:
    return number.to_bytes(32, "big")


def _market_words(ids: Collection[int]) -> Iterable[bytes]:
    """Also the ids that they have on chain, of whichever Marketplace (domain/deployments.py): the
    fold passes over what is not about `ids`.
    """
    return map(_word, {*ids, *(id_ % MARKET_STRIDE for id_ in ids)})


def _wallet(address: str) -> bytes:
    return bytes(12) + bytes.fromhex(address[2:])
