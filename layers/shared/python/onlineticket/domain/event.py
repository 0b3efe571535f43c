"""An event and its ticket types, as of the last indexed block."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from onlineticket.domain.types import (
    BlockNumber,
    EventId,
    Quantity,
    SuiteId,
    TypeId,
    WalletAddress,
    Wei,
)  # fmt: skip

EventStatus = Literal[
    "draft", "published", "presale", "onsale", "sold_out", "cancelled", "ended", "settled"
]


EventSort = Literal["start_time", "-start_time", "created_at", "-created_at"]
"""A minus: the last first."""


@dataclass(frozen=True, slots=True)
class Event:
    """What only a contract read tells is None until it has been read."""

    suite_id: SuiteId
    event_id: EventId
    organizer: WalletAddress
    name: str
    description: str | None
    image_url: str | None
    venue: str | None
    start_time: datetime
    end_time: datetime
    """May lie before the start: `updateEvent` allows it."""
    status: EventStatus
    """What the chain says: it does not notice when the last ticket is sold for ETH."""
    total_supply: Quantity
    """Of all its ticket types."""
    sold: Quantity
    sold_out: bool
    """There are ticket types, and none has a ticket left."""
    requires_approval: bool | None
    approved: bool
    revenue_token: Wei
    """Gross primary sales in the platform token."""
    revenue_eth: Wei
    created_at: datetime
    updated_block: BlockNumber


@dataclass(frozen=True, slots=True)
class TicketType:
    """A class of tickets of one event. A price of 0 means not for sale in that currency."""

    event_id: EventId
    type_id: TypeId
    name: str
    price: Wei
    eth_price: Wei | None
    total_supply: Quantity
    sold: Quantity
    available: Quantity
    presale_start: datetime | None
    sale_start: datetime | None
    sale_end: datetime | None
    is_transferable: bool | None
    presale_only: bool | None
    on_sale_now: bool | None
    """Anybody may buy one now; None while that depends on what has not been read yet."""
    presale_now: bool | None
    """Whitelisted wallets may buy one now."""
    updated_block: BlockNumber
