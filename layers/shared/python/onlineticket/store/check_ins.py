"""Who went through the door, for all who ask Postgres (table check_ins: own truth, which no reorg
undoes). A row is a line of a ticket's journal with its standing (domain/passage.py).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from onlineticket.domain.errors import Unavailable
from onlineticket.domain.passage import Journal, Passage, Standing
from onlineticket.domain.types import SuiteId

if TYPE_CHECKING:
    from psycopg import Connection


@dataclass(frozen=True, slots=True)
class Settled:
    """A line that is new here, or that reads otherwise than before because of newer ones.

    `was`: its standing before, None if it is new.
    """

    suite_id: SuiteId
    number: int
    line: Passage
    standing: Standing
    was: Standing | None


def record(conn: "Connection[Any]", journal: Journal) -> list[Settled]:
    """Write the journal's lines; returns what that changed, nothing on a replay.

    Images of one journal may come in any order: a row keeps the standing of the newest one.

    Raises:
        Unavailable: `SUITE_NOT_REGISTERED`.
        RuntimeError: another scan's line is on record under a line's number. Two stores disagree:
            passed over in silence it would hide a double admission.
    """
    ticket = journal.ticket
    found = conn.execute(_REGISTERED, [ticket.chain_id, ticket.ticket_manager]).fetchone()
    if found is None:
        raise Unavailable("SUITE_NOT_REGISTERED", "The contract suite is not registered yet.")
    suite_id = SuiteId(found[0])
    with conn.transaction():
        # Two images of one journal at the same time: the second waits, and sees the first's rows.
        conn.execute(_LOCK, [f"check_ins:{suite_id}:{ticket.token_id}"])
        rows = conn.execute(_HELD, [suite_id, ticket.token_id]).fetchall()
        held = {number: (scan, standing, version) for number, *scan, standing, version in rows}
        changed = []
        for number, (line, standing) in enumerate(
            zip(journal.passages, journal.standings(), strict=True), 1
        ):
            scan, was, version = held.get(number, ([line.verifier_id, line.scan_id], None, 0))
            if scan != [line.verifier_id, line.scan_id]:
                raise RuntimeError(f"line {number} of ticket {ticket.token_id} is of another scan")
            if was is None:
                _insert(conn, suite_id, journal, number, standing)
            elif version < journal.version:
                conn.execute(
                    _UPDATE, [standing, journal.version, suite_id, ticket.token_id, number]
                )
            if was is None or (version < journal.version and was != standing):
                changed.append(Settled(suite_id, number, line, standing, was))
    return changed


def _insert(
    conn: "Connection[Any]", suite_id: SuiteId, journal: Journal, number: int, standing: Standing
) -> None:
    line = journal.passages[number - 1]
    conn.execute(
        _INSERT,
        {
            "suite_id": suite_id, "token_id": journal.ticket.token_id, "number": number,
            "event_id": journal.event_id, "kind": line.kind, "standing": standing,
            "version": journal.version, "verifier_id": line.verifier_id, "scan_id": line.scan_id,
            "gate": line.gate, "holder": line.holder, "ticket_check": line.ticket_check,
            "at": line.at, "recorded_at": line.recorded_at, "offline": line.offline,
            "epoch": line.epoch, "max_entries": line.max_entries, "refusal": line.refusal,
            "undoes": line.undoes, "reason": line.reason,
        },
    )  # fmt: skip


_REGISTERED = "SELECT suite_id FROM contracts_registry WHERE chain_id = %s AND address = %s"
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
_HELD = """
    SELECT number, verifier_id, scan_id::text, standing, version FROM check_ins
    WHERE suite_id = %s AND token_id = %s
"""
_UPDATE = """
    UPDATE check_ins SET standing = %s, version = %s
    WHERE suite_id = %s AND token_id = %s AND number = %s
"""
_INSERT = """
    INSERT INTO check_ins (suite_id, token_id, number, event_id, kind, standing, version,
                           verifier_id, scan_id, gate, holder, ticket_check, admitted_at,
                           recorded_at, offline, epoch, max_entries, refusal, undoes, reason)
    VALUES (%(suite_id)s, %(token_id)s, %(number)s, %(event_id)s, %(kind)s, %(standing)s,
            %(version)s, %(verifier_id)s, %(scan_id)s, %(gate)s, %(holder)s, %(ticket_check)s,
            to_timestamp(%(at)s), to_timestamp(%(recorded_at)s), %(offline)s, %(epoch)s,
            %(max_entries)s, %(refusal)s, %(undoes)s, %(reason)s)
"""
