"""Who was let in, for all who ask Postgres (table check_ins: own truth, no reorg undoes it)."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from onlineticket.domain.door import Admission
from onlineticket.domain.errors import Unavailable

if TYPE_CHECKING:
    from psycopg import Connection


def record(conn: "Connection[Any]", admission: Admission) -> bool:
    """Write the check-in; False if it was there already. Safe to replay.

    Another scan's check-in of the same ticket fails on the table's constraint: passed over in
    silence it would hide a double admission.

    Raises:
        Unavailable: `SUITE_NOT_REGISTERED`.
    """
    row = asdict(admission)
    found = conn.execute(_REGISTERED, row).fetchone()
    if found is None:
        raise Unavailable("SUITE_NOT_REGISTERED", "The contract suite is not registered yet.")
    row["suite_id"] = found[0]
    return conn.execute(_INSERT, row).rowcount == 1


_REGISTERED = """
    SELECT suite_id FROM contracts_registry
    WHERE chain_id = %(chain_id)s AND address = %(ticket_manager)s
"""
_INSERT = """
    INSERT INTO check_ins (suite_id, verifier_id, scan_id, token_id, event_id, gate, holder,
                           ticket_check, admitted_at)
    VALUES (%(suite_id)s, %(verifier_id)s, %(scan_id)s, %(token_id)s, %(event_id)s, %(gate)s,
            %(holder)s, %(ticket_check)s, to_timestamp(%(admitted_at)s))
    ON CONFLICT (suite_id, verifier_id, scan_id) DO NOTHING
"""
