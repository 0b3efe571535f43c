"""A ticket and its event, as of the last indexed block: what issuing and the door decide by."""

from dataclasses import dataclass, replace
from typing import Literal

from onlineticket.domain.door_rules import CLOSES_AFTER, MAX_ENTRIES, OPENS_BEFORE
from onlineticket.domain.types import ZERO_ADDRESS, EventId, Quantity, TokenId, WalletAddress

TicketStatus = Literal["valid", "used", "revoked", "expired"]
TICKET_STATUS: tuple[TicketStatus, ...] = ("valid", "used", "revoked", "expired")
"""By the number that TicketManager gives it."""


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
    entries: int = 0
    """Regular ones so far, as far as they are settled."""
    exits: int = 0
    max_entries: int = MAX_ENTRIES
    opens_before: int = OPENS_BEFORE
    closes_after: int = CLOSES_AFTER
    """The organizer's rules in force for it (domain/door_rules.py)."""

    @property
    def may_pass_again(self) -> bool:
        """It came in, and may come in once more, or leave. Where one entry is all there is, nobody
        scans exits.
        """
        if self.entries == 0 or self.max_entries == 1:
            return False
        return self.entries < self.max_entries or self.entries > self.exits

    def before(
        self,
        moved: int,
        owner: WalletAddress | None,
        status: TicketStatus | None,
        *,
        marketplace: WalletAddress,
    ) -> "Ticket | None":
        """The ticket as it was `moved` transfers ago; None if that is before its mint.

        `owner` and `status` are those before the first change taken back, None if there was none.
        In escrow its holder is not known: it stays who it is.
        """
        if owner == ZERO_ADDRESS:
            return None
        then = replace(self, transfers=self.transfers - moved, status=status or self.status)
        if owner is None:
            return then
        escrowed = owner == marketplace
        holder = self.holder if escrowed else owner
        return replace(then, owner=owner, holder=holder, escrowed=escrowed)
