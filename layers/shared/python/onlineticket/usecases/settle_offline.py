"""Settle the scans that a terminal made offline: who passed is a fact; who was entitled to, and in
what order, is worked out here, and again whenever an earlier observation comes in.

An upload never changes what happened. If the terminal let somebody pass, that is a line in the
ticket's journal, whatever the door would have said: the earliest passage is the entitled one, and
any other a double admission or, where the ticket had no right to enter at all, an irregular one.
The verdict is kept under (verifier, scan id) beside that of the same press sent at once, if there
was one, and repeated as it was given; the line's standing is told as it is now.

Every scan is settled by itself: a batch may be sent again as a whole until none is left to retry.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from secrets import token_hex

from onlineticket.domain import door, qr
from onlineticket.domain.door import ScanRecord, Verdict
from onlineticket.domain.errors import Conflict, OnlineTicketError, Refused, Unavailable
from onlineticket.domain.passage import Journal, Passage, Standing, TicketKey, check_room
from onlineticket.domain.refusals import refusal
from onlineticket.domain.ticket import Ticket
from onlineticket.domain.types import TokenId
from onlineticket.domain.upload import Upload, UploadRecord, check_age
from onlineticket.domain.verifier import Verifier
from onlineticket.usecases.scan import Door, FindTicket, checked_ticket, passage, refused_verdict

FindTicketThen = Callable[[TokenId, int], Ticket | None]
"""(token id, Unix seconds) -> the ticket as the chain had it then; raises Unavailable when Postgres
is down."""
FindUpload = Callable[[str, str], UploadRecord | None]
KeepUpload = Callable[
    [UploadRecord, Journal | None, ScanRecord | None], UploadRecord | ScanRecord | Journal | None
]
"""Keep the upload, with the journal's last line and the scan's record if given, all or none. None:
it is done. Else what stands in the way. Raises Unavailable when it is not known."""

ROUNDS = 25
"""How often others may get ahead of one upload of the same ticket before it gives up."""


@dataclass(frozen=True, slots=True)
class Settled:
    """`standing`: of the passage, as of now; None if nobody passed, or nobody knows with which
    ticket. `used_by`: the entry that makes it a double.
    """

    verdict: Verdict
    replayed: bool
    standing: Standing | None
    used_by: Passage | None


@dataclass(frozen=True, slots=True)
class Unsettled:
    """`retryable`: nothing is known of it, and it may be sent again; else it never will be."""

    error: OnlineTicketError
    retryable: bool


def settle_offline(
    uploads: Sequence[Upload],
    verifier: Verifier,
    at: Door,
    *,
    now: int,
    find_ticket_then: FindTicketThen,
    find_upload: FindUpload,
    keep_upload: KeepUpload,
    may_go_on: Callable[[], bool],
) -> list[Settled | Unsettled]:
    """One answer for each upload, in their order. `may_go_on` says if there is time for another.

    Raises:
        Forbidden: `SCOPE_MISSING`.
    """
    verifier.require("scan")
    at = replace(at, find_ticket=_once_down_stays_down(at.find_ticket))
    ports = _Ports(find_ticket_then, find_upload, keep_upload)
    answers: dict[int, Settled | Unsettled] = {}
    rest: Unavailable | None = None
    # Earliest first, so that within a batch no verdict is overtaken by the next one.
    for i in sorted(range(len(uploads)), key=lambda i: _age(uploads[i])):
        if rest is None and not may_go_on():
            rest = Unavailable(
                "OUT_OF_TIME", "There was no time left for this scan; send it again."
            )
        if rest:
            answers[i] = Unsettled(rest, retryable=True)
            continue
        try:
            answers[i] = _settle(uploads[i], verifier, at, now, ports)
        except Conflict as error:
            answers[i] = Unsettled(error, retryable=False)
        except Unavailable as error:
            answers[i] = Unsettled(error, retryable=True)
            rest = error if error.code == "DYNAMODB_UNAVAILABLE" else None
    return [answers[i] for i in range(len(uploads))]


@dataclass(frozen=True, slots=True)
class _Ports:
    find_ticket_then: FindTicketThen
    find_upload: FindUpload
    keep_upload: KeepUpload


def _settle(upload: Upload, verifier: Verifier, at: Door, now: int, ports: _Ports) -> Settled:
    """
    Raises:
        Conflict: `SCAN_ID_REUSED`.
        Unavailable.
    """
    scan_key = verifier.verifier_id, upload.scan.scan_id
    attempt = token_hex(12)
    for _ in range(ROUNDS):
        kept = ports.find_upload(*scan_key)
        if kept:
            return _told(kept, upload, at, attempt)
        at_once = at.find_scan(*scan_key)
        if at_once and at_once.fingerprint != upload.scan.fingerprint():
            raise _reused()
        found = _judged(upload, verifier, at, now, at_once, ports.find_ticket_then)
        record = ScanRecord(*scan_key, upload.fingerprint(), attempt, found.verdict)
        ours = UploadRecord(
            record, upload.scanned_at, upload.provisional, found.token_id, found.journal is not None
        )
        scanned = replace(record, fingerprint=upload.scan.fingerprint())
        if ports.keep_upload(ours, found.journal, None if at_once else scanned) is None:
            return _told(ours, upload, at, attempt, found.journal)
    raise Unavailable("TICKET_BUSY", "Others are scanning this ticket; send the scan again.")


@dataclass(frozen=True, slots=True)
class _Judged:
    """`journal` ends with the line to write, if there is one."""

    verdict: Verdict
    token_id: TokenId | None = None
    journal: Journal | None = None


def _judged(
    upload: Upload,
    verifier: Verifier,
    at: Door,
    now: int,
    at_once: ScanRecord | None,
    find_ticket_then: FindTicketThen,
) -> _Judged:
    """
    Raises:
        Unavailable.
    """
    scan, gate = upload.scan, verifier.gate(upload.scan.gate)

    def refused(error: Refused) -> Verdict:
        return refused_verdict(scan, gate, error, upload.scanned_at)

    try:
        code = qr.decode(scan.qr, at.keys, at.suite)
        door.check_scope(code, verifier, gate)
        check_age(upload, now)
    except Refused as error:
        return _Judged(refused(error))
    if at_once and at_once.verdict.refusal is None:
        return _Judged(at_once.verdict, code.token_id)  # its line is in the journal
    ticket, no = None, None
    try:
        qr.check_time(code, upload.scanned_at)
        ticket = _ticket(upload, code, at, find_ticket_then)
    except Refused as error:
        no = error
    if not upload.passed:
        return _Judged(refused(no or refusal("TURNED_AWAY")), code.token_id)
    key = TicketKey(at.suite.chain_id, at.suite.ticket_manager, code.token_id)
    journal = at.find_journal(key) or Journal(key, code.event_id, ())
    try:
        check_room(journal)
    except Refused as error:
        return _Judged(refused(error), code.token_id)
    line = replace(
        passage(scan, verifier, code, ticket, gate, now),
        at=upload.scanned_at,
        offline=True,
        refusal=no.code if no else None,
    )
    journal = journal.with_line(line)
    no = no or _not_entitled(journal)
    if no:
        return _Judged(
            replace(refused(no), ticket=door.shown(code, ticket)), code.token_id, journal
        )
    let_through = Verdict(
        scan.scan_id, line.at, gate, None, {}, door.shown(code, ticket), line.ticket_check,
        scan.direction,
    )  # fmt: skip
    return _Judged(let_through, code.token_id, journal)


def _ticket(
    upload: Upload, code: qr.QrCode, at: Door, find_ticket_then: FindTicketThen
) -> Ticket | None:
    """The ticket, if it might pass when it was scanned, as it is now or as it was then: what it
    went through since (a sale, a use) takes nothing from who is in, and clocks differ.

    Raises:
        Refused, Unavailable.
    """
    moment = upload.scanned_at
    try:
        return checked_ticket(upload.scan, code, at, moment)
    except Refused as refused:
        then = replace(at, find_ticket=lambda token_id: find_ticket_then(token_id, moment))
        try:
            return checked_ticket(upload.scan, code, then, moment)
        except Refused:
            raise refused from None


def _not_entitled(journal: Journal) -> Refused | None:
    """Why the last line is not regular; None if it is."""
    standing, line = journal.standings()[-1], journal.passages[-1]
    if standing == "stray":
        return refusal("TICKET_NOT_INSIDE", left_at=None, gate=None)
    first = journal.used_by(journal.version)
    return door.double_admission(first, line) if first else None


def _told(
    kept: UploadRecord,
    upload: Upload,
    at: Door,
    attempt: str,
    journal: Journal | None = None,
) -> Settled:
    """The verdict as it was given, and what the passage counts as now.

    Raises:
        Conflict: `SCAN_ID_REUSED`.
    """
    record = kept.record
    if record.fingerprint != upload.fingerprint():
        raise _reused()
    if journal is None and kept.token_id is not None:
        suite = at.suite
        journal = at.find_journal(
            TicketKey(suite.chain_id, suite.ticket_manager, TokenId(kept.token_id))
        )
    number = journal.find(record.verifier_id, record.scan_id) if journal else None
    replayed = record.attempt != attempt
    if journal is None or number is None:
        return Settled(record.verdict, replayed, None, None)
    return Settled(
        record.verdict, replayed, journal.standings()[number - 1], journal.used_by(number)
    )


def _once_down_stays_down(find_ticket: FindTicket) -> FindTicket:
    """A database that is away costs a batch its time-outs once, not a hundred times."""
    down: list[Unavailable] = []

    def find(token_id: TokenId) -> Ticket | None:
        if down:
            raise down[0]
        try:
            return find_ticket(token_id)
        except Unavailable as error:
            down.append(error)
            raise

    return find


def _age(upload: Upload) -> tuple[int, str]:
    return upload.scanned_at, upload.scan.scan_id


def _reused() -> Conflict:
    return Conflict("SCAN_ID_REUSED", "This scan id was used for another scan.")
