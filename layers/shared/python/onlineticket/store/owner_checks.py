"""Whether the chain agrees on who came in (table owner_checks; domain/owner_check.py)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from onlineticket.domain.audit import Entry
from onlineticket.domain.happening import Happening
from onlineticket.domain.owner_check import MOST_ATTEMPTS, Entered, Judged
from onlineticket.domain.settlement import Recorded
from onlineticket.domain.types import EventId, SuiteId, TokenId, WalletAddress
from onlineticket.store import audit, outbox
from onlineticket.store.raw_logs import TRANSFER

if TYPE_CHECKING:
    from psycopg import Connection


def begin(conn: "Connection[Any]", entries: Sequence[Recorded]) -> None:
    """Note that these entries are unchecked, in the caller's transaction."""
    for one in entries:
        conn.execute(
            "INSERT INTO owner_checks (suite_id, token_id, number) VALUES (%s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            [one.suite_id, one.token_id, one.number],
        )


def due(
    conn: "Connection[Any]", suite_id: SuiteId, limit: int, *, asked_before: int
) -> list[Entered]:
    """The unchecked that were never asked about, or last before then (Unix seconds); those asked
    least often first.
    """
    parameters = {
        "suite_id": suite_id, "attempts": MOST_ATTEMPTS, "limit": limit,
        "asked_before": asked_before,
    }  # fmt: skip
    rows = conn.execute(_DUE, parameters).fetchall()
    words = {token_id: token_id.to_bytes(32) for _, token_id, *_ in rows}
    moved: dict[bytes, list[int]] = {}
    for subject, block_time in conn.execute(
        _TRANSFERS, [suite_id, bytes.fromhex(TRANSFER[2:]), list(words.values())]
    ):
        moved.setdefault(subject, []).append(block_time)
    return [
        Entered(
            suite_id, event_id, TokenId(token_id), number, holder, epoch, owner, transfers,
            # Less the mint; unknown without it.
            sum(moved_at <= at for moved_at in moved.get(words[token_id], [])) - 1
            if moved.get(words[token_id]) else None,
        )
        for event_id, token_id, number, holder, epoch, at, owner, transfers in rows
    ]  # fmt: skip


def unanswered(conn: "Connection[Any]", entered: Sequence[Entered], now: int) -> None:
    """The node did not say: another round asks again."""
    for one in entered:
        conn.execute(_ASKED, [now, one.suite_id, one.token_id, one.number])


def keep(
    conn: "Connection[Any]", one: Entered, judged: Judged, owner: WalletAddress | None, now: int
) -> None:
    """Write the judgement down; a mismatch goes to the audit log and the outbox too."""
    with conn.transaction():
        changed = conn.execute(
            _KEEP,
            {
                "outcome": judged.outcome, "reason": judged.reason, "owner": owner, "now": now,
                "suite_id": one.suite_id, "token_id": one.token_id, "number": one.number,
            },
        ).rowcount  # fmt: skip
        if changed and judged.outcome == "mismatch":
            details = {"number": one.number, "reason": judged.reason}
            outbox.append(conn, [_flag(one, details)])
            audit.append(conn, [_entry(one, details, owner, now)])


def counts(conn: "Connection[Any]", suite_id: SuiteId) -> dict[str, int]:
    """How many there are of each outcome."""
    return dict(
        conn.execute(
            "SELECT outcome, count(*) FROM owner_checks WHERE suite_id = %s GROUP BY outcome",
            [suite_id],
        ).fetchall()
    )


def flag_counts(conn: "Connection[Any]", suite_id: SuiteId) -> dict[str, int]:
    """How many check-ins people should look at, by reason (view door_flags)."""
    return dict(
        conn.execute(
            "SELECT flag, count(*) FROM door_flags WHERE suite_id = %s GROUP BY flag ORDER BY flag",
            [suite_id],
        ).fetchall()
    )


def _flag(one: Entered, details: dict[str, Any]) -> Happening:
    ids = {"suite_id": one.suite_id, "event_id": str(one.event_id), "token_id": str(one.token_id)}
    return Happening("door.flagged", f"ticket:{one.suite_id}:{one.token_id}", ids | details)


def _entry(one: Entered, details: dict[str, Any], owner: str | None, now: int) -> Entry:
    return Entry(
        "system:settle", "door.flagged", now, f"ticket:{one.token_id}", None,
        details | {"owner": owner, "holder": one.holder, "epoch": one.epoch},
        (one.suite_id, EventId(one.event_id)), once=f"owner:{one.token_id}:{one.number}",
    )  # fmt: skip


_DUE = """
    SELECT c.event_id, o.token_id, o.number, c.holder, c.epoch,
           extract(epoch FROM c.admitted_at)::bigint, t.owner, t.transfers
    FROM owner_checks o
    JOIN check_ins c USING (suite_id, token_id, number)
    LEFT JOIN tickets t ON t.suite_id = o.suite_id AND t.token_id = o.token_id
    WHERE o.suite_id = %(suite_id)s AND o.outcome = 'unchecked' AND o.attempts < %(attempts)s
      AND (o.checked_at IS NULL OR o.checked_at < to_timestamp(%(asked_before)s))
    ORDER BY o.attempts, o.token_id, o.number
    LIMIT %(limit)s
"""
_TRANSFERS = """
    SELECT subject, block_time FROM events_raw
    WHERE suite_id = %s AND contract = 'TicketManager' AND event_sig = %s AND subject = ANY(%s)
"""
_ASKED = """
    UPDATE owner_checks SET attempts = attempts + 1, checked_at = to_timestamp(%s)
    WHERE suite_id = %s AND token_id = %s AND number = %s AND outcome = 'unchecked'
"""
_KEEP = """
    UPDATE owner_checks
    SET outcome = %(outcome)s, reason = %(reason)s, owner = %(owner)s, attempts = attempts + 1,
        checked_at = to_timestamp(%(now)s)
    WHERE suite_id = %(suite_id)s AND token_id = %(token_id)s AND number = %(number)s
      AND outcome = 'unchecked'
"""
