"""Reading tickets as everybody may see them (view `ticket_states`)."""

from typing import TYPE_CHECKING, Any

from onlineticket.domain.errors import NotFound
from onlineticket.domain.ticket_detail import TicketDetail
from onlineticket.domain.types import SuiteId, TokenId

if TYPE_CHECKING:
    from psycopg import Connection


def get(conn: "Connection[Any]", suite_id: SuiteId, token_id: TokenId, *, now: int) -> TicketDetail:
    """`now` (Unix seconds) decides whether its listing has expired.

    Raises:
        NotFound: `TICKET_NOT_FOUND`.
    """
    from psycopg.rows import class_row

    with conn.cursor(row_factory=class_row(TicketDetail)) as cursor:
        found = cursor.execute(
            """
            SELECT t.suite_id, t.token_id, t.event_id, t.type_id, ticket_types.name AS type_name,
                t.owner, t.holder, t.escrowed,
                COALESCE(l.status = 'active' AND l.expires_at >= to_timestamp(%(now)s), false)
                    AS listed,
                t.listing_id, t.seat_number, t.seat_section, t.original_price, t.original_buyer,
                t.effective_status AS status, t.status AS chain_status, t.valid_from, t.valid_until,
                t.is_transferable, t.transfers, t.minted_at, t.admitted_at
            FROM ticket_states t
            LEFT JOIN ticket_types USING (suite_id, event_id, type_id)
            LEFT JOIN market_listings l USING (suite_id, listing_id)
            WHERE t.suite_id = %(suite_id)s AND t.token_id = %(token_id)s
            """,
            {"suite_id": suite_id, "token_id": token_id, "now": now},
        ).fetchone()
    if found is None:
        raise NotFound("TICKET_NOT_FOUND", f"There is no ticket {token_id}.")
    return found
