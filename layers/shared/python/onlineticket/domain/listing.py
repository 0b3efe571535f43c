"""Something on the market: a holder's listing, or a ticket type that its organizer sells."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

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

Side = Literal["primary", "secondary"]
"""primary: first sale by the organizer. secondary: resale by a holder through the Marketplace."""

ListingStatus = Literal["active", "sold", "cancelled", "expired"]

ListingSort = Literal[
    "-created_at", "created_at", "price", "-price", "eth_price", "-eth_price", "expires_at"
]
"""A minus: the last, or the dearest, first. By price or expiry only what is for sale is listed: in
that currency, and now.
"""


@dataclass(frozen=True, slots=True)
class Listing:
    """A primary one has no listing or token id, nor a status on chain; it names how many are left.

    A price of 0 means not for sale in that currency; what only a contract read tells is None until
    it has been read.
    """

    suite_id: SuiteId
    side: Side
    listing_id: ListingId | None
    token_id: TokenId | None
    event_id: EventId | None
    type_id: TypeId | None
    seller: WalletAddress
    price: Wei
    eth_price: Wei | None
    accepts_eth: bool | None
    available: Quantity | None
    status: ListingStatus
    """An active one past `expires_at` reads expired."""
    chain_status: ListingStatus | None
    purchasable: bool | None
    """It can be bought now: active, and its ticket valid and transferable. A ticket used, revoked
    or fixed while in escrow can't leave it any more, and its listing stays active for ever.
    """
    expires_at: datetime | None
    created_at: datetime | None
    buyer: WalletAddress | None
    sold_price: Wei | None
    sold_in_eth: bool | None
