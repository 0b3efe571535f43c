"""Give a ticket's holder codes to show at the gate. Nothing is stored but a line in the audit log:
what is not logged is not given.
"""

from collections.abc import Callable
from dataclasses import dataclass
from secrets import token_bytes

from onlineticket.domain import door, qr
from onlineticket.domain.audit import Entry
from onlineticket.domain.keyring import KeyRing
from onlineticket.domain.refusals import refusal
from onlineticket.domain.suite import Suite
from onlineticket.domain.ticket import Ticket
from onlineticket.domain.types import EventId, SuiteId, TokenId, WalletAddress

FindTicket = Callable[[TokenId], Ticket | None]
KeepEntry = Callable[[Entry], object]

MOST = 20
"""Codes in one batch: ten minutes of them."""


@dataclass(frozen=True, slots=True)
class IssuedCode:
    """A code and its 51 bytes as text, in either form."""

    code: qr.QrCode
    base45: str
    base64url: str


@dataclass(frozen=True, slots=True)
class Issued:
    event_id: EventId
    codes: list[IssuedCode]


def issue_qr(
    token_id: TokenId,
    caller: WalletAddress,
    *,
    count: int,
    now: int,
    keys: KeyRing,
    suite: Suite,
    suite_id: SuiteId,
    source: str | None,
    find_ticket: FindTicket,
    keep: KeepEntry,
    random: Callable[[int], bytes] = token_bytes,
) -> Issued:
    """`count` (1 to MOST) codes for consecutive slots, the first of which starts at `now`.

    `source` is the caller's network address, for the audit log.

    Raises:
        NotFound: `TICKET_NOT_FOUND`, `EVENT_NOT_FOUND`.
        Forbidden: `NOT_TICKET_HOLDER`.
        Conflict: `TICKET_ALREADY_USED`, `TICKET_REVOKED`, `TICKET_EXPIRED`, `TICKET_ESCROWED`.
        RuleBroken: `QR_ID_TOO_LARGE`.
    """
    ticket = find_ticket(token_id)
    if ticket is None:
        raise refusal("TICKET_NOT_FOUND")
    # First of all: a stranger learns nothing of the ticket's state.
    if ticket.holder != caller:
        raise refusal("NOT_TICKET_HOLDER")
    door.check_unused(ticket)
    if ticket.event_id is None:
        raise refusal("EVENT_NOT_FOUND")
    codes = qr.batch(
        ticket.event_id, token_id, ticket.transfers, count=count, now=now, random=random
    )
    issued = Issued(ticket.event_id, [_issued(code, keys, suite) for code in codes])
    keep(
        Entry(
            f"wallet:{caller}", "qr.issued", now, f"ticket:{token_id}", source,
            {"count": count, "epoch": ticket.transfers, "last_expires_at": codes[-1].expires_at},
            (suite_id, ticket.event_id),
        )
    )  # fmt: skip
    return issued


def _issued(code: qr.QrCode, keys: KeyRing, suite: Suite) -> IssuedCode:
    wire = qr.encode(code, keys, suite)
    return IssuedCode(code, qr.base45(wire), qr.base64url(wire))
