"""The baseline of `make bench-door`: a door as row-locking ticket systems make it. The ticket's row
is locked, the rules are asked, the check-in is inserted, all in one Postgres transaction.

Everything around that is ours: the same request, code, rules, verdict and answer. So the numbers
compare two ways to decide, and not two web frameworks.
"""

from functools import cache
from time import time
from typing import Any

from onlineticket import resources, settings
from onlineticket.domain import door, qr
from onlineticket.domain.door import Scan, Verdict
from onlineticket.domain.errors import Refused
from onlineticket.domain.keyring import KeyRing
from onlineticket.domain.passage import already_used
from onlineticket.domain.suite import Suite
from onlineticket.domain.types import TokenId
from onlineticket.domain.verifier import Verifier
from onlineticket.store import door as tickets
from onlineticket.usecases.scan import Answer


@cache
def _suite_id() -> int:
    return int(resources.suite_id())


def scan(request: Scan, verifier: Verifier, _: Any, *, now: int) -> Answer:
    """In the place of usecases/scan.py."""
    keys: KeyRing = resources.key_ring("QR_SECRET_ARN")
    conn = resources.postgres()
    return decide(conn, settings.current_suite(), _suite_id(), keys, request, verifier, now)


def decide(
    conn: Any,
    suite: Suite,
    suite_id: int,
    keys: KeyRing,
    request: Scan,
    verifier: Verifier,
    now: int,
) -> Answer:
    gate = verifier.gate(request.gate)
    try:
        code = qr.decode(request.qr, keys, suite)
        door.check_scope(code, verifier, gate)
        qr.check_time(code, now)
        with conn.transaction():
            key = [suite_id, code.token_id]
            conn.execute(_LOCK, key)
            ticket = door.check_ticket(
                code, tickets.find_ticket(lambda: conn, suite, TokenId(code.token_id)), now
            )
            if ticket.entries:
                raise already_used(ticket.admitted_at, ticket.admitted_gate)
            conn.execute(
                _INSERT,
                [*key, code.event_id, verifier.verifier_id, request.scan_id, gate, ticket.holder,
                 int(time()), code.epoch],
            )  # fmt: skip
    except Refused as error:
        verdict = Verdict(request.scan_id, now, gate, error.code, error.details, None, None)
        return Answer(verdict, replayed=False)
    shown = door.shown(code, ticket)
    return Answer(Verdict(request.scan_id, now, gate, None, {}, shown, "done"), replayed=False)


_LOCK = "SELECT 1 FROM tickets WHERE suite_id = %s AND token_id = %s FOR UPDATE"
_INSERT = """
    INSERT INTO check_ins (suite_id, token_id, event_id, verifier_id, scan_id, gate, holder,
                           ticket_check, admitted_at, epoch)
    VALUES (%s, %s, %s, %s, %s, %s, %s, 'done', to_timestamp(%s), %s)
"""
