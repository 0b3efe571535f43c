"""Reading auctions and their bids (tables `auctions`, `bids`)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from onlineticket.domain.auction import Auction, AuctionStatus, Bid
from onlineticket.domain.types import EventId, SuiteId, TokenId, WalletAddress

if TYPE_CHECKING:
    from psycopg import Connection

BIDS = 20

# An effective status, in terms of the column that has an index.
_WITH_STATUS = {
    "active": "a.status = 'active' AND a.end_time >= to_timestamp(%(now)s)",
    "ended": """a.status IN ('active', 'ended')
        AND (a.status = 'ended' OR a.end_time < to_timestamp(%(now)s))""",
    "cancelled": "a.status = 'cancelled'",
    None: "true",
}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which auctions; None means any."""

    status: AuctionStatus | None = None
    event_id: EventId | None = None
    token_id: TokenId | None = None
    seller: WalletAddress | None = None


After = tuple[int, int]
"""(auction id, 0) of the last auction of the page before."""


def after(auction: Auction) -> After:
    return auction.auction_id, 0


def page(
    conn: "Connection[Any]",
    suite_id: SuiteId,
    chosen: Filter,
    after: After | None,
    limit: int,
    *,
    now: int,
) -> list[Auction]:
    """One page, the newest first; `now` (Unix seconds) decides which are over."""
    conditions = {
        "a.event_id = %(event_id)s": chosen.event_id,
        "a.token_id = %(token_id)s": chosen.token_id,
        "a.seller = %(seller)s": chosen.seller,
        "a.auction_id < %(last_id)s": after,
    }
    given = " AND ".join(sql for sql, value in conditions.items() if value is not None)
    rows = conn.execute(
        f"""
        SELECT a.suite_id, a.auction_id, a.token_id, a.event_id, t.category AS type_id, a.seller,
            a.starting_price, a.eth_starting_price, a.reserve_price, a.end_time,
            CASE WHEN a.status = 'active' AND a.end_time < to_timestamp(%(now)s) THEN 'ended'
                ELSE a.status END AS status,
            a.status AS chain_status, a.winner, a.winning_bid, a.won_in_eth, a.created_at,
            a.updated_block,
            (SELECT count(*) FROM bids b
                WHERE b.suite_id = a.suite_id AND b.auction_id = a.auction_id) AS bids_placed,
            newest.bidders, newest.amounts, newest.in_eth, newest.bid_at
        FROM auctions a
        LEFT JOIN tickets t USING (suite_id, token_id)
        CROSS JOIN LATERAL (
            SELECT array_agg(b.bidder::text) AS bidders, array_agg(b.amount::numeric) AS amounts,
                array_agg(b.in_eth) AS in_eth, array_agg(b.bid_at) AS bid_at
            FROM (
                SELECT * FROM bids
                WHERE bids.suite_id = a.suite_id AND bids.auction_id = a.auction_id
                ORDER BY block_number DESC, log_index DESC LIMIT %(bids)s) b) newest
        WHERE a.suite_id = %(suite_id)s AND {_WITH_STATUS[chosen.status]} AND {given or "true"}
        ORDER BY a.auction_id DESC
        LIMIT %(limit)s
        """.encode(),
        {
            "suite_id": suite_id, "event_id": chosen.event_id, "token_id": chosen.token_id,
            "seller": chosen.seller, "last_id": after[0] if after else None, "limit": limit,
            "now": now, "bids": BIDS,
        },
    ).fetchall()  # fmt: skip
    return [Auction(*(*row[:-4], _bids(*row[-4:]))) for row in rows]


def _bids(*columns: list[Any] | None) -> list[Bid]:
    if columns[0] is None:
        return []
    return [Bid(*one) for one in zip(*columns, strict=True)]
