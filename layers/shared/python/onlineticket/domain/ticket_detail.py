"""A ticket as everybody may see it. What the door decides by is domain/ticket.py."""

from dataclasses import dataclass
from datetime import datetime

from onlineticket.domain.ticket import TicketStatus
from onlineticket.domain.types import (
    AuctionId,
    BlockNumber,
    EventId,
    ListingId,
    Quantity,
    SuiteId,
    TokenId,
    TxHash,
    TypeId,
    WalletAddress,
    Wei,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Move:
    """One ERC-721 Transfer. The first is the mint, from the zero address."""

    sender: WalletAddress
    receiver: WalletAddress
    block: BlockNumber
    moved_at: datetime
    tx_hash: TxHash


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
    """Its listing is active and has not expired. Whether it can be bought, the listing says."""
    listing_id: ListingId | None
    """Its listing that is ACTIVE on chain, though it may have expired."""
    auction_id: AuctionId | None
    """Its auction that is ACTIVE on chain, though its time may be over."""
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
    moves: list[Move] | None = None
    """The newest hundred, newest first; None where tickets are listed."""
