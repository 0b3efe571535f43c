"""Which contracts we index (table contracts_registry): a suite is one deployment of the five."""

from typing import TYPE_CHECKING, Any

from onlineticket.domain.errors import NotFound, Unavailable
from onlineticket.domain.suite import Contract, Suite
from onlineticket.domain.types import SuiteId

if TYPE_CHECKING:
    from psycopg import Connection


def register(conn: "Connection[Any]", suite: Suite) -> SuiteId:
    """Make sure the suite is registered; return its id. Safe to repeat, also by two at once."""
    with conn.transaction():
        conn.execute("LOCK TABLE contracts_registry IN SHARE ROW EXCLUSIVE MODE")
        found = find(conn, suite)
        if found is not None:
            return found
        [suite_id] = conn.execute(
            "SELECT COALESCE(max(suite_id), 0) + 1 FROM contracts_registry"
        ).fetchone() or (1,)
        for name, address in suite.by_name().items():
            conn.execute(
                """
                INSERT INTO contracts_registry (suite_id, chain_id, name, address, from_block)
                VALUES (%s, %s, %s, %s, %s)
                """,
                [suite_id, suite.chain_id, name, address, suite.from_block],
            )
        return SuiteId(suite_id)


def find(conn: "Connection[Any]", suite: Suite) -> SuiteId | None:
    row = conn.execute(
        """
        SELECT suite_id FROM contracts_registry
        WHERE chain_id = %s AND name = 'TicketManager' AND address = %s
        """,
        [suite.chain_id, suite.ticket_manager],
    ).fetchone()
    return None if row is None else SuiteId(row[0])


def current_suite_id(conn: "Connection[Any]", suite: Suite) -> SuiteId:
    """The id of the suite that a bare id in a path means.

    Raises:
        Unavailable: `SUITE_NOT_REGISTERED`, until `migrate` has run with this contracts file.
    """
    found = find(conn, suite)
    if found is None:
        raise Unavailable("SUITE_NOT_REGISTERED", "The contract suite is not registered yet.")
    return found


def suite_ids(conn: "Connection[Any]") -> list[SuiteId]:
    rows = conn.execute("SELECT DISTINCT suite_id FROM contracts_registry ORDER BY suite_id")
    return [SuiteId(row[0]) for row in rows]


def contracts(conn: "Connection[Any]", suite_id: SuiteId | None = None) -> list[Contract]:
    """Those of one suite, or of all, the newest suite first.

    Raises:
        NotFound: `SUITE_NOT_FOUND`.
    """
    from psycopg.rows import class_row

    with conn.cursor(row_factory=class_row(Contract)) as cursor:
        found = cursor.execute(
            """
            SELECT suite_id, chain_id, name, address, abi_version, from_block, to_block
            FROM contracts_registry
            WHERE %(suite)s::smallint IS NULL OR suite_id = %(suite)s
            ORDER BY suite_id DESC, name, from_block
            """,
            {"suite": suite_id},
        ).fetchall()
    if suite_id is not None and not found:
        raise NotFound("SUITE_NOT_FOUND", f"There is no contract suite {suite_id}.")
    return found
