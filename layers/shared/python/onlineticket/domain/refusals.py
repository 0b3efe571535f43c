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
    "TICKET_REVOKED": (Conflict, "The ticket has been revoked."),
    "TICKET_EXPIRED": (Conflict, "The ticket has expired."),
    "TICKET_ESCROWED": (Conflict, "The ticket is up for sale in the marketplace."),
    "NOT_TICKET_HOLDER": (Forbidden, "Only the ticket's holder may do this."),
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
