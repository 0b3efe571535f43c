"""How the rows of domain/rows.py lie in Postgres: table, key, and what kind of value is where."""

from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any

from onlineticket.domain import rows
from onlineticket.store import copy_text


@dataclass(frozen=True, slots=True)
class RowTable:
    """`columns` are the row's fields, in order; `key` those of its primary key. Beside numbers,
    truth values and words of ours there are `times`, `hashes`, `lists` of numbers and, from the
    chain, any `texts`.
    """

    name: str
    row: type
    key: tuple[str, ...]
    columns: tuple[str, ...]
    times: frozenset[str]
    hashes: frozenset[str]
    texts: frozenset[str]
    lists: frozenset[str]

    @property
    def select(self) -> str:
        """Columns for a SELECT that gives the row's own types: times as Unix seconds."""
        return ", ".join(
            f"extract(epoch FROM {name})::bigint" if name in self.times else name
            for name in self.columns
        )

    @property
    def writers(self) -> list[copy_text.Writer | None]:
        """For copy_text.line_of."""
        found: dict[str, copy_text.Writer] = dict.fromkeys(self.times, copy_text.time)
        found |= dict.fromkeys(self.hashes, copy_text.hash_)
        found |= dict.fromkeys(self.texts, copy_text.text)
        found |= dict.fromkeys(self.lists, copy_text.numbers)
        return [found.get(name) for name in self.columns]

    def values(self, row: Any) -> tuple[Any, ...]:
        read: tuple[Any, ...] = attrgetter(*self.columns)(row)
        return read


def _table(
    name: str,
    row: type,
    key: str,
    *,
    times: str = "",
    hashes: str = "",
    texts: str = "",
    lists: str = "",
) -> RowTable:
    columns = tuple(field.name for field in fields(row))
    kinds = [frozenset(names.split()) for names in (times, hashes, texts, lists)]
    return RowTable(name, row, tuple(key.split()), columns, *kinds)


EVENTS = _table(
    "events", rows.EventRow, "event_id", times="start_time end_time created_at",
    texts="name description image_url venue", lists="grams",
)  # fmt: skip
TICKET_TYPES = _table(
    "ticket_types", rows.TicketTypeRow, "event_id type_id",
    times="presale_start sale_start sale_end", texts="name",
)  # fmt: skip
TICKETS = _table(
    "tickets", rows.TicketRow, "token_id", times="minted_at valid_from valid_until",
    texts="seat_section",
)  # fmt: skip
LISTINGS = _table(
    "market_listings", rows.ListingRow, "listing_id", times="expires_at created_at closed_at"
)
AUCTIONS = _table("auctions", rows.AuctionRow, "auction_id", times="end_time created_at")
BID_BALANCES = _table("bid_balances", rows.BidBalanceRow, "wallet")
POOL = _table("swap_pool", rows.PoolRow, "", times="priced_at")
ORGANIZERS = _table("organizers", rows.OrganizerRow, "wallet")
VERIFIERS = _table("ticket_verifiers", rows.VerifierRow, "wallet")
TRADES = _table(
    "trades", rows.TradeRow, "block_number log_index", times="traded_at", hashes="tx_hash"
)
BIDS = _table("bids", rows.BidRow, "block_number log_index", times="bid_at")
SWAPS = _table(
    "swaps", rows.SwapRow, "block_number log_index", times="swapped_at", hashes="tx_hash"
)

ALL = (
    EVENTS, TICKET_TYPES, TICKETS, LISTINGS, AUCTIONS, BID_BALANCES, POOL, ORGANIZERS, VERIFIERS,
    TRADES, BIDS, SWAPS,
)  # fmt: skip
