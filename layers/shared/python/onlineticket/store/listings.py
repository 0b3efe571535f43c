"""Reading the market (tables `market_listings`, and `ticket_types` for the primary side)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from onlineticket.domain.listing import Listing, ListingStatus, Side
from onlineticket.domain.types import EventId, SuiteId, WalletAddress
from onlineticket.store.events import ON_SALE_NOW

if TYPE_CHECKING:
    from psycopg import Connection

_EFFECTIVE = """
    CASE WHEN l.status = 'active' AND l.expires_at < to_timestamp(%(now)s) THEN 'expired'
    ELSE l.status END"""

# An effective status, in terms of the column that has an index.
_WITH_STATUS = {
    "active": "l.status = 'active' AND l.expires_at >= to_timestamp(%(now)s)",
    "expired": """(l.status = 'expired'
        OR l.status = 'active' AND l.expires_at < to_timestamp(%(now)s))""",
    "sold": "l.status = 'sold'",
    "cancelled": "l.status = 'cancelled'",
    None: "true",
}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which listings; None means any."""

    side: Side = "secondary"
    event_id: EventId | None = None
    status: ListingStatus | None = None
    seller: WalletAddress | None = None


After = tuple[int, int]
"""Of the last listing of the page before: (listing id, 0), or (event id, type id) if primary."""


def after(listing: Listing) -> After:
    if listing.listing_id is not None:
        return listing.listing_id, 0
    return listing.event_id or 0, listing.type_id or 0


def page(
    conn: "Connection[Any]",
    suite_id: SuiteId,
    chosen: Filter,
    after: After | None,
    limit: int,
    *,
    now: int,
) -> list[Listing]:
    """One page. Secondary: the newest first. Primary: what anybody may buy now, by event and type;
    it is always active. `now` in Unix seconds.
    """
    from psycopg.rows import class_row

    if chosen.side == "primary" and chosen.status not in (None, "active"):
        return []
    last_id, last_type = after or (None, None)
    with conn.cursor(row_factory=class_row(Listing)) as cursor:
        return cursor.execute(
            _primary(chosen, after) if chosen.side == "primary" else _secondary(chosen, after),
            {
                "suite_id": suite_id, "event_id": chosen.event_id, "seller": chosen.seller,
                "last_id": last_id, "last_type": last_type, "limit": limit, "now": now,
            },
        ).fetchall()  # fmt: skip


def _secondary(chosen: Filter, after: After | None) -> str:
    given = _given({
        "l.seller = %(seller)s": chosen.seller,
        "t.event_id = %(event_id)s": chosen.event_id,
        "l.listing_id < %(last_id)s": after,
    })  # fmt: skip
    return f"""
        SELECT l.suite_id, 'secondary' AS side, l.listing_id, l.token_id, t.event_id,
            t.category AS type_id, l.seller, l.price, l.eth_price, l.accepts_eth,
            NULL AS available, {_EFFECTIVE} AS status, l.status AS chain_status, l.expires_at,
            l.created_at, l.buyer, l.sold_price, l.sold_in_eth
        FROM market_listings l LEFT JOIN tickets t USING (suite_id, token_id)
        WHERE l.suite_id = %(suite_id)s AND {_WITH_STATUS[chosen.status]} AND {given}
        ORDER BY l.listing_id DESC
        LIMIT %(limit)s
        """


def _primary(chosen: Filter, after: After | None) -> str:
    given = _given({
        "e.organizer = %(seller)s": chosen.seller,
        "t.event_id = %(event_id)s": chosen.event_id,
        "(t.event_id, t.type_id) > (%(last_id)s, %(last_type)s)": after,
    })  # fmt: skip
    return f"""
        SELECT t.suite_id, 'primary' AS side, NULL AS listing_id, NULL AS token_id, t.event_id,
            t.type_id, e.organizer AS seller, t.price, t.eth_price, t.eth_price > 0 AS accepts_eth,
            t.total_supply - t.sold AS available, 'active' AS status, NULL AS chain_status,
            t.sale_end AS expires_at, NULL AS created_at, NULL AS buyer, NULL AS sold_price,
            NULL AS sold_in_eth
        FROM ticket_types t JOIN events e USING (suite_id, event_id)
        WHERE t.suite_id = %(suite_id)s AND {ON_SALE_NOW} AND {given}
        ORDER BY t.event_id, t.type_id
        LIMIT %(limit)s
        """


def _given(conditions: dict[str, object]) -> str:
    return " AND ".join(sql for sql, value in conditions.items() if value is not None) or "true"
