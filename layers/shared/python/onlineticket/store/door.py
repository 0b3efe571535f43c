"""The one read of a scan and of issuing: a ticket with its event, its type's name and the rules."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from onlineticket.domain.door_rules import CLOSES_AFTER, MAX_ENTRIES, OPENS_BEFORE
from onlineticket.domain.errors import Unavailable
from onlineticket.domain.suite import Suite
from onlineticket.domain.ticket import TICKET_STATUS, Ticket
from onlineticket.domain.types import TokenId, WalletAddress

if TYPE_CHECKING:
    from psycopg import Connection

_TICKET = """
    SELECT t.token_id, t.event_id, t.owner, t.holder, t.escrowed, t.transfers, t.status,
           t.effective_status,
           extract(epoch FROM t.admitted_at)::bigint AS admitted_at, t.admitted_gate,
           t.seat_number, t.seat_section, y.name AS type_name, e.status AS event_status,
           extract(epoch FROM e.start_time)::bigint AS event_starts_at,
           extract(epoch FROM e.end_time)::bigint AS event_ends_at, t.entries, t.exits,
           COALESCE(of_type.max_entries, of_event.max_entries, %(max_entries)s) AS max_entries,
           COALESCE(of_event.opens_before, %(opens_before)s) AS opens_before,
           COALESCE(of_event.closes_after, %(closes_after)s) AS closes_after
    FROM contracts_registry r
    JOIN ticket_states t ON t.suite_id = r.suite_id
    LEFT JOIN events e ON e.suite_id = t.suite_id AND e.event_id = t.event_id
    LEFT JOIN ticket_types y
           ON y.suite_id = t.suite_id AND y.event_id = t.event_id AND y.type_id = t.type_id
    LEFT JOIN door_rules of_event ON of_event.suite_id = t.suite_id
          AND of_event.event_id = t.event_id AND of_event.type_id IS NULL
    LEFT JOIN door_rules of_type ON of_type.suite_id = t.suite_id
          AND of_type.event_id = t.event_id AND of_type.type_id = t.type_id
    WHERE r.chain_id = %(chain_id)s AND r.address = %(ticket_manager)s
      AND t.token_id = %(token_id)s
"""


def find_ticket(
    connect: "Callable[[], Connection[Any]]", suite: Suite, token_id: TokenId
) -> Ticket | None:
    """`connect` gives this process's connection, a new one if the last one broke.

    Raises:
        Unavailable: `DATABASE_UNAVAILABLE`.
    """
    import psycopg
    from psycopg.rows import class_row

    parameters = {
        "chain_id": suite.chain_id,
        "ticket_manager": suite.ticket_manager,
        "token_id": token_id,
        "max_entries": MAX_ENTRIES,
        "opens_before": OPENS_BEFORE,
        "closes_after": CLOSES_AFTER,
    }
    # A warm process learns only by using it that its connection died while it slept.
    for _ in range(2):
        conn = connect()
        try:
            with conn.cursor(row_factory=class_row(Ticket)) as cursor:
                return cursor.execute(_TICKET, parameters).fetchone()
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            failure = error
            conn.close()
    raise _unavailable() from failure


_LATER = """
    WITH later AS (
        SELECT event_sig, topics, data, block_number, log_index
        FROM contracts_registry r
        JOIN events_raw l ON l.suite_id = r.suite_id AND l.contract = 'TicketManager'
        WHERE r.chain_id = %(chain_id)s AND r.address = %(ticket_manager)s
          AND l.subject = %(subject)s AND l.block_time > %(moment)s
    )
    SELECT (SELECT count(*) FROM later WHERE event_sig = %(transfer)s),
           (SELECT '0x' || encode(substr(topics[2], 13), 'hex') FROM later
            WHERE event_sig = %(transfer)s ORDER BY block_number, log_index LIMIT 1),
           (SELECT get_byte(data, 31) FROM later
            WHERE event_sig = %(status)s ORDER BY block_number, log_index LIMIT 1)
"""
_TRANSFER = bytes.fromhex("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef")
_STATUS_CHANGED = bytes.fromhex("1242df8622c8cdee6f783c390ff0e347eacbd7c142064b9760756384f2a23eb5")


def find_ticket_then(
    connect: "Callable[[], Connection[Any]]", suite: Suite, token_id: TokenId, moment: int
) -> Ticket | None:
    """The ticket as the chain had it at `moment` (Unix seconds): what blocks after it did to its
    owner and its status is taken back. Its event and the door's rules are those of now.

    Raises:
        Unavailable: `DATABASE_UNAVAILABLE`.
    """
    import psycopg

    ticket = find_ticket(connect, suite, token_id)
    if ticket is None:
        return None
    parameters = {
        "chain_id": suite.chain_id, "ticket_manager": suite.ticket_manager,
        "subject": token_id.to_bytes(32), "moment": moment,
        "transfer": _TRANSFER, "status": _STATUS_CHANGED,
    }  # fmt: skip
    try:
        row = connect().execute(_LATER, parameters).fetchone()
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise _unavailable() from error
    assert row is not None
    moved, owner, status = row
    return ticket.before(
        moved,
        None if owner is None else WalletAddress(owner),
        None if status is None else TICKET_STATUS[status],
        marketplace=suite.marketplace,
    )


def _unavailable() -> Unavailable:
    return Unavailable("DATABASE_UNAVAILABLE", "The database does not answer.")
