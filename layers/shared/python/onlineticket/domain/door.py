"""The rules of the door, and what it writes down.

A scan is one press of a terminal's trigger, named by the terminal with a scan id; repeating it
repeats its verdict. An admission belongs to the ticket, not to the code or the wallet.
"""

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

from onlineticket.domain.address import checksum
from onlineticket.domain.clock import rfc3339
from onlineticket.domain.errors import Refused
from onlineticket.domain.passage import Direction, Passage, TicketCheck, already_used
from onlineticket.domain.qr import QrCode
from onlineticket.domain.refusals import refusal
from onlineticket.domain.ticket import Ticket
from onlineticket.domain.types import EventId, WalletAddress
from onlineticket.domain.verifier import Verifier


@dataclass(frozen=True, slots=True)
class Scan:
    """What a terminal sends. `scan_id` is a UUID in lowercase."""

    qr: str
    scan_id: str
    gate: str | None
    direction: Direction = "entry"

    def fingerprint(self) -> str:
        """Equal for a retry; it differs when something else is sent under the same scan id."""
        content = [self.qr, self.gate, self.direction]
        return sha256(json.dumps(content).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class TicketShown:
    """What a terminal sees of a ticket. What a deferred check could not read is None."""

    token_id: str
    event_id: str
    seat: str | None
    section: str | None
    type_name: str | None
    holder: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to one scan; a replay repeats it. `decided_at` in Unix seconds.

    `refusal` is a code of domain/refusals.py, with its `details`; None means let through, and then
    `ticket` and `ticket_check` are there.
    """

    scan_id: str
    decided_at: int
    gate: str | None
    refusal: str | None
    details: dict[str, Any]
    ticket: TicketShown | None
    ticket_check: TicketCheck | None
    direction: Direction = "entry"

    def to_json(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))


def verdict_from_json(text: str) -> Verdict:
    kept = json.loads(text)
    kept["ticket"] = TicketShown(**kept["ticket"]) if kept["ticket"] else None
    return Verdict(**kept)


@dataclass(frozen=True, slots=True)
class ScanRecord:
    """A decided scan as kept. `attempt` names the request that wrote it, of all its retries.

    `undone_at`: when a supervisor took back what it let through.
    """

    verifier_id: str
    scan_id: str
    fingerprint: str
    attempt: str
    verdict: Verdict
    undone_at: int | None = None


@dataclass(frozen=True, slots=True)
class NonceUsed:
    """The code was spent, though its ticket may pass."""


def check_scope(code: QrCode, verifier: Verifier, gate: str | None) -> None:
    """
    Raises:
        Forbidden: `WRONG_EVENT`, `WRONG_GATE`.
    """
    check_event(code.event_id, verifier)
    if not verifier.serves_gate(gate):
        raise refusal("WRONG_GATE", gate=gate)


def check_event(event_id: EventId, verifier: Verifier) -> None:
    """
    Raises:
        Forbidden: `WRONG_EVENT`.
    """
    if not verifier.serves_event(event_id):
        raise refusal("WRONG_EVENT", event_id=str(event_id))


def check_ticket(code: QrCode, ticket: Ticket | None, now: int) -> Ticket:
    """The ticket, if the chain's state lets it in at `now`.

    Whether it was let in before is not asked here: only the admission's own write can tell.

    Raises:
        NotFound: `TICKET_NOT_FOUND`, `EVENT_NOT_FOUND`.
        Forbidden: `WRONG_EVENT`.
        Conflict: `TICKET_ALREADY_USED`, `TICKET_REVOKED`, `TICKET_EXPIRED`, `QR_SUPERSEDED`,
            `TICKET_ESCROWED`, `EVENT_CANCELLED`.
        RuleBroken: `TOO_EARLY`, `TOO_LATE`.
    """
    if ticket is None:
        raise refusal("TICKET_NOT_FOUND")
    if ticket.event_id != code.event_id:
        raise refusal("WRONG_EVENT", event_id=str(ticket.event_id))
    _check_status(ticket)
    _check_epoch(code, ticket)
    _check_window(ticket, now)
    return ticket


def check_exit(code: QrCode, ticket: Ticket | None) -> Ticket:
    """The ticket, if `code` is one of its holder's: whoever is in may leave, at any time, though
    the ticket was revoked or the event cancelled meanwhile.

    Raises:
        NotFound: `TICKET_NOT_FOUND`.
        Forbidden: `WRONG_EVENT`.
        Conflict: `QR_SUPERSEDED`, `TICKET_ESCROWED`.
    """
    if ticket is None:
        raise refusal("TICKET_NOT_FOUND")
    if ticket.event_id != code.event_id:
        raise refusal("WRONG_EVENT", event_id=str(ticket.event_id))
    _check_epoch(code, ticket)
    return ticket


def check_unused(ticket: Ticket) -> None:
    """Whether a code may be made for `ticket`: as at the door, but there must be a passage left
    for it: an entry, or an exit of a ticket that may come in again.

    Raises:
        Conflict: `TICKET_ALREADY_USED`, `TICKET_REVOKED`, `TICKET_EXPIRED`, `TICKET_ESCROWED`.
    """
    if ticket.effective_status == "used" and not ticket.may_pass_again:
        raise already_used(ticket.admitted_at, ticket.admitted_gate)
    _check_status(ticket)
    if ticket.escrowed:
        raise refusal("TICKET_ESCROWED")


def double_admission(first: Passage, second: Passage) -> Refused:
    """`second` let somebody in with a ticket that `first` had let in before."""
    return refusal(
        "DOUBLE_ADMISSION",
        admitted_at=rfc3339(first.at),
        gate=first.gate,
        second_admitted_at=rfc3339(second.at),
        second_gate=second.gate,
    )


def shown(code: QrCode, ticket: Ticket | None) -> TicketShown:
    """What the terminal may see; `ticket` is None when its check was deferred."""
    ids = str(code.token_id), str(code.event_id)
    if ticket is None:
        return TicketShown(*ids, None, None, None, None)
    seat = None if ticket.seat_number is None else str(ticket.seat_number)
    return TicketShown(
        *ids, seat, ticket.seat_section, ticket.type_name, shortened(ticket.holder)
    )  # fmt: skip


def shortened(wallet: WalletAddress) -> str:
    """Enough of an address to compare by eye with what a wallet shows (EIP-55)."""
    written = checksum(wallet)
    return f"{written[:6]}…{written[-4:]}"


def _check_status(ticket: Ticket) -> None:
    # Used on chain by our own settling: then the door's own record says whether it may pass.
    if ticket.status == "used" and ticket.entries == 0:
        raise already_used(ticket.admitted_at, ticket.admitted_gate)
    if ticket.status == "revoked":
        raise refusal("TICKET_REVOKED")
    if ticket.status == "expired":
        raise refusal("TICKET_EXPIRED")


def _check_epoch(code: QrCode, ticket: Ticket) -> None:
    # Going into escrow is a transfer too: if it is the only one since the code was made, the code
    # is the seller's, and the listing is the reason to name.
    if ticket.escrowed and ticket.transfers - code.epoch in (0, 1):
        raise refusal("TICKET_ESCROWED")
    if ticket.transfers != code.epoch:
        raise refusal("QR_SUPERSEDED")


def _check_window(ticket: Ticket, now: int) -> None:
    starts_at, ends_at = ticket.event_starts_at, ticket.event_ends_at
    if starts_at is None or ends_at is None:
        raise refusal("EVENT_NOT_FOUND")
    if ticket.event_status == "cancelled":
        raise refusal("EVENT_CANCELLED")
    opens_at = starts_at - ticket.opens_before
    closes_at = max(starts_at, ends_at) + ticket.closes_after
    if now < opens_at:
        raise refusal("TOO_EARLY", opens_at=rfc3339(opens_at))
    if now > closes_at:
        raise refusal("TOO_LATE", closed_at=rfc3339(closes_at))
