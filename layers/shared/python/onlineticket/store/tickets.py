"""Reading tickets as everybody may see them (view `ticket_states`, and the raw logs of moves)."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from onlineticket.domain.errors import NotFound
from onlineticket.domain.ticket import TicketStatus
from onlineticket.domain.ticket_detail import Move, TicketDetail
from onlineticket.domain.types import SuiteId, TokenId, WalletAddress

if TYPE_CHECKING:
    from psycopg import Connection

MOVES = 100
TRANSFER = bytes.fromhex("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef")
"""ERC-721 `Transfer(address,address,uint256)`."""

_TICKET = """
    SELECT t.suite_id, t.token_id, t.event_id, t.type_id, ticket_types.name AS type_name,
        t.owner, t.holder, t.escrowed,
        COALESCE(l.status = 'active' AND l.expires_at >= to_timestamp(%(now)s), false) AS listed,
        t.listing_id, t.auction_id, t.seat_number, t.seat_section, t.original_price,
        t.original_buyer, t.effective_status AS status, t.status AS chain_status, t.valid_from,
        t.valid_until, t.is_transferable, t.transfers, t.minted_at, t.admitted_at
    FROM ticket_states t
    LEFT JOIN ticket_types USING (suite_id, event_id, type_id)
    LEFT JOIN market_listings l USING (suite_id, listing_id)
    """


@dataclass(frozen=True, slots=True)
class Filter:
    """Which tickets; None means any. `holder`: who has it, or has it in escrow."""

    holder: WalletAddress
    status: TicketStatus | None = None


After = tuple[int, int]
"""(token id, 0) of the last ticket of the page before."""


def after(ticket: TicketDetail) -> After:
    return ticket.token_id, 0


def get(conn: "Connection[Any]", suite_id: SuiteId, token_id: TokenId, *, now: int) -> TicketDetail:
    """With its moves. `now` (Unix seconds) decides whether its listing has expired.

    Raises:
        NotFound: `TICKET_NOT_FOUND`.
    """
    from psycopg.rows import class_row

    with conn.cursor(row_factory=class_row(TicketDetail)) as cursor:
        found = cursor.execute(
            _TICKET + "WHERE t.suite_id = %(suite_id)s AND t.token_id = %(token_id)s",
            {"suite_id": suite_id, "token_id": token_id, "now": now},
        ).fetchone()
    if found is None:
        raise NotFound("TICKET_NOT_FOUND", f"There is no ticket {token_id}.")
    return replace(found, moves=_moves(conn, suite_id, token_id))


def page(
    conn: "Connection[Any]",
    suite_id: SuiteId,
    chosen: Filter,
    after: After | None,
    limit: int,
    *,
    now: int,
) -> list[TicketDetail]:
    """One page of a wallet's tickets, the highest id first."""
    from psycopg.rows import class_row

    conditions = {
        "t.effective_status = %(status)s": chosen.status,
        "t.token_id < %(last_id)s": after,
    }
    given = " AND ".join(sql for sql, value in conditions.items() if value is not None)
    with conn.cursor(row_factory=class_row(TicketDetail)) as cursor:
        return cursor.execute(
            f"""
            {_TICKET}
            WHERE t.suite_id = %(suite_id)s AND t.holder = %(holder)s AND {given or "true"}
            ORDER BY t.token_id DESC
            LIMIT %(limit)s
            """,
            {
                "suite_id": suite_id, "holder": chosen.holder, "status": chosen.status,
                "last_id": after[0] if after else None, "limit": limit, "now": now,
            },
        ).fetchall()  # fmt: skip


def _moves(conn: "Connection[Any]", suite_id: SuiteId, token_id: TokenId) -> list[Move]:
    from psycopg.rows import class_row

    with conn.cursor(row_factory=class_row(Move)) as cursor:
        return cursor.execute(
            """
            SELECT '0x' || right(encode(topics[2], 'hex'), 40) AS sender,
                '0x' || right(encode(topics[3], 'hex'), 40) AS receiver, block_number AS block,
                to_timestamp(block_time) AS moved_at, '0x' || encode(tx_hash, 'hex') AS tx_hash
            FROM events_raw
            WHERE suite_id = %(suite_id)s AND contract = 'TicketManager'
                AND subject = %(subject)s AND event_sig = %(transfer)s
            ORDER BY block_number DESC, log_index DESC
            LIMIT %(most)s
            """,
            {
                "suite_id": suite_id, "subject": token_id.to_bytes(32, "big"),
                "transfer": TRANSFER, "most": MOVES,
            },
        ).fetchall()  # fmt: skip
