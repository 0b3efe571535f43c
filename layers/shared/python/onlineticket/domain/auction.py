"""A ticket put up for auction at the Marketplace, with its bids."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from onlineticket.domain.types import (
    AuctionId,
    BlockNumber,
    EventId,
    SuiteId,
    TokenId,
    TypeId,
    WalletAddress,
    Wei,
)  # fmt: skip

AuctionStatus = Literal["active", "ended", "cancelled"]


@dataclass(frozen=True, slots=True)
class Bid:
    bidder: WalletAddress
    amount: Wei
    in_eth: bool
    bid_at: datetime


@dataclass(frozen=True, slots=True)
class Auction:
    """A starting price of 0 means that no bids are taken in that currency."""

    suite_id: SuiteId
    auction_id: AuctionId
    token_id: TokenId
    event_id: EventId | None
    type_id: TypeId | None
    seller: WalletAddress
    starting_price: Wei
    eth_starting_price: Wei
    reserve_price: Wei
    end_time: datetime
    status: AuctionStatus
    """An active one past `end_time` reads ended."""
    chain_status: AuctionStatus
    winner: WalletAddress | None
    winning_bid: Wei | None
    won_in_eth: bool | None
    created_at: datetime
    updated_block: BlockNumber
    bids_placed: int
    bids: list[Bid]
    """The newest twenty, newest first: the first is the one to beat."""
