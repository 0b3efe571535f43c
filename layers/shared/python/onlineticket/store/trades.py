"""Reading sales that happened (table `trades`)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from onlineticket.domain.listing import Side
from onlineticket.domain.trade import Trade
from onlineticket.domain.types import EventId, SuiteId, TokenId, WalletAddress

if TYPE_CHECKING:
    from psycopg import Connection


@dataclass(frozen=True, slots=True)
class Filter:
    """Which trades; None means any."""

    side: Side | None = None
    event_id: EventId | None = None
    token_id: TokenId | None = None
    buyer: WalletAddress | None = None
    seller: WalletAddress | None = None


After = tuple[int, int]
"""(block number, log index) of the last trade of the page before."""

_LAST_BLOCK, _LAST_INDEX = 2**63 - 1, 2**31 - 1


def after(trade: Trade) -> After:
    return trade.block, trade.log_index


def page(
    conn: "Connection[Any]", suite_id: SuiteId, chosen: Filter, after: After | None, limit: int
) -> list[Trade]:
    """One page, the newest first."""
    from psycopg.rows import class_row

    conditions = {
        "d.side = %(side)s": chosen.side,
        "d.event_id = %(event_id)s": chosen.event_id,
        "d.token_id = %(token_id)s": chosen.token_id,
        "d.buyer = %(buyer)s": chosen.buyer,
        "d.seller = %(seller)s": chosen.seller,
        "(d.block_number, d.log_index) < (%(block)s, %(index)s)": after,
    }
    given = " AND ".join(sql for sql, value in conditions.items() if value is not None)
    block, index = after or (0, 0)
    with conn.cursor(row_factory=class_row(Trade)) as cursor:
        return cursor.execute(
            f"""
            SELECT d.suite_id, d.side, d.event_id, COALESCE(d.type_id, t.category) AS type_id,
                d.quantity, d.listing_id, d.token_id, d.buyer, d.seller, d.amount, d.in_eth,
                d.traded_at, '0x' || encode(d.tx_hash, 'hex') AS tx_hash, d.block_number AS block,
                d.log_index
            FROM trades d LEFT JOIN tickets t USING (suite_id, token_id)
            WHERE d.suite_id = %(suite_id)s AND {given or "true"}
            ORDER BY d.block_number DESC, d.log_index DESC
            LIMIT %(limit)s
            """,
            {
                "suite_id": suite_id, "side": chosen.side, "event_id": chosen.event_id,
                "token_id": chosen.token_id, "buyer": chosen.buyer, "seller": chosen.seller,
                "block": min(block, _LAST_BLOCK), "index": min(index, _LAST_INDEX),
                "limit": limit,
            },
        ).fetchall()  # fmt: skip
