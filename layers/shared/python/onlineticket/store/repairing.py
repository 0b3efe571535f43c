"""What repairs ask of raw logs and dead letters (usecases/repair.py, usecases/maintain.py)."""

from typing import TYPE_CHECKING, Any

from onlineticket.domain.chain_log import RawLog
from onlineticket.domain.contract_read import Subject
from onlineticket.domain.types import SuiteId
from onlineticket.store import raw_logs

if TYPE_CHECKING:
    from psycopg import Connection


def places(
    conn: "Connection[Any]", suite_id: SuiteId, first: int, last: int
) -> set[tuple[str, int]]:
    rows = conn.execute(
        """
        SELECT '0x' || encode(block_hash, 'hex'), log_index FROM events_raw
        WHERE suite_id = %s AND block_number BETWEEN %s AND %s
        """,
        [suite_id, first, last],
    )
    return {(row[0], row[1]) for row in rows}


def block_hashes(
    conn: "Connection[Any]", suite_id: SuiteId, first: int, last: int
) -> list[tuple[int, str]]:
    return conn.execute(
        """
        SELECT DISTINCT block_number, '0x' || encode(block_hash, 'hex') FROM events_raw
        WHERE suite_id = %s AND block_number BETWEEN %s AND %s
        """,
        [suite_id, first, last],
    ).fetchall()


def dead_letters(conn: "Connection[Any]", suite_id: SuiteId) -> list[RawLog]:
    rows = conn.execute(
        f"""
        SELECT {raw_logs.SELECTED} FROM events_raw
        WHERE suite_id = %s AND NOT processed
          AND (block_hash, log_index) IN (
              SELECT block_hash, log_index FROM dead_letters WHERE suite_id = %s)
        ORDER BY block_number, log_index
        """,
        [suite_id, suite_id],
    )
    return [raw_logs.parse(row) for row in rows]


def count_dead_letters(conn: "Connection[Any]", suite_id: SuiteId) -> tuple[int, int]:
    row = conn.execute(
        "SELECT count(*), count(*) FILTER (WHERE next_try_at <= now()) FROM dead_letters"
        " WHERE suite_id = %s",
        [suite_id],
    ).fetchone()
    return (row[0], row[1]) if row else (0, 0)


def postpone_dead_letters(conn: "Connection[Any]", suite_id: SuiteId) -> None:
    conn.execute(
        """
        UPDATE dead_letters
        SET next_try_at = now() + LEAST(power(2, LEAST(attempts, 20)) * interval '1 minute',
                                        interval '1 day')
        WHERE suite_id = %s
        """,
        [suite_id],
    )


def may_have_changed(
    conn: "Connection[Any]", suite_id: SuiteId, now: int, limit: int
) -> list[Subject]:
    """Events that are not over (updateEvent logs nothing), then the tickets of valid status whose
    read is oldest (setTicketTransferable logs nothing either).
    """
    rows = conn.execute(
        """
        (SELECT 'event', event_id FROM events
         WHERE suite_id = %(suite)s AND read_block IS NOT NULL AND status IN ('draft', 'published')
           AND end_time > to_timestamp(%(now)s) ORDER BY read_block, event_id LIMIT %(limit)s)
        UNION ALL
        (SELECT 'ticket', token_id FROM tickets
         WHERE suite_id = %(suite)s AND read_block IS NOT NULL AND status = 'valid'
           AND valid_until > to_timestamp(%(now)s) ORDER BY read_block, token_id LIMIT %(limit)s)
        """,
        {"suite": suite_id, "now": now, "limit": limit},
    )
    return [Subject(kind, id_) for kind, id_ in rows]
