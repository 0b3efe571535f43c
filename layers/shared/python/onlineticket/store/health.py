"""How far the index is (table `blocks_processed`)."""

from typing import TYPE_CHECKING, Any

from onlineticket.domain.errors import NotFound
from onlineticket.domain.types import BlockNumber, SuiteId

if TYPE_CHECKING:
    from psycopg import Connection


def indexed_block(conn: "Connection[Any]", suite_id: SuiteId) -> BlockNumber | None:
    """The last block whose logs are in the tables; None before the first pass.

    Raises:
        NotFound: `SUITE_NOT_FOUND`.
    """
    row = conn.execute(
        """
        SELECT blocks_processed.block_number
        FROM (SELECT DISTINCT suite_id FROM contracts_registry WHERE suite_id = %s) AS registered
        LEFT JOIN blocks_processed USING (suite_id)
        """,
        [suite_id],
    ).fetchone()
    if row is None:
        raise NotFound("SUITE_NOT_FOUND", f"There is no contract suite {suite_id}.")
    return None if row[0] is None else BlockNumber(row[0])
