"""A ticket and its event, as of the last indexed block: what issuing and the door decide by."""

from dataclasses import dataclass
from typing import Literal

from onlineticket.domain.types import EventId, Quantity, TokenId, WalletAddress

TicketStatus = Literal["valid", "used", "revoked", "expired"]


@dataclass(frozen=True, slots=True)
class Ticket:
    """A row of view ticket_states with its event. Times in Unix seconds.

    What only a contract read tells is None until it has been read; the event's columns are None
    if the chain never announced it (authorized minters may mint for any event id).
    """

    token_id: TokenId
    event_id: EventId | None
    owner: WalletAddress
    """ownerOf on chain: the Marketplace while the ticket is in escrow."""
    holder: WalletAddress
    """Who put it in escrow, else the owner."""
    escrowed: bool
    transfers: int
    status: TicketStatus
    """What the chain says."""
    effective_status: TicketStatus
    """`used` also if it was checked in."""
    admitted_at: int | None
    admitted_gate: str | None
    seat_number: Quantity | None
    """0 is general admission."""
    seat_section: str | None
    type_name: str | None
    event_status: str | None
    event_starts_at: int | None
    event_ends_at: int | None
    """May lie before the start: `updateEvent` allows it."""
