"""A ticket as everybody may see it. What the door decides by is domain/ticket.py."""

from dataclasses import dataclass
from datetime import datetime

from onlineticket.domain.ticket import TicketStatus
from onlineticket.domain.types import (
    EventId,
    ListingId,
    Quantity,
    SuiteId,
    TokenId,
    TypeId,
    WalletAddress,
    Wei,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TicketDetail:
    """What only a contract read tells is None until it has been read."""

    suite_id: SuiteId
    token_id: TokenId
    event_id: EventId | None
    type_id: TypeId | None
    type_name: str | None
    owner: WalletAddress
    """`ownerOf` on chain: the Marketplace while the ticket is in escrow."""
    holder: WalletAddress
    """Who put it in escrow, else the owner."""
    escrowed: bool
    listed: bool
    """It can be bought now: its listing is active and has not expired."""
    listing_id: ListingId | None
    """Its listing that is ACTIVE on chain, though it may have expired."""
    seat_number: Quantity | None
    """0 is general admission."""
    seat_section: str | None
    original_price: Wei | None
    """The type's token price at the mint, even when ETH was paid."""
    original_buyer: WalletAddress | None
    status: TicketStatus
    """`used` also if it was checked in at the door."""
    chain_status: TicketStatus
    valid_from: datetime | None
    valid_until: datetime | None
    is_transferable: bool | None
    transfers: int
    minted_at: datetime
    admitted_at: datetime | None
