"""Who was let in, for all who ask Postgres (table check_ins: own truth, no reorg undoes it)."""

from typing import TYPE_CHECKING, Any

from onlineticket.domain.door import Admission

if TYPE_CHECKING:
    from psycopg import Connection


def record(conn: "Connection[Any]", admission: Admission) -> bool:
    """Write the check-in; False if it was there already. Safe to replay.

    An unregistered suite, or another scan's check-in of the same ticket, fails loudly on the
    table's constraints: both would lose a check-in if they passed in silence.
    """
    cursor = conn.execute(
        """
        INSERT INTO check_ins (suite_id, verifier_id, scan_id, token_id, event_id, gate, holder,
                               ticket_check, admitted_at)
        VALUES ((SELECT suite_id FROM contracts_registry
                 WHERE chain_id = %(chain_id)s AND address = %(ticket_manager)s),
                %(verifier_id)s, %(scan_id)s, %(token_id)s, %(event_id)s, %(gate)s, %(holder)s,
                %(ticket_check)s, to_timestamp(%(admitted_at)s))
        ON CONFLICT (suite_id, verifier_id, scan_id) DO NOTHING
        """,
        {
            "chain_id": admission.chain_id,
            "ticket_manager": admission.ticket_manager,
            "verifier_id": admission.verifier_id,
            "scan_id": admission.scan_id,
            "token_id": admission.token_id,
            "event_id": admission.event_id,
            "gate": admission.gate,
            "holder": admission.holder,
            "ticket_check": admission.ticket_check,
            "admitted_at": admission.admitted_at,
        },
    )
    return cursor.rowcount == 1
