"""A sale that happened: of tickets by their organizer, or of one ticket by its holder."""

from dataclasses import dataclass
from datetime import datetime

from onlineticket.domain.listing import Side
from onlineticket.domain.types import (
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
class Trade:
    """A resale is of one listing and ticket; a first sale of `quantity` tickets of a type."""

    suite_id: SuiteId
    side: Side
    event_id: EventId | None
    type_id: TypeId | None
    quantity: Quantity
    listing_id: ListingId | None
    token_id: TokenId | None
    buyer: WalletAddress
    seller: WalletAddress
    amount: Wei
    """The whole price, the platform's fee inside."""
    in_eth: bool
    traded_at: datetime
    tx_hash: TxHash
    block: BlockNumber
    log_index: int
