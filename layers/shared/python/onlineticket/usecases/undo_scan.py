"""Take back what a scan let through: by a supervisor, soon, with a reason, and nothing deleted.

It races with whoever passes meanwhile, so it is one more line of the ticket's journal, added under
the same condition as theirs: whichever comes second sees the first.
"""

from collections.abc import Callable
from dataclasses import dataclass
from secrets import token_hex

from onlineticket.domain.door import ScanRecord, check_event
from onlineticket.domain.errors import Conflict, Refused, Unavailable
from onlineticket.domain.passage import Journal, TicketKey, undoing
from onlineticket.domain.refusals import refusal
from onlineticket.domain.suite import Suite
from onlineticket.domain.types import TokenId
from onlineticket.domain.undo import Undo, Undone, UndoRecord
from onlineticket.domain.upload import UploadRecord
from onlineticket.domain.verifier import Verifier

TakeBack = Callable[[Journal, UndoRecord], UndoRecord | Journal | None]
"""Add the journal's last line, which undoes another, and keep the answer, all or none. None: it is
done. Else what stands in the way. Raises Unavailable when it is not known."""

ROUNDS = 25
"""How often others may get ahead of one undo of the same ticket before it gives up."""


@dataclass(frozen=True, slots=True)
class Past:
    """Where undoing looks things up, and writes."""

    suite: Suite
    find_undo: Callable[[str, str], UndoRecord | None]
    find_scan: Callable[[str, str], ScanRecord | None]
    find_upload: Callable[[str, str], UploadRecord | None]
    find_journal: Callable[[TicketKey], Journal | None]
    take_back: TakeBack


@dataclass(frozen=True, slots=True)
class UndoAnswer:
    """`replayed`: it was done before, by an earlier request of the same undo."""

    undone: Undone
    replayed: bool


def undo_scan(request: Undo, verifier: Verifier, past: Past, *, now: int) -> UndoAnswer:
    """
    Raises:
        Forbidden: `SCOPE_MISSING`, `WRONG_EVENT`.
        NotFound: `SCAN_NOT_FOUND`.
        Conflict: `UNDO_ID_REUSED`, `NOTHING_TO_UNDO`, `ALREADY_UNDONE`, `PASSED_SINCE`.
        RuleBroken: `UNDO_TOO_LATE`, `TOO_MANY_PASSAGES`.
        Unavailable: it is not known; the same undo may be sent again.
    """
    verifier.require("undo")
    attempt = token_hex(12)
    earlier = past.find_undo(verifier.verifier_id, request.undo_id)
    if earlier is None:
        try:
            done = _undone(request, verifier, past, now, attempt)
        except Refused:
            # Our own line may be what refuses us, if the store's answer to the write was lost.
            earlier = past.find_undo(verifier.verifier_id, request.undo_id)
            if earlier is None:
                raise
            done = earlier
    else:
        done = earlier
    if done.fingerprint != request.fingerprint():
        raise Conflict("UNDO_ID_REUSED", "This undo id was used for another undo.")
    return UndoAnswer(done.undone, replayed=done.attempt != attempt)


def _undone(request: Undo, verifier: Verifier, past: Past, now: int, attempt: str) -> UndoRecord:
    """The record that is kept: ours, or that of a rival request of the same undo."""
    journal = past.find_journal(_key(request, past))
    if journal is None:
        raise refusal("NOTHING_TO_UNDO")
    check_event(journal.event_id, verifier)
    # Chosen once: what passes from now on is not what the supervisor has seen.
    number = _number(request, journal)
    if number is None:
        raise refusal("NOTHING_TO_UNDO")
    for _ in range(ROUNDS):
        line = undoing(
            journal, number, verifier_id=verifier.verifier_id, undo_id=request.undo_id,
            reason=request.reason, now=now,
        )  # fmt: skip
        ours = UndoRecord(
            verifier.verifier_id, request.fingerprint(), attempt,
            _answer(journal, number, request, now),
        )  # fmt: skip
        match past.take_back(journal.with_line(line), ours):
            case None:
                return ours
            case UndoRecord() as rival:
                return rival
            case Journal() as journal:
                pass
    raise Unavailable("TICKET_BUSY", "Others are scanning this ticket; send the undo again.")


def _key(request: Undo, past: Past) -> TicketKey:
    """Of the ticket that is meant.

    Raises:
        NotFound: `SCAN_NOT_FOUND`.
        Conflict: `NOTHING_TO_UNDO`.
    """
    token_id = request.token_id
    if token_id is None:
        scan_key = str(request.verifier_id), str(request.scan_id)
        scanned, uploaded = past.find_scan(*scan_key), past.find_upload(*scan_key)
        if scanned is None and uploaded is None:
            raise refusal("SCAN_NOT_FOUND")
        token_id = _token_of(scanned, uploaded)
        if token_id is None:
            raise refusal("NOTHING_TO_UNDO")
    return TicketKey(past.suite.chain_id, past.suite.ticket_manager, TokenId(token_id))


def _token_of(scanned: ScanRecord | None, uploaded: UploadRecord | None) -> int | None:
    """None if neither let anybody through."""
    if uploaded and uploaded.line:
        return uploaded.token_id
    shown = scanned.verdict.ticket if scanned else None
    return int(shown.token_id) if shown else None


def _number(request: Undo, journal: Journal) -> int | None:
    if request.scan_id is None:
        return journal.newest_standing()
    return journal.find(str(request.verifier_id), request.scan_id)


def _answer(journal: Journal, number: int, request: Undo, now: int) -> Undone:
    line = journal.passages[number - 1]
    assert line.kind != "undo"
    return Undone(
        request.undo_id, now, request.reason, str(journal.ticket.token_id), str(journal.event_id),
        line.kind, line.at, line.gate, line.verifier_id, line.scan_id,
    )  # fmt: skip
