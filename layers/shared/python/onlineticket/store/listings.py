"""Reading the market (tables `market_listings`, and `ticket_types` for the primary side)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from onlineticket.domain.chain_log import LAST_SECOND
from onlineticket.domain.errors import Invalid, NotFound
from onlineticket.domain.listing import Listing, ListingSort, ListingStatus, Side
from onlineticket.domain.types import EventId, ListingId, SuiteId, WalletAddress
from onlineticket.store.events import ON_SALE_NOW

if TYPE_CHECKING:
    from psycopg import Connection

# An effective status, in terms of the columns that have indexes.
_WITH_STATUS = {
    "active": "l.status = 'active' AND l.expires_at >= to_timestamp(%(now)s)",
    "expired": """l.status IN ('active', 'expired')
        AND (l.status = 'expired' OR l.expires_at < to_timestamp(%(now)s))""",
    "sold": "l.status = 'sold'",
    "cancelled": "l.status = 'cancelled'",
    None: "true",
}
_CAN_MOVE = "t.status = 'valid' AND t.is_transferable IS NOT FALSE"
_FOR_SALE_IN = {
    "price": f"l.price > 0 AND {_CAN_MOVE}",
    "eth_price": f"l.eth_price > 0 AND l.accepts_eth AND {_CAN_MOVE}",
    "expires_at": _CAN_MOVE,
    "created_at": "true",
}

_SECONDARY = """
    SELECT l.suite_id, 'secondary' AS side, l.listing_id, l.token_id, l.event_id,
        t.category AS type_id, l.seller, l.price, l.eth_price, l.accepts_eth, NULL AS available,
        CASE WHEN l.status = 'active' AND l.expires_at < to_timestamp(%(now)s) THEN 'expired'
            ELSE l.status END AS status,
        l.status AS chain_status,
        l.status = 'active' AND l.expires_at >= to_timestamp(%(now)s)
            AND t.status = 'valid' AND t.is_transferable AS purchasable,
        l.expires_at, l.created_at, l.buyer, l.sold_price, l.sold_in_eth
    FROM market_listings l LEFT JOIN tickets t USING (suite_id, token_id)
    """
_PRIMARY = """
    SELECT t.suite_id, 'primary' AS side, NULL AS listing_id, NULL AS token_id, t.event_id,
        t.type_id, e.organizer AS seller, t.price, t.eth_price, t.eth_price > 0 AS accepts_eth,
        t.total_supply - t.sold AS available, 'active' AS status, NULL AS chain_status,
        true AS purchasable, t.sale_end AS expires_at, NULL AS created_at, NULL AS buyer,
        NULL AS sold_price, NULL AS sold_in_eth
    FROM events e JOIN ticket_types t USING (suite_id, event_id)
    """


@dataclass(frozen=True, slots=True)
class Filter:
    """Which listings; None means any."""

    side: Side = "secondary"
    event_id: EventId | None = None
    status: ListingStatus | None = None
    seller: WalletAddress | None = None
    sort: ListingSort | None = None


After = tuple[int, int]
"""Of the last listing of the page before: (what it is sorted by, listing id), or (event id,
type id) if primary."""


def after(chosen: Filter) -> Callable[[Listing], After]:
    column = (chosen.sort or "created_at").removeprefix("-")

    def of(listing: Listing) -> After:
        if listing.listing_id is None:
            return listing.event_id or 0, listing.type_id or 0
        if column == "expires_at":
            assert listing.expires_at is not None
            return int(listing.expires_at.timestamp()), listing.listing_id
        return (getattr(listing, column) if "price" in column else 0), listing.listing_id

    return of


def get(conn: "Connection[Any]", suite_id: SuiteId, listing_id: ListingId, *, now: int) -> Listing:
    """
    Raises:
        NotFound: `LISTING_NOT_FOUND`.
    """
    from psycopg.rows import class_row

    with conn.cursor(row_factory=class_row(Listing)) as cursor:
        found = cursor.execute(
            _SECONDARY + "WHERE l.suite_id = %(suite_id)s AND l.listing_id = %(listing_id)s",
            {"suite_id": suite_id, "listing_id": listing_id, "now": now},
        ).fetchone()
    if found is None:
        raise NotFound("LISTING_NOT_FOUND", f"There is no listing {listing_id}.")
    return found


def page(
    conn: "Connection[Any]",
    suite_id: SuiteId,
    chosen: Filter,
    after: After | None,
    limit: int,
    *,
    now: int,
) -> list[Listing]:
    """One page. Secondary: the newest first, or as `chosen` says. Primary: what anybody may buy
    now, by event and type; it is always active. `now` in Unix seconds.

    Raises:
        Invalid: `SORT_NOT_POSSIBLE`.
    """
    from psycopg.rows import class_row

    query = _primary(chosen, after) if chosen.side == "primary" else _secondary(chosen, after)
    if chosen.side == "primary" and chosen.status not in (None, "active"):
        return []
    last, last_id = after or (None, None)
    if chosen.sort == "expires_at" and last is not None:
        last = min(last, LAST_SECOND)
    with conn.cursor(row_factory=class_row(Listing)) as cursor:
        return cursor.execute(
            query,
            {
                "suite_id": suite_id, "event_id": chosen.event_id, "seller": chosen.seller,
                "last": last, "last_id": last_id, "limit": limit, "now": now,
            },
        ).fetchall()  # fmt: skip


def _secondary(chosen: Filter, after: After | None) -> str:
    sort = chosen.sort or "-created_at"
    column, down = sort.removeprefix("-"), sort.startswith("-")
    status = chosen.status
    if column != "created_at":
        if status not in (None, "active"):
            raise _not_possible("By price or expiry only active listings are sorted.")
        status = "active"
    comes_after, order = ("<", " DESC") if down else (">", "")
    last = "to_timestamp(%(last)s)" if column == "expires_at" else "%(last)s"
    # Ids are given in the order of creation.
    keyset = (
        f"l.listing_id {comes_after} %(last_id)s"
        if column == "created_at"
        else f"(l.{column}, l.listing_id) {comes_after} ({last}, %(last_id)s)"
    )
    first = "" if column == "created_at" else f"l.{column}{order}, "
    given = _given({
        "l.seller = %(seller)s": chosen.seller,
        "l.event_id = %(event_id)s": chosen.event_id,
        keyset: after,
    })  # fmt: skip
    return f"""
        {_SECONDARY}
        WHERE l.suite_id = %(suite_id)s AND {_WITH_STATUS[status]} AND {_FOR_SALE_IN[column]}
            AND {given}
        ORDER BY {first}l.listing_id{order}
        LIMIT %(limit)s
        """


def _primary(chosen: Filter, after: After | None) -> str:
    if chosen.sort is not None:
        raise _not_possible("Ticket types on sale come by event and type alone.")
    given = _given({
        "e.organizer = %(seller)s": chosen.seller,
        "e.event_id = %(event_id)s": chosen.event_id,
        # The first part is implied; it is what the index of events can do.
        "e.event_id >= %(last)s AND (t.event_id, t.type_id) > (%(last)s, %(last_id)s)": after,
    })  # fmt: skip
    return f"""
        {_PRIMARY}
        WHERE e.suite_id = %(suite_id)s AND {ON_SALE_NOW} AND {given}
        ORDER BY e.event_id, t.type_id
        LIMIT %(limit)s
        """


def _given(conditions: dict[str, object]) -> str:
    return " AND ".join(sql for sql, value in conditions.items() if value is not None) or "true"


def _not_possible(why: str) -> Invalid:
    return Invalid("SORT_NOT_POSSIBLE", why, field="query.sort")
