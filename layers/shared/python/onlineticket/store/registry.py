"""Which contracts we index (table contracts_registry): a suite is one deployment of the five."""

from typing import TYPE_CHECKING, Any

from onlineticket.domain.deployments import SILENT, Deployment, bad_file, merged
from onlineticket.domain.errors import NotFound, Unavailable
from onlineticket.domain.suite import Contract, Suite
from onlineticket.domain.types import SuiteId

if TYPE_CHECKING:
    from psycopg import Connection


def register(conn: "Connection[Any]", suite: Suite) -> SuiteId:
    """Make sure that the suite is registered with all its addresses and their newest bounds;
    return its id. Safe to repeat, also by two at once.

    Raises:
        Invalid: `BAD_CONTRACTS_FILE`, it contradicts what is registered; nothing was changed.
    """
    with conn.transaction():
        conn.execute("LOCK TABLE contracts_registry IN SHARE ROW EXCLUSIVE MODE")
        suite_id = find(conn, suite)
        if suite_id is None:
            [new_id] = conn.execute(
                "SELECT COALESCE(max(suite_id), 0) + 1 FROM contracts_registry"
            ).fetchone() or (1,)
            suite_id = SuiteId(new_id)
        known = deployments(conn, suite_id)
        for one in merged(known, suite.deployments()):
            if one not in known:
                _check_unclaimed(conn, suite, suite_id, one)
                _save(conn, suite, suite_id, one)
        return suite_id


def find(conn: "Connection[Any]", suite: Suite) -> SuiteId | None:
    """The suite with any of that one's TicketManagers: whose tickets it is about.

    Raises:
        Invalid: `BAD_CONTRACTS_FILE`, they are of different suites.
    """
    rows = conn.execute(
        """
        SELECT DISTINCT suite_id FROM contracts_registry
        WHERE chain_id = %s AND name = 'TicketManager' AND address = ANY(%s)
        """,
        [
            suite.chain_id,
            [one.address for one in suite.deployments() if one.name == "TicketManager"],
        ],
    ).fetchall()
    if len(rows) > 1:
        raise bad_file("its TicketManagers are of different suites")
    return SuiteId(rows[0][0]) if rows else None


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


def suites_on(conn: "Connection[Any]", chain_id: int) -> list[SuiteId]:
    """The suites of that chain, the newest first."""
    rows = conn.execute(
        "SELECT DISTINCT suite_id FROM contracts_registry WHERE chain_id = %s ORDER BY 1 DESC",
        [chain_id],
    )
    return [SuiteId(row[0]) for row in rows]


def deployments(conn: "Connection[Any]", suite_id: SuiteId) -> list[Deployment]:
    rows = conn.execute(
        """
        SELECT name, address, from_block, to_block, abi_version
        FROM contracts_registry WHERE suite_id = %s ORDER BY from_block, name
        """,
        [suite_id],
    )
    return [Deployment(*row) for row in rows]


def _check_unclaimed(
    conn: "Connection[Any]", suite: Suite, suite_id: SuiteId, one: Deployment
) -> None:
    """Of a new suite only the PlatformToken may be an older one's, too: it is not indexed."""
    claimed = conn.execute(
        "SELECT 1 FROM contracts_registry"
        " WHERE chain_id = %s AND address = %s AND suite_id <> %s AND %s <> name",
        [suite.chain_id, one.address, suite_id, SILENT],
    ).fetchone()
    if claimed:
        raise bad_file(f"{one.name} {one.address} is another suite's")


def _save(conn: "Connection[Any]", suite: Suite, suite_id: SuiteId, one: Deployment) -> None:
    conn.execute(
        """
        INSERT INTO contracts_registry
            (suite_id, chain_id, name, address, abi_version, from_block, to_block)
        VALUES (%s, %s, %s, %s, %s, %s, %s)
        ON CONFLICT (suite_id, name, address)
        DO UPDATE SET to_block = EXCLUDED.to_block, abi_version = EXCLUDED.abi_version
        """,
        [
            suite_id, suite.chain_id, one.name, one.address, one.abi_version, one.from_block,
            one.to_block,
        ],
    )  # fmt: skip
