"""EventBridge, every minute: index the chain, pass after pass, until the next run takes over."""

from functools import partial
from time import monotonic, sleep
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from onlineticket import resources, settings
from onlineticket.chain import logs, reads
from onlineticket.chain.rpc import Node
from onlineticket.domain.errors import Unavailable
from onlineticket.store import registry
from onlineticket.store.index_store import PostgresIndex
from onlineticket.usecases.index_chain import Chain, Pass, run_pass
from onlineticket.usecases.run_indexer import run

logger = Logger()

RUN_SECONDS = 62
"""A little over the minute between two runs, so that no second of it is blind."""


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    ends = monotonic() + event.get("run_seconds", RUN_SECONDS)
    spare_ms = context.get_remaining_time_in_millis() * 0.2

    def time_left() -> bool:
        return context.get_remaining_time_in_millis() > spare_ms

    store, chain, from_block = open_index()
    passes = run(
        lambda: run_pass(chain, store, from_block, time_left),
        lambda: monotonic() < ends and time_left(),
        sleep=sleep,
        report=_report,
        report_outage=_report_outage,
    )
    return {"passes": passes}


def open_index() -> tuple[PostgresIndex, Chain, int]:
    """The current suite's tables and chain, and the first block to index."""
    suite = settings.current_suite()
    conn = resources.postgres()
    suite_id = registry.current_suite_id(conn, suite)
    # PlatformToken's logs mean nothing to us: it is not asked for any.
    contracts = [one for one in registry.contracts(conn, suite_id) if one.name != "PlatformToken"]
    names = {one.address: one.name for one in contracts}
    node = Node(resources.rpc_url())
    depth = int(settings.optional("FINALITY_DEPTH", "64"))
    chain = Chain(
        head=lambda: node.persist(partial(logs.head, node)),
        finalized=lambda head: node.persist(partial(logs.finalized_number, node, head, depth)),
        fetch=lambda first, last, every_header: node.persist(
            partial(logs.fetch, node, names, first, last, every_header=every_header)
        ),
        read=partial(reads.read, node, suite.by_name()),
    )
    marketplaces = frozenset(one.address for one in contracts if one.name == "Marketplace")
    store = PostgresIndex(conn, suite_id, suite.chain_id, marketplaces)
    return store, chain, min(one.from_block for one in contracts)


def _report(done: Pass) -> None:
    logger.info(
        "pass",
        blocks=done.blocks,
        logs=done.logs,
        unlisted=done.unlisted,
        dead_letters=done.dead_letters,
        reads=done.reads,
    )


def _report_outage(outage: Unavailable) -> None:
    logger.warning("pass given up", error_code=outage.code)
