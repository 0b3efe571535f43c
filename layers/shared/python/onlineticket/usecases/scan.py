"""Admit a ticket holder at the gate: once, and always once.

The order matters. What was decided is repeated before any rule is asked again, so that the retry
of an admitted scan is never refused; and the admission is one write that alone decides, last,
because it cannot be undone. A refusal spends nothing: the same code may be scanned again.

The look-up of an earlier verdict is folded into the write of the new one, whose condition is that
there is none: an admission and a refusal cost one call to the store each.
"""

from collections.abc import Callable
from dataclasses import dataclass
from secrets import token_hex

from onlineticket.domain import door, qr
from onlineticket.domain.door import Admission, NonceUsed, Scan, ScanRecord, Verdict
from onlineticket.domain.errors import Conflict, Refused, Unavailable
from onlineticket.domain.keyring import KeyRing
from onlineticket.domain.refusals import refusal
from onlineticket.domain.suite import Suite
from onlineticket.domain.ticket import Ticket
from onlineticket.domain.types import TokenId
from onlineticket.domain.verifier import Verifier

FindTicket = Callable[[TokenId], Ticket | None]
"""Raises Unavailable when Postgres is down."""

Admit = Callable[[Admission, ScanRecord], ScanRecord | Admission | NonceUsed | None]
"""Write the nonce, the admission and the record, all or none. None: it is done. Else what stands
in the way: this scan's earlier record, the ticket's earlier admission, or the spent nonce.
Raises Unavailable when it is not known."""

KeepRefusal = Callable[[ScanRecord], ScanRecord | None]
"""Write the record, unless this scan has one: then that is returned."""


FindScan = Callable[[str, str], ScanRecord | None]
"""(verifier id, scan id) -> the scan's record, if it was decided."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`replayed`: the verdict was given before, to an earlier request of the same scan."""

    verdict: Verdict
    replayed: bool


def scan(
    request: Scan,
    verifier: Verifier,
    *,
    now: int,
    keys: KeyRing,
    suite: Suite,
    find_ticket: FindTicket,
    admit: Admit,
    keep_refusal: KeepRefusal,
    find_scan: FindScan,
    admit_when_database_is_down: bool,
) -> Answer:
    """The verdict of this scan, admitted or refused, kept under (verifier, scan id).

    Raises:
        Forbidden: `SCOPE_MISSING`.
        Conflict: `SCAN_ID_REUSED`, other content was sent under this scan id.
        Unavailable: nothing was decided, or it is not known; the same scan may be sent again.
    """
    verifier.require("scan")
    gate = verifier.gate(request.gate)

    def record(verdict: Verdict) -> ScanRecord:
        return ScanRecord(
            verifier.verifier_id, request.scan_id, request.fingerprint(), token_hex(16), verdict
        )  # fmt: skip

    def refuse(error: Refused) -> Answer:
        refused = record(
            Verdict(request.scan_id, now, gate, error.code, error.details, None, None)
        )  # fmt: skip
        earlier = keep_refusal(refused)
        return (
            _repeated(earlier, request, refused.attempt)
            if earlier
            else Answer(refused.verdict, replayed=False)
        )

    try:
        code = qr.decode(request.qr, keys, suite)
        door.check_scope(code, verifier, gate)
        qr.check_time(code, now)
        ticket = _checked_ticket(code, now, find_ticket, admit_when_database_is_down)
    except Refused as error:
        return refuse(error)
    except Unavailable:
        # The ticket can't be checked now; what was decided before still stands.
        earlier = find_scan(verifier.verifier_id, request.scan_id)
        if earlier is None:
            raise
        return _repeated(earlier, request, attempt=None)
    admission = _admission(code, ticket, suite, verifier, request.scan_id, gate, now)
    admitted = record(_admitted(code, ticket, admission))
    match admit(admission, admitted):
        case None:
            return Answer(admitted.verdict, replayed=False)
        case ScanRecord() as earlier:
            return _repeated(earlier, request, admitted.attempt)
        case Admission() as first:
            return refuse(door.already_used(first.admitted_at, first.gate))
        case NonceUsed():
            return refuse(refusal("QR_ALREADY_USED"))


def _repeated(earlier: ScanRecord, request: Scan, attempt: str | None) -> Answer:
    if earlier.fingerprint != request.fingerprint():
        raise Conflict("SCAN_ID_REUSED", "This scan id was used for another scan.")
    # Our own record stands in our way when the store's answer to the write was lost.
    return Answer(earlier.verdict, replayed=earlier.attempt != attempt)


def _checked_ticket(
    code: qr.QrCode, now: int, find_ticket: FindTicket, admit_when_database_is_down: bool
) -> Ticket | None:
    """The ticket; None if its check is deferred: the code was made a minute ago at most, after
    one. A prefetched code may be older than a sale, so it can't speak for the ticket.
    """
    try:
        ticket = find_ticket(code.token_id)
    except Unavailable:
        if code.prefetched or not admit_when_database_is_down:
            raise
        return None
    return door.check_ticket(code, ticket, now)


def _admission(
    code: qr.QrCode,
    ticket: Ticket | None,
    suite: Suite,
    verifier: Verifier,
    scan_id: str,
    gate: str | None,
    now: int,
) -> Admission:
    return Admission(
        suite.chain_id, suite.ticket_manager, code.token_id, code.event_id, code.epoch,
        code.nonce.hex(), code.expires_at, verifier.verifier_id, scan_id, gate,
        ticket.holder if ticket else None, "done" if ticket else "deferred", now,
    )  # fmt: skip


def _admitted(code: qr.QrCode, ticket: Ticket | None, admission: Admission) -> Verdict:
    return Verdict(
        admission.scan_id, admission.admitted_at, admission.gate, None, {},
        door.shown(code, ticket), admission.ticket_check,
    )  # fmt: skip
