"""The rows of the chain-derived tables while logs are folded into them (domain/fold.py).

Field order is column order (migrations/0001), without suite_id. The listings' and auctions'
event_id and the events' grams (domain/search.py) are added by the store when it writes them. Times
are Unix seconds. Mutable on purpose, and only here: a batch folds thousands of logs into them
before they are written.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(slots=True)
class EventRow:
    event_id: int
    organizer: str
    name: str
    start_time: int
    end_time: int
    status: str
    approved: bool
    revenue_token: int
    revenue_eth: int
    created_block: int
    created_at: int
    updated_block: int
    status_logged: bool = False
    approval_logged: bool = False
    read_block: int | None = None
    description: str | None = None
    image_url: str | None = None
    venue: str | None = None
    requires_approval: bool | None = None
    grams: Sequence[int] | None = None


@dataclass(slots=True)
class TicketTypeRow:
    event_id: int
    type_id: int
    name: str
    price: int
    total_supply: int
    sold: int
    created_block: int
    updated_block: int
    read_block: int | None = None
    eth_price: int | None = None
    presale_start: int | None = None
    sale_start: int | None = None
    sale_end: int | None = None
    is_transferable: bool | None = None
    presale_only: bool | None = None


@dataclass(slots=True)
class TicketRow:
    token_id: int
    event_id: int | None
    owner: str
    holder: str
    escrowed: bool
    transfers: int
    status: str
    seat_number: int | None
    original_price: int | None
    original_buyer: str | None
    listing_id: int | None
    auction_id: int | None
    minted_block: int
    minted_at: int
    updated_block: int
    read_block: int | None = None
    category: int | None = None
    seat_section: str | None = None
    valid_from: int | None = None
    valid_until: int | None = None
    is_transferable: bool | None = None


@dataclass(slots=True)
class ListingRow:
    listing_id: int
    token_id: int
    seller: str
    price: int
    eth_price: int
    expires_at: int
    status: str
    buyer: str | None
    sold_price: int | None
    sold_in_eth: bool | None
    created_block: int
    created_at: int
    closed_at: int | None
    updated_block: int
    event_id: int | None = None
    read_block: int | None = None
    accepts_eth: bool | None = None


@dataclass(slots=True)
class AuctionRow:
    auction_id: int
    token_id: int
    seller: str
    starting_price: int
    eth_starting_price: int
    reserve_price: int
    end_time: int
    status: str
    winner: str | None
    winning_bid: int | None
    won_in_eth: bool | None
    created_block: int
    created_at: int
    updated_block: int
    event_id: int | None = None


@dataclass(slots=True)
class BidBalanceRow:
    wallet: str
    token_balance: int
    eth_balance: int
    updated_block: int


@dataclass(slots=True)
class PoolRow:
    reserve_token: int
    reserve_eth: int
    swap_fee_rate: int
    protocol_fee_rate: int
    token_price: int | None
    eth_price: int | None
    priced_at: int | None
    updated_block: int


@dataclass(slots=True)
class OrganizerRow:
    wallet: str
    authorized: bool
    withdrawn_token: int
    withdrawn_eth: int
    updated_block: int


@dataclass(slots=True)
class VerifierRow:
    wallet: str
    may_use: bool
    may_mint: bool
    updated_block: int


@dataclass(slots=True)
class TradeRow:
    block_number: int
    log_index: int
    side: str
    event_id: int | None
    type_id: int | None
    quantity: int
    listing_id: int | None
    token_id: int | None
    buyer: str
    seller: str | None
    amount: int
    in_eth: bool
    traded_at: int
    tx_hash: str


@dataclass(slots=True)
class BidRow:
    block_number: int
    log_index: int
    auction_id: int
    bidder: str
    amount: int
    in_eth: bool
    bid_at: int


@dataclass(slots=True)
class SwapRow:
    block_number: int
    log_index: int
    wallet: str
    token_in: str
    token_out: str
    amount_in: int
    amount_out: int
    fee: int
    swapped_at: int
    tx_hash: str
