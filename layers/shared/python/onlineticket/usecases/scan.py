"""Let a ticket holder through the gate, in or out: once, and always once.

The order matters. What was decided is repeated before any rule is asked again, so that the retry
of an admitted scan is never refused; and the passage is one write that alone decides, last, because
people act on it at once. A refusal spends nothing: the same code may be scanned again.

The look-up of an earlier verdict is folded into the write of the new one, whose condition is that
there is none: a first entry and a refusal cost one call to the store each. So is that of the
ticket's journal: a first entry takes it to be empty, and is shown it if it is not.
"""

from collections.abc import Callable
from dataclasses import dataclass
from secrets import token_hex

from onlineticket.domain import door, qr
from onlineticket.domain.door import NonceUsed, Scan, ScanRecord, Verdict
from onlineticket.domain.door_rules import MAX_ENTRIES
from onlineticket.domain.errors import Conflict, Refused, Unavailable
from onlineticket.domain.keyring import KeyRing
from onlineticket.domain.passage import Journal, Passage, TicketKey, next_line
from onlineticket.domain.refusals import refusal
from onlineticket.domain.suite import Suite
from onlineticket.domain.ticket import Ticket
from onlineticket.domain.types import TokenId
from onlineticket.domain.verifier import Verifier

FindTicket = Callable[[TokenId], Ticket | None]
"""Raises Unavailable when Postgres is down."""
LetPass = Callable[[Journal, ScanRecord], ScanRecord | Journal | NonceUsed | None]
"""Spend the code, add the journal's last line and keep the record, all or none, if the stored
journal is this one without that line. None: it is done. Else what stands in the way: this scan's
earlier record, the journal as it is, or the spent nonce. Raises Unavailable when it is not known.
"""
FindJournal = Callable[[TicketKey], Journal | None]
KeepRefusal = Callable[[ScanRecord], ScanRecord | None]
"""Write the record, unless this scan has one: then that is returned."""
FindScan = Callable[[str, str], ScanRecord | None]
"""(verifier id, scan id) -> the scan's record, if it was decided."""

ROUNDS = 25
"""How often others may get ahead of one scan with the same ticket before it gives up."""


@dataclass(frozen=True, slots=True)
class Door:
    """What the door stands on: what codes are made of, the tickets, the store that decides."""

    keys: KeyRing
    suite: Suite
    find_ticket: FindTicket
    let_pass: LetPass
    find_journal: FindJournal
    keep_refusal: KeepRefusal
    find_scan: FindScan
    admit_when_database_is_down: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """`replayed`: the verdict was given before, to an earlier request of the same scan.
    `undone_at`: when a supervisor took back what it let through.
    """

    verdict: Verdict
    replayed: bool
    undone_at: int | None = None


def scan(request: Scan, verifier: Verifier, at: Door, *, now: int) -> Answer:
    """The verdict of this scan, let through or refused, kept under (verifier, scan id).

    Raises:
        Forbidden: `SCOPE_MISSING`.
        Conflict: `SCAN_ID_REUSED`, other content was sent under this scan id.
        Unavailable: nothing was decided, or it is not known; the same scan may be sent again.
    """
    verifier.require("scan")
    gate, attempt = verifier.gate(request.gate), token_hex(12)

    def record(verdict: Verdict) -> ScanRecord:
        return ScanRecord(
            verifier.verifier_id, request.scan_id, request.fingerprint(), attempt, verdict
        )

    try:
        done = _decided(request, verifier, gate, at, now, record)
    except Refused as error:
        refused = record(refused_verdict(request, gate, error, now))
        done = at.keep_refusal(refused) or Answer(refused.verdict, replayed=False)
    except Unavailable:
        # It can't be decided now; what was decided before still stands.
        earlier = at.find_scan(verifier.verifier_id, request.scan_id)
        if earlier is None:
            raise
        done = earlier
    return repeated(done, request, attempt) if isinstance(done, ScanRecord) else done


def repeated(earlier: ScanRecord, request: Scan, attempt: str) -> Answer:
    """
    Raises:
        Conflict: `SCAN_ID_REUSED`.
    """
    if earlier.fingerprint != request.fingerprint():
        raise Conflict("SCAN_ID_REUSED", "This scan id was used for another scan.")
    # Our own record stands in our way when the store's answer to the write was lost.
    return Answer(earlier.verdict, earlier.attempt != attempt, earlier.undone_at)


def refused_verdict(request: Scan, gate: str | None, error: Refused, at: int) -> Verdict:
    return Verdict(
        request.scan_id, at, gate, error.code, error.details, None, None, request.direction
    )  # fmt: skip


def checked_ticket(request: Scan, code: qr.QrCode, at: Door, moment: int) -> Ticket | None:
    """The ticket, if it may pass at `moment` for all that the chain and the organizer say.

    None if that check is deferred: the code was made a minute before at most, after one. A
    prefetched code may be older than a sale, so it can't speak for the ticket.

    Raises:
        Refused: as domain/door.py says.
        Unavailable: `DATABASE_UNAVAILABLE`.
    """
    try:
        ticket = at.find_ticket(code.token_id)
    except Unavailable:
        if code.prefetched or not at.admit_when_database_is_down:
            raise
        return None
    if request.direction == "exit":
        return door.check_exit(code, ticket)
    return door.check_ticket(code, ticket, moment)


def passage(
    request: Scan,
    verifier: Verifier,
    code: qr.QrCode,
    ticket: Ticket | None,
    gate: str | None,
    now: int,
) -> Passage:
    """The line that a scan at `now` writes."""
    return Passage(
        request.direction, now, now, verifier.verifier_id, request.scan_id, gate, False,
        code.epoch, code.nonce.hex(), code.expires_at, ticket.holder if ticket else None,
        "done" if ticket else "deferred", ticket.max_entries if ticket else MAX_ENTRIES,
    )  # fmt: skip


def _decided(
    request: Scan,
    verifier: Verifier,
    gate: str | None,
    at: Door,
    now: int,
    record: Callable[[Verdict], ScanRecord],
) -> Answer | ScanRecord:
    """Let through; or the record of this scan that was there before.

    Raises:
        Refused, Unavailable.
    """
    code = qr.decode(request.qr, at.keys, at.suite)
    door.check_scope(code, verifier, gate)
    qr.check_time(code, now)
    ticket = checked_ticket(request, code, at, now)
    wanted = passage(request, verifier, code, ticket, gate, now)
    key = TicketKey(at.suite.chain_id, at.suite.ticket_manager, code.token_id)
    journal = at.find_journal(key) if request.direction == "exit" else None
    for _ in range(ROUNDS):
        line = next_line(journal, wanted)
        longer = (journal or Journal(key, code.event_id, ())).with_line(line)
        let_through = record(
            Verdict(
                request.scan_id, line.at, gate, None, {}, door.shown(code, ticket),
                line.ticket_check, request.direction,
            )
        )  # fmt: skip
        match at.let_pass(longer, let_through):
            case None:
                return Answer(let_through.verdict, replayed=False)
            case ScanRecord() as earlier:
                return earlier
            case NonceUsed():
                raise refusal("QR_ALREADY_USED")
            case Journal() as journal:
                pass
    raise Unavailable("TICKET_BUSY", "Others are scanning this ticket; send the scan again.")
