"""How far a suite is indexed (table blocks_processed), and the hashes of its unfinalized blocks."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from onlineticket.domain.chain_log import Cursor, Header
from onlineticket.domain.types import SuiteId

if TYPE_CHECKING:
    from psycopg import Connection


def find(conn: "Connection[Any]", suite_id: SuiteId) -> Cursor | None:
    row = conn.execute(
        "SELECT block_number, '0x' || encode(block_hash, 'hex') FROM blocks_processed"
        " WHERE suite_id = %s",
        [suite_id],
    ).fetchone()
    return None if row is None else Cursor(*row)


def try_lock(conn: "Connection[Any]", suite_id: SuiteId) -> bool:
    """Be the one writer of this suite until the transaction ends; False if another one is."""
    row = conn.execute(
        "SELECT pg_try_advisory_xact_lock(hashtext('onlineticket.indexer'), %s)", [suite_id]
    ).fetchone()
    return bool(row and row[0])


def lock(conn: "Connection[Any]", suite_id: SuiteId) -> None:
    """As `try_lock`, but wait for whoever is the writer: its commits are short."""
    conn.execute("SELECT pg_advisory_xact_lock(hashtext('onlineticket.indexer'), %s)", [suite_id])


def advance(
    conn: "Connection[Any]", suite_id: SuiteId, chain_id: int, known: Cursor | None, to: Header
) -> bool:
    """Compare-and-set: move from `known` to `to`; False if the cursor is not at `known`."""
    values = {
        "suite": suite_id, "chain": chain_id, "number": to.number, "hash": _bytes(to.hash),
        "time": to.time,
    }  # fmt: skip
    if known is None:
        done = conn.execute(
            """
            INSERT INTO blocks_processed (suite_id, chain_id, block_number, block_hash, block_time)
            VALUES (%(suite)s, %(chain)s, %(number)s, %(hash)s, to_timestamp(%(time)s))
            ON CONFLICT (suite_id) DO NOTHING
            """,
            values,
        )
    else:
        done = conn.execute(
            """
            UPDATE blocks_processed
            SET block_number = %(number)s, block_hash = %(hash)s,
                block_time = to_timestamp(%(time)s), indexed_at = now()
            WHERE suite_id = %(suite)s
              AND block_number = %(known_number)s AND block_hash = %(known_hash)s
            """,
            values | {"known_number": known.number, "known_hash": _bytes(known.hash)},
        )
    return done.rowcount == 1


def keep_headers(
    conn: "Connection[Any]", suite_id: SuiteId, headers: Sequence[Header], finalized: int
) -> None:
    """Remember these blocks, and forget those below `finalized`, which no reorg can reach."""
    with conn.cursor() as cursor:
        cursor.executemany(
            """
            INSERT INTO blocks (suite_id, number, hash, parent_hash, time)
            VALUES (%s, %s, %s, %s, to_timestamp(%s))
            """,
            [(suite_id, h.number, _bytes(h.hash), _bytes(h.parent_hash), h.time) for h in headers],
        )
    conn.execute("DELETE FROM blocks WHERE suite_id = %s AND number < %s", [suite_id, finalized])


def header_hashes(conn: "Connection[Any]", suite_id: SuiteId) -> dict[int, str]:
    rows = conn.execute(
        "SELECT number, '0x' || encode(hash, 'hex') FROM blocks WHERE suite_id = %s", [suite_id]
    )
    return dict(rows.fetchall())


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:])
