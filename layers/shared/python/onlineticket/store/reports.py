"""What an organizer is told of one event (domain/report.py), counted as it is asked."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from onlineticket.domain.errors import NotFound
from onlineticket.domain.report import CheckIn, GateCount, Report, Resales, SlotCount, TypeSales
from onlineticket.domain.types import BlockNumber, EventId, SuiteId

if TYPE_CHECKING:
    from psycopg import Connection

SLOT = "5 minutes"


def report(
    conn: "Connection[Any]", suite_id: SuiteId, event_id: EventId, as_of_block: BlockNumber | None
) -> Report:
    """All its numbers are of one moment.

    Raises:
        NotFound: `EVENT_NOT_FOUND`.
    """
    of = {"suite_id": suite_id, "event_id": event_id}
    with conn.transaction():
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        event = conn.execute(_EVENT, of).fetchone()
        if event is None:
            raise NotFound("EVENT_NOT_FOUND", f"There is no event {event_id}.")
        types = [TypeSales(*row) for row in conn.execute(_TYPES, of)]
        resales = Resales(*(conn.execute(_RESALES, of).fetchone() or (0, 0, 0)))
        admitted, *_ = conn.execute(_ADMITTED, of).fetchone() or (0,)
        used, *_ = conn.execute(_USED, of).fetchone() or (0,)
        gates = [GateCount(*row) for row in conn.execute(_BY_GATE, of)]
        slots = [SlotCount(*row) for row in conn.execute(_BY_SLOT, of)]
    name, revenue_token, revenue_eth = event
    return Report(
        suite_id, event_id, name, as_of_block,
        total_supply=sum(each.total_supply for each in types),
        sold=sum(each.sold for each in types),
        revenue_token=revenue_token, revenue_eth=revenue_eth, ticket_types=types, resales=resales,
        admitted=admitted, used_on_chain=used, by_gate=gates, by_five_minutes=slots,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Filter:
    """Which check-ins of an event; None means any."""

    event_id: EventId
    gate: str | None = None


After = tuple[int, int, int]
"""(when, in microseconds since 1970; token id; number) of the last line of the page before."""


def after(check_in: CheckIn) -> After:
    return _microseconds(check_in.admitted_at), check_in.token_id, check_in.number


def check_ins(
    conn: "Connection[Any]", suite_id: SuiteId, chosen: Filter, after: After | None, limit: int
) -> list[CheckIn]:
    """One page, in the order in which it happened."""
    from psycopg.rows import class_row

    conditions = {
        "gate = %(gate)s": chosen.gate,
        """(admitted_at, token_id, number) >
            (to_timestamp(0) + %(at)s * interval '1 microsecond', %(id)s, %(number)s)""": after,
    }  # fmt: skip
    given = " AND ".join(sql for sql, value in conditions.items() if value is not None)
    at, token_id, number = after or (0, 0, 0)
    with conn.cursor(row_factory=class_row(CheckIn)) as cursor:
        return cursor.execute(
            f"""
            SELECT token_id, number, kind, standing, admitted_at, gate, ticket_check, offline,
                verifier_id
            FROM check_ins
            WHERE suite_id = %(suite_id)s AND event_id = %(event_id)s AND {given or "true"}
            ORDER BY admitted_at, token_id, number
            LIMIT %(limit)s
            """,
            {
                "suite_id": suite_id, "event_id": chosen.event_id, "gate": chosen.gate,
                "at": min(at, _LATEST), "id": token_id, "number": min(number, 2**31 - 1),
                "limit": limit,
            },
        ).fetchall()  # fmt: skip


_LATEST = 250_000_000_000_000_000
"""Microseconds: late in the year 9892, which Postgres can still add up."""

_EVENT = """
    SELECT name, revenue_token, revenue_eth FROM events
    WHERE suite_id = %(suite_id)s AND event_id = %(event_id)s
"""
_TYPES = """
    SELECT t.type_id, t.name, t.total_supply, t.sold, COALESCE(d.in_token, 0), COALESCE(d.in_eth, 0)
    FROM ticket_types t LEFT JOIN (
        SELECT type_id, sum(amount) FILTER (WHERE NOT in_eth) AS in_token,
            sum(amount) FILTER (WHERE in_eth) AS in_eth
        FROM trades
        WHERE suite_id = %(suite_id)s AND event_id = %(event_id)s AND side = 'primary'
        GROUP BY type_id) d USING (type_id)
    WHERE t.suite_id = %(suite_id)s AND t.event_id = %(event_id)s
    ORDER BY t.type_id
"""
_RESALES = """
    SELECT count(*), COALESCE(sum(amount) FILTER (WHERE NOT in_eth), 0),
        COALESCE(sum(amount) FILTER (WHERE in_eth), 0)
    FROM trades
    WHERE suite_id = %(suite_id)s AND event_id = %(event_id)s AND side = 'secondary'
"""
_OF_EVENT = """
    FROM check_ins
    WHERE suite_id = %(suite_id)s AND event_id = %(event_id)s
        AND kind = 'entry' AND standing = 'regular'
"""
_ADMITTED = f"SELECT count(DISTINCT token_id) {_OF_EVENT}"
_USED = """
    SELECT count(*) FROM tickets
    WHERE suite_id = %(suite_id)s AND event_id = %(event_id)s AND status = 'used'
"""
_BY_GATE = f"SELECT gate, count(*) {_OF_EVENT} GROUP BY gate ORDER BY gate NULLS LAST"
_BY_SLOT = f"""
    SELECT date_bin('{SLOT}', admitted_at, 'epoch'), gate, count(*) {_OF_EVENT}
    GROUP BY 1, 2 ORDER BY 1, gate NULLS LAST
"""


_EPOCH, _MICROSECOND = datetime.fromtimestamp(0, UTC), timedelta(microseconds=1)


def _microseconds(at: datetime) -> int:
    # Not by timestamp(): a float holds no microseconds in this century.
    return (at - _EPOCH) // _MICROSECOND
