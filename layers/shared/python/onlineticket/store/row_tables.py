"""How the rows of domain/rows.py lie in Postgres: table, key, and which columns are times."""

from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any

from onlineticket.domain import rows


@dataclass(frozen=True, slots=True)
class RowTable:
    """`columns` are the row's fields, in order; `key` those of its primary key."""

    name: str
    row: type
    key: tuple[str, ...]
    times: frozenset[str]
    columns: tuple[str, ...]
    hashes: frozenset[str]

    @property
    def select(self) -> str:
        """Columns for a SELECT that gives the row's own types: times as Unix seconds."""
        return ", ".join(
            f"extract(epoch FROM {name})::bigint" if name in self.times else name
            for name in self.columns
        )

    def values(self, row: Any) -> tuple[Any, ...]:
        read: tuple[Any, ...] = attrgetter(*self.columns)(row)
        return read


def _table(name: str, row: type, key: str, times: str = "", hashes: str = "") -> RowTable:
    columns = tuple(field.name for field in fields(row))
    return RowTable(
        name, row, tuple(key.split()), frozenset(times.split()), columns, frozenset(hashes.split())
    )


EVENTS = _table("events", rows.EventRow, "event_id", "start_time end_time created_at")
TICKET_TYPES = _table(
    "ticket_types", rows.TicketTypeRow, "event_id type_id", "presale_start sale_start sale_end"
)
TICKETS = _table("tickets", rows.TicketRow, "token_id", "minted_at valid_from valid_until")
LISTINGS = _table(
    "market_listings", rows.ListingRow, "listing_id", "expires_at created_at closed_at"
)
AUCTIONS = _table("auctions", rows.AuctionRow, "auction_id", "end_time created_at")
BID_BALANCES = _table("bid_balances", rows.BidBalanceRow, "wallet")
POOL = _table("swap_pool", rows.PoolRow, "", "priced_at")
ORGANIZERS = _table("organizers", rows.OrganizerRow, "wallet")
VERIFIERS = _table("ticket_verifiers", rows.VerifierRow, "wallet")
TRADES = _table("trades", rows.TradeRow, "block_number log_index", "traded_at", "tx_hash")
BIDS = _table("bids", rows.BidRow, "block_number log_index", "bid_at")
SWAPS = _table("swaps", rows.SwapRow, "block_number log_index", "swapped_at", "tx_hash")

ALL = (
    EVENTS, TICKET_TYPES, TICKETS, LISTINGS, AUCTIONS, BID_BALANCES, POOL, ORGANIZERS, VERIFIERS,
    TRADES, BIDS, SWAPS,
)  # fmt: skip
