"""What a terminal's manifest says of an event's tickets, as Postgres knows them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from onlineticket.domain.door_rules import CLOSES_AFTER, MAX_ENTRIES, OPENS_BEFORE
from onlineticket.domain.offline import TicketMark
from onlineticket.domain.refusals import refusal
from onlineticket.domain.types import EventId, SuiteId

if TYPE_CHECKING:
    from psycopg import Connection


@dataclass(frozen=True, slots=True)
class DoorHours:
    """Unix seconds, both inclusive."""

    opens_at: int
    closes_at: int


def hours(conn: "Connection[Any]", suite_id: SuiteId, event_id: EventId) -> DoorHours:
    """
    Raises:
        NotFound: `EVENT_NOT_FOUND`.
    """
    found = conn.execute(
        """
        SELECT extract(epoch FROM e.start_time)::bigint - COALESCE(r.opens_before, %(opens)s),
               extract(epoch FROM greatest(e.start_time, e.end_time))::bigint
               + COALESCE(r.closes_after, %(closes)s)
        FROM events e
        LEFT JOIN door_rules r
               ON r.suite_id = e.suite_id AND r.event_id = e.event_id AND r.type_id IS NULL
        WHERE e.suite_id = %(suite_id)s AND e.event_id = %(event_id)s
        """,
        {
            "suite_id": suite_id, "event_id": event_id,
            "opens": OPENS_BEFORE, "closes": CLOSES_AFTER,
        },
    ).fetchone()  # fmt: skip
    if found is None:
        raise refusal("EVENT_NOT_FOUND")
    return DoorHours(*found)


def marks(conn: "Connection[Any]", suite_id: SuiteId, event_id: EventId) -> list[TicketMark]:
    """Every ticket of the event that is denied or was sold on. An event that is cancelled denies
    all of them.
    """
    rows = conn.execute(
        """
        WITH used AS (
            SELECT token_id, count(*) FILTER (WHERE kind = 'entry') AS entries,
                   count(*) FILTER (WHERE kind = 'exit') AS exits
            FROM check_ins
            WHERE suite_id = %(suite_id)s AND event_id = %(event_id)s AND standing = 'regular'
            GROUP BY token_id
        ), judged AS (
            SELECT t.token_id, t.transfers,
                   CASE
                       WHEN t.status IN ('revoked', 'expired') OR t.escrowed
                            OR e.status = 'cancelled' THEN 'revoked'
                       WHEN t.status = 'used' AND u.token_id IS NULL
                            OR u.entries > u.exits
                            OR u.entries >= COALESCE(of_type.max_entries, of_event.max_entries,
                                                     %(max_entries)s) THEN 'admitted'
                   END AS denied
            FROM tickets t
            LEFT JOIN used u ON u.token_id = t.token_id
            LEFT JOIN events e ON e.suite_id = t.suite_id AND e.event_id = t.event_id
            LEFT JOIN door_rules of_event ON of_event.suite_id = t.suite_id
                  AND of_event.event_id = t.event_id AND of_event.type_id IS NULL
            LEFT JOIN door_rules of_type ON of_type.suite_id = t.suite_id
                  AND of_type.event_id = t.event_id AND of_type.type_id = t.category
            WHERE t.suite_id = %(suite_id)s AND t.event_id = %(event_id)s
        )
        SELECT token_id, denied, transfers FROM judged WHERE denied IS NOT NULL OR transfers > 0
        """,
        {"suite_id": suite_id, "event_id": event_id, "max_entries": MAX_ENTRIES},
    )
    return [TicketMark(*row) for row in rows]
