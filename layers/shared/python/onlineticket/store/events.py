"""Reading events and their ticket types (tables `events`, `ticket_types`)."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from onlineticket.domain import search
from onlineticket.domain.chain_log import LAST_SECOND
from onlineticket.domain.errors import NotFound
from onlineticket.domain.event import Event, EventSort, EventStatus, TicketType
from onlineticket.domain.types import EventId, SuiteId, WalletAddress

if TYPE_CHECKING:
    from psycopg import Connection

# EventManager's own rule, in SQL because primary listings are filtered by it. Three-valued on
# purpose: NULL where the answer depends on a sale window that has not been read yet.
_FOR_SALE = "e.approved AND t.sold < t.total_supply AND (t.price > 0 OR t.eth_price > 0)"
ON_SALE_NOW = f"""(
    {_FOR_SALE} AND e.status IN ('presale', 'onsale') AND NOT t.presale_only
    AND to_timestamp(%(now)s) BETWEEN t.sale_start AND t.sale_end
)"""
PRESALE_NOW = f"""(
    {_FOR_SALE} AND e.status = 'presale'
    AND t.presale_start <= to_timestamp(%(now)s) AND to_timestamp(%(now)s) < t.sale_start
)"""

_EVENT = """
    SELECT e.suite_id, e.event_id, e.organizer, e.name, e.description, e.image_url, e.venue,
        e.start_time, e.end_time, e.status, e.requires_approval, e.approved, e.revenue_token,
        e.revenue_eth, e.created_at, e.updated_block, s.total_supply, s.sold, s.sold_out
    FROM {source} e CROSS JOIN LATERAL (
        SELECT COALESCE(sum(t.total_supply), 0) AS total_supply, COALESCE(sum(t.sold), 0) AS sold,
            COALESCE(bool_and(t.sold >= t.total_supply), false) AS sold_out
        FROM ticket_types t WHERE t.suite_id = e.suite_id AND t.event_id = e.event_id) s
    """

_ORDER = {
    "start_time": "e.start_time, e.event_id",
    "-start_time": "e.start_time DESC, e.event_id DESC",
    # Ids are given in the order of creation.
    "created_at": "e.event_id",
    "-created_at": "e.event_id DESC",
}
_AFTER = {
    "start_time": "(e.start_time, e.event_id) > (to_timestamp(%(last_start)s), %(last_id)s)",
    "-start_time": "(e.start_time, e.event_id) < (to_timestamp(%(last_start)s), %(last_id)s)",
    "created_at": "e.event_id > %(last_id)s",
    "-created_at": "e.event_id < %(last_id)s",
}
# The first condition is what the index answers; the second takes away what has the right pairs of
# characters, but not next to each other. Both fold the text as the index does (migrations/0007).
_WORDS = """(
    e.grams @> %(grams)s::bigint[]
    AND NOT EXISTS (SELECT FROM unnest(%(words)s::text[]) AS word
        WHERE strpos(search_text(e.name, e.venue), search_fold(word)) = 0)
)"""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events; None means any. `starts_from` and `starts_to` are inclusive. Each of `words`
    stands in the name or the venue, in whatever case or width; it may be a part of a word there.
    """

    status: EventStatus | None = None
    organizer: WalletAddress | None = None
    starts_from: datetime | None = None
    starts_to: datetime | None = None
    words: tuple[str, ...] = ()
    sort: EventSort = "start_time"


def words(text: str) -> tuple[str, ...]:
    """What is between the spaces, of whatever script."""
    return tuple(text.split())


After = tuple[int, int]
"""(start time in Unix seconds, event id) of the last event of the page before."""


def after(event: Event) -> After:
    return int(event.start_time.timestamp()), event.event_id


def get(conn: "Connection[Any]", suite_id: SuiteId, event_id: EventId) -> Event:
    """
    Raises:
        NotFound: `EVENT_NOT_FOUND`.
    """
    from psycopg.rows import class_row

    with conn.cursor(row_factory=class_row(Event)) as cursor:
        found = cursor.execute(
            _EVENT.format(source="events") + "WHERE e.suite_id = %s AND e.event_id = %s",
            [suite_id, event_id],
        ).fetchone()
    if found is None:
        raise NotFound("EVENT_NOT_FOUND", f"There is no event {event_id}.")
    return found


def find_organizer(
    conn: "Connection[Any]", suite_id: SuiteId, event_id: EventId
) -> WalletAddress | None:
    """Who announced the event: EventManager never changes it."""
    row = conn.execute(
        "SELECT organizer FROM events WHERE suite_id = %s AND event_id = %s", [suite_id, event_id]
    ).fetchone()
    return row[0] if row else None


def page(
    conn: "Connection[Any]", suite_id: SuiteId, chosen: Filter, after: After | None, limit: int
) -> list[Event]:
    """One page, in the order that `chosen` names."""
    from psycopg.rows import class_row

    conditions = {
        "e.status = %(status)s": chosen.status,
        "e.organizer = %(organizer)s": chosen.organizer,
        "e.start_time >= %(starts_from)s": chosen.starts_from,
        "e.start_time <= %(starts_to)s": chosen.starts_to,
        _WORDS: chosen.words or None,
        _AFTER[chosen.sort]: after,
    }
    given = " AND ".join(sql for sql, value in conditions.items() if value is not None)
    last_start, last_id = after or (0, 0)
    # Inside, so that the ticket types of the page alone are looked up.
    found = f"""
        SELECT * FROM events e
        WHERE e.suite_id = %(suite_id)s AND {given or "true"}
        ORDER BY {_ORDER[chosen.sort]} LIMIT %(limit)s
    """
    with conn.cursor(row_factory=class_row(Event)) as cursor:
        return cursor.execute(
            _EVENT.format(source=f"({found})") + f" ORDER BY {_ORDER[chosen.sort]}",
            {
                "suite_id": suite_id, "status": chosen.status, "organizer": chosen.organizer,
                "starts_from": chosen.starts_from, "starts_to": chosen.starts_to,
                "words": list(chosen.words), "grams": list(search.of_words(chosen.words)),
                "last_start": min(last_start, LAST_SECOND),
                "last_id": last_id, "limit": limit,
            },
        ).fetchall()  # fmt: skip


def ticket_types(
    conn: "Connection[Any]", suite_id: SuiteId, event_id: EventId, *, now: int
) -> list[TicketType]:
    """All types of one event, by id; `now` (Unix seconds) decides what is on sale."""
    from psycopg.rows import class_row

    with conn.cursor(row_factory=class_row(TicketType)) as cursor:
        return cursor.execute(
            f"""
            SELECT t.event_id, t.type_id, t.name, t.price, t.eth_price, t.total_supply, t.sold,
                GREATEST(t.total_supply - t.sold, 0) AS available, t.presale_start, t.sale_start,
                t.sale_end, t.is_transferable, t.presale_only, t.updated_block,
                {ON_SALE_NOW} AS on_sale_now, {PRESALE_NOW} AS presale_now
            FROM ticket_types t JOIN events e USING (suite_id, event_id)
            WHERE t.suite_id = %(suite_id)s AND t.event_id = %(event_id)s
            ORDER BY t.type_id
            """,
            {"suite_id": suite_id, "event_id": event_id, "now": now},
        ).fetchall()
