"""Reading the swap pool (table `swap_pool`) together with how far it is known."""

from typing import TYPE_CHECKING, Any

from onlineticket.domain.quote import Pool
from onlineticket.domain.types import BlockNumber, SuiteId

if TYPE_CHECKING:
    from psycopg import Connection


def find(conn: "Connection[Any]", suite_id: SuiteId) -> tuple[Pool, int] | None:
    """The pool after the last indexed block, and that block's time (Unix seconds); None before a
    log of the pool was seen. One statement, so that the block is the rows' own.
    """
    row = conn.execute(
        """
        SELECT p.reserve_token, p.reserve_eth, p.swap_fee_rate, c.block_number,
            EXTRACT(epoch FROM c.block_time)::bigint
        FROM swap_pool p JOIN blocks_processed c USING (suite_id)
        WHERE suite_id = %s
        """,
        [suite_id],
    ).fetchone()
    if row is None:
        return None
    token, eth, fee, block, block_time = row
    return Pool(token, eth, fee, None, BlockNumber(block)), block_time
