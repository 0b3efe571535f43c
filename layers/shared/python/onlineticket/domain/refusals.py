"""What the door says no with: every code, its place in the error tree, its sentence.

Codes are API. A stored refusal keeps the code and the details only, so that a replay finds its
class and its sentence here.
"""

from typing import Any

from onlineticket.domain.errors import Conflict, Forbidden, NotFound, Refused, RuleBroken

REFUSALS: dict[str, tuple[type[Refused], str]] = {
    # the code itself
    "QR_FORGED": (RuleBroken, "This is not one of our codes."),
    "QR_EXPIRED": (RuleBroken, "The code has expired; ask the holder to refresh it."),
    "QR_NOT_YET_VALID": (RuleBroken, "The code is for a later moment; ask for the current one."),
    "QR_ALREADY_USED": (Conflict, "The code has been used; ask the holder to refresh it."),
    "QR_SUPERSEDED": (Conflict, "The ticket changed hands after this code was made."),
    # the terminal
    "WRONG_EVENT": (Forbidden, "The ticket is for an event that this terminal does not serve."),
    "WRONG_GATE": (Forbidden, "This terminal does not serve that gate."),
    # the ticket
    "TICKET_NOT_FOUND": (NotFound, "There is no such ticket."),
    "TICKET_ALREADY_USED": (Conflict, "The ticket has already been used."),
    "TICKET_INSIDE": (Conflict, "The ticket is in; it may come in again after an exit."),
    "TICKET_NOT_INSIDE": (Conflict, "The ticket is not in, so it can't leave."),
    "DOUBLE_ADMISSION": (Conflict, "The holder went in, but the ticket had been used before."),
    "TOO_MANY_PASSAGES": (RuleBroken, "The ticket's journal is full."),
    "TICKET_REVOKED": (Conflict, "The ticket has been revoked."),
    "TICKET_EXPIRED": (Conflict, "The ticket has expired."),
    "TICKET_ESCROWED": (Conflict, "The ticket is up for sale in the marketplace."),
    "NOT_TICKET_HOLDER": (Forbidden, "Only the ticket's holder may do this."),
    # a scan made offline
    "TURNED_AWAY": (Conflict, "The terminal turned the holder away; the ticket may still enter."),
    "SCANNED_IN_FUTURE": (RuleBroken, "The scan is said to be made later than now."),
    "SCANNED_TOO_LONG_AGO": (RuleBroken, "The scan was made too long ago to be settled."),
    # an undo
    "SCAN_NOT_FOUND": (NotFound, "There is no such scan."),
    "NOTHING_TO_UNDO": (Conflict, "Nobody was let through by it."),
    "ALREADY_UNDONE": (Conflict, "It has been undone before."),
    "PASSED_SINCE": (Conflict, "The ticket has passed again since; undo that first."),
    "UNDO_TOO_LATE": (RuleBroken, "It can't be undone any more."),
    # the event
    "EVENT_NOT_FOUND": (NotFound, "The ticket's event is not known."),
    "EVENT_CANCELLED": (Conflict, "The event has been cancelled."),
    "TOO_EARLY": (RuleBroken, "The doors are not open yet."),
    "TOO_LATE": (RuleBroken, "The doors have closed."),
}


def refusal(code: str, **details: Any) -> Refused:
    """The error to raise for `code`. A KeyError is a bug: the code is not in the table."""
    kind, message = REFUSALS[code]
    return kind(code, message, **details)
