"""Check-ins, audit log and outbox together: one transaction for a batch of what the door decided.

Each journal is written behind a savepoint, so that one that fails takes nothing else with it; the
audit log comes last, since it holds its chains' ends until the commit, and gets one link for each
chain. A batch that is settled again changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from onlineticket.domain import settlement
from onlineticket.domain.door import ScanRecord
from onlineticket.domain.passage import Journal
from onlineticket.domain.settlement import Recorded
from onlineticket.store import audit, check_ins, outbox, owner_checks

if TYPE_CHECKING:
    from psycopg import Connection


@dataclass(slots=True)
class Written:
    """`failed`: by place in the batch, the journals that could not be written, and why."""

    recorded: list[Recorded] = field(default_factory=list)
    failed: dict[int, Exception] = field(default_factory=dict)


def write(
    conn: "Connection[Any]", journals: Sequence[Journal], refused: Sequence[ScanRecord]
) -> Written:
    """
    Raises:
        psycopg.OperationalError: the database went away, or this lost a deadlock: nothing of the
            batch is written.
    """
    import psycopg

    written = Written()
    entries = [settlement.refusal_entry(record) for record in refused]
    # In one order for all, so that two batches with the same tickets never wait for each other.
    order = sorted(range(len(journals)), key=lambda i: (_key(journals[i]), journals[i].version))
    with conn.transaction():
        for place in order:
            try:
                with conn.transaction():
                    recorded = _record(conn, journals[place])
            except (psycopg.OperationalError, psycopg.InterfaceError):
                raise
            except Exception as error:
                written.failed[place] = error
            else:
                written.recorded += recorded
        entries += [settlement.entry_of(one) for one in written.recorded]
        outbox.append(conn, [settlement.happening_of(one) for one in written.recorded])
        audit.append(conn, entries)
    return written


def unsettled(conn: "Connection[Any]", journals: Sequence[Journal]) -> list[Journal]:
    """Those of which check_ins lacks a line or the newest standing."""
    keys = [_key(journal) for journal in journals]
    columns = {
        "chains": [chain for chain, _, _ in keys],
        "managers": [manager for _, manager, _ in keys],
        "tokens": [str(token) for _, _, token in keys],
    }
    rows = conn.execute(_SETTLED, columns)
    settled = {(chain, manager, token): version for chain, manager, token, version in rows}
    return [each for each in journals if settled.get(_key(each)) != each.version]


def _record(conn: "Connection[Any]", journal: Journal) -> list[Recorded]:
    recorded = [
        Recorded(
            one.suite_id, journal.event_id, journal.ticket.token_id, one.number, journal.version,
            one.line, one.standing, one.was,
        )
        for one in check_ins.record(conn, journal)
    ]  # fmt: skip
    owner_checks.begin(conn, [one for one in recorded if one.kind == "door.entry"])
    return recorded


def _key(journal: Journal) -> tuple[int, str, int]:
    return journal.ticket.chain_id, journal.ticket.ticket_manager, journal.ticket.token_id


_SETTLED = """
    SELECT r.chain_id, r.address, c.token_id,
           CASE WHEN count(*) = min(c.version) THEN min(c.version) END
    FROM unnest(%(chains)s::bigint[], %(managers)s::text[], %(tokens)s::numeric[])
         AS asked (chain_id, address, token_id)
    JOIN contracts_registry r ON r.chain_id = asked.chain_id AND r.address = asked.address
    JOIN check_ins c ON c.suite_id = r.suite_id AND c.token_id = asked.token_id
    GROUP BY 1, 2, 3
"""
