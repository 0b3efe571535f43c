"""All chain-derived tables made anew beside the ones in use, and put in their place at once.

The new tables grow in a schema of their own under their own names, so the code that folds into
them is the indexer's: only the connection's search path differs. The swap is one transaction;
until it commits, queries see the old rows, after it the new ones.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from onlineticket.domain.chain_log import RawLog
from onlineticket.domain.contract_read import Subject
from onlineticket.domain.errors import Conflict
from onlineticket.domain.types import SuiteId
from onlineticket.store import raw_logs, row_tables

if TYPE_CHECKING:
    from psycopg import Connection

SHADOW = "rebuild"
BATCH = 5_000
_TABLES = tuple(table.name for table in row_tables.ALL)


def begin(conn: "Connection[Any]") -> None:
    """Make the empty tables, and let this connection write to them under their plain names. It is
    the one rebuild until `abandon`, or until its connection ends, however that comes.

    Raises:
        Conflict: `REBUILD_RUNNING`.
    """
    row = conn.execute("SELECT pg_try_advisory_lock(hashtext('onlineticket.rebuild'), 0)")
    if row.fetchone() != (True,):
        raise Conflict("REBUILD_RUNNING", "Another rebuild is at work; its rows will do.")
    conn.execute(f"DROP SCHEMA IF EXISTS {SHADOW} CASCADE")
    conn.execute(f"CREATE SCHEMA {SHADOW}")
    for name in _TABLES:
        conn.execute(
            f"CREATE TABLE {SHADOW}.{name} (LIKE public.{name} INCLUDING DEFAULTS"
            " INCLUDING CONSTRAINTS)".encode()
        )
        key = _primary_key(conn, name)
        conn.execute(f"ALTER TABLE {SHADOW}.{name} ADD CONSTRAINT {name}_pkey {key}".encode())
    conn.execute(f"SET search_path TO {SHADOW}, public")


def abandon(conn: "Connection[Any]") -> None:
    """Leave nothing behind; also after a swap."""
    conn.execute("SET search_path TO DEFAULT")
    conn.execute(f"DROP SCHEMA IF EXISTS {SHADOW} CASCADE")
    conn.execute("SELECT pg_advisory_unlock(hashtext('onlineticket.rebuild'), 0)")


def swap(conn: "Connection[Any]") -> None:
    """Index the new tables as the old ones are, and put them in their place, with their names,
    grants and views. Inside the caller's transaction.
    """
    views = conn.execute(
        """
        SELECT c.oid, quote_ident(c.relname), pg_get_viewdef(c.oid)
        FROM pg_class c WHERE c.relkind = 'v' AND c.relnamespace = 'public'::regnamespace
        ORDER BY c.oid
        """
    ).fetchall()
    grants = [grant for name in _TABLES for grant in _grants(conn, name)]
    grants += [grant for _, name, _ in views for grant in _grants(conn, name)]
    for name in _TABLES:
        for (definition,) in _plain_indexes(conn, name):
            conn.execute(definition.replace(" ON public.", f" ON {SHADOW}.").encode())
        # Or the planner would know nothing of the new tables until a vacuum comes by.
        conn.execute(f"ANALYZE {SHADOW}.{name}".encode())
    for _, name, _ in reversed(views):
        conn.execute(f"DROP VIEW public.{name}".encode())
    for name in _TABLES:
        conn.execute(f"DROP TABLE public.{name}".encode())
        conn.execute(f"ALTER TABLE {SHADOW}.{name} SET SCHEMA public".encode())
    conn.execute("SET LOCAL search_path TO public")
    for _, name, definition in views:
        conn.execute(f"CREATE VIEW public.{name} AS {definition}".encode())
    for grant in grants:
        conn.execute(grant.encode())


def raw_after(
    conn: "Connection[Any]", suite_id: SuiteId, after: tuple[int, int]
) -> Iterator[list[RawLog]]:
    """All raw logs behind (block number, log index), in chain order, in batches."""
    while True:
        rows = conn.execute(
            f"""
            SELECT {raw_logs.SELECTED} FROM events_raw
            WHERE suite_id = %(suite)s AND block_number >= %(block)s
              AND (block_number, log_index) > (%(block)s, %(index)s)
            ORDER BY block_number, log_index LIMIT %(batch)s
            """,
            {"suite": suite_id, "block": after[0], "index": after[1], "batch": BATCH},
        ).fetchall()
        if not rows:
            return
        batch = [raw_logs.parse(row) for row in rows]
        after = (batch[-1].block_number, batch[-1].log_index)
        yield batch


def all_reads(
    conn: "Connection[Any]", suite_id: SuiteId
) -> Iterator[list[tuple[Subject, int, str, str]]]:
    with conn.cursor(name="reads") as cursor:
        cursor.execute(
            """
            SELECT kind, id, sub_id, block_number, encode(block_hash, 'hex'), encode(result, 'hex')
            FROM contract_reads WHERE suite_id = %s
            """,
            [suite_id],
        )
        while rows := cursor.fetchmany(BATCH):
            yield [
                (Subject(kind, id_, sub_id), number, f"0x{block_hash}", f"0x{result}")
                for kind, id_, sub_id, number, block_hash, result in rows
            ]


def raw_count(conn: "Connection[Any]", suite_id: SuiteId) -> int:
    row = conn.execute("SELECT count(*) FROM events_raw WHERE suite_id = %s", [suite_id]).fetchone()
    return int(row[0]) if row else 0


def last_reconciliation(conn: "Connection[Any]") -> int:
    row = conn.execute("SELECT COALESCE(max(id), 0) FROM reconciliations").fetchone()
    return int(row[0]) if row else 0


def _primary_key(conn: "Connection[Any]", name: str) -> str:
    row = conn.execute(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = %s::regclass AND contype = 'p'",
        [f"public.{name}"],
    ).fetchone()
    return str(row[0]) if row else ""


def _plain_indexes(conn: "Connection[Any]", name: str) -> list[tuple[str]]:
    return conn.execute(
        """
        SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i
        WHERE i.indrelid = %s::regclass
          AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
        ORDER BY i.indexrelid
        """,
        [f"public.{name}"],
    ).fetchall()


def _grants(conn: "Connection[Any]", name: str) -> list[str]:
    rows = conn.execute(
        """
        SELECT format('GRANT %%s ON public.%%I TO %%I', privilege_type, table_name, grantee)
        FROM information_schema.role_table_grants
        WHERE table_schema = 'public' AND table_name = %s AND grantee <> current_user
        """,
        [name],
    )
    return [row[0] for row in rows]
