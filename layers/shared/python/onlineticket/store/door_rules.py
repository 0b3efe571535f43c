"""What organizers set for their doors (table door_rules: own truth)."""

from typing import TYPE_CHECKING, Any

from onlineticket.domain.audit import Entry
from onlineticket.domain.door_rules import (
    CLOSES_AFTER,
    MAX_ENTRIES,
    OPENS_BEFORE,
    DoorRules,
    TypeRule,
)
from onlineticket.domain.types import EventId, SuiteId, WalletAddress
from onlineticket.store import audit

if TYPE_CHECKING:
    from psycopg import Connection


def find(conn: "Connection[Any]", suite_id: SuiteId, event_id: EventId) -> DoorRules:
    """The rules in force, the defaults where nothing was set."""
    rows = conn.execute(
        """
        SELECT type_id, max_entries, opens_before, closes_after FROM door_rules
        WHERE suite_id = %s AND event_id = %s ORDER BY type_id NULLS FIRST
        """,
        [suite_id, event_id],
    ).fetchall()
    event = next((row[1:] for row in rows if row[0] is None), (None, None, None))
    entries, opens, closes = event
    return DoorRules(
        event_id,
        MAX_ENTRIES if entries is None else entries,
        OPENS_BEFORE if opens is None else opens,
        CLOSES_AFTER if closes is None else closes,
        tuple(TypeRule(row[0], row[1]) for row in rows if row[0] is not None),
    )


def set_with_entry(
    conn: "Connection[Any]",
    suite_id: SuiteId,
    set_by: WalletAddress,
    rules: DoorRules,
    entry: Entry,
) -> None:
    """The rules and the audit log's line, both or neither."""
    with conn.transaction():
        replace(conn, suite_id, rules, set_by)
        audit.append(conn, [entry])


def replace(
    conn: "Connection[Any]", suite_id: SuiteId, rules: DoorRules, set_by: WalletAddress
) -> None:
    """Set all of an event's rules at once; those that are not given are gone. Safe to replay."""
    rows: list[tuple[object, ...]] = [
        (None, rules.max_entries, rules.opens_before, rules.closes_after)
    ]
    rows += [(rule.type_id, rule.max_entries, None, None) for rule in rules.types]
    with conn.transaction(), conn.cursor() as cursor:
        cursor.execute(
            "DELETE FROM door_rules WHERE suite_id = %s AND event_id = %s AND NOT "
            "COALESCE(type_id = ANY(%s::numeric[]), true)",
            [suite_id, rules.event_id, [rule.type_id for rule in rules.types]],
        )
        cursor.executemany(
            """
            INSERT INTO door_rules (suite_id, event_id, type_id, max_entries, opens_before,
                                    closes_after, set_by)
            VALUES (%s, %s, %s, %s, %s, %s, %s)
            ON CONFLICT (suite_id, event_id, type_id) DO UPDATE
            SET max_entries = EXCLUDED.max_entries, opens_before = EXCLUDED.opens_before,
                closes_after = EXCLUDED.closes_after, set_by = EXCLUDED.set_by, set_at = now()
            """,
            [(suite_id, rules.event_id, *row, set_by) for row in rows],
        )
