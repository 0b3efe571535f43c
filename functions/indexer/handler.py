"""EventBridge, every minute: index the chain, pass after pass, until the next run takes over."""

from time import monotonic, sleep
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from onlineticket.chain.rpc import Counters
from onlineticket.domain.errors import Unavailable
from onlineticket.domain.types import SuiteId
from onlineticket.indexer.wiring import EverySuite
from onlineticket.usecases.index_chain import Pass
from onlineticket.usecases.run_indexer import run

logger = Logger()
metrics = Metrics(namespace="OnlineTicket")

RUN_SECONDS = 62
"""A little over the minute between two runs, so that no second of it is blind."""

SPARE = 0.2
"""The share of the Lambda's time that is kept for the commit under way."""


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    ends = monotonic() + event.get("run_seconds", RUN_SECONDS)
    spare_ms = context.get_remaining_time_in_millis() * SPARE

    def time_left() -> bool:
        return context.get_remaining_time_in_millis() > spare_ms

    index = EverySuite()
    passes = run(
        index.passes,
        lambda: monotonic() < ends and time_left(),
        clock=monotonic,
        sleep=sleep,
        report=_report,
        report_outage=_report_outage,
    )
    _measure(index.node.counters)
    return {"passes": passes}


def _report(suite_id: SuiteId, done: Pass) -> None:
    logger.info(
        "pass",
        suite_id=suite_id,
        head=done.head,
        cursor=done.cursor,
        blocks=done.blocks,
        logs=done.logs,
        unlisted=done.unlisted,
        dead_letters=done.dead_letters,
        reads=done.reads,
        reorg_depths=[one.depth for one in done.reorgs],
    )
    metrics.add_metric("indexer_last_block", MetricUnit.Count, max(done.cursor, 0))
    metrics.add_metric("indexer_chain_lag", MetricUnit.Count, max(done.head - done.cursor, 0))
    metrics.add_metric("indexer_logs", MetricUnit.Count, done.logs)
    metrics.add_metric("events_decode_errors_total", MetricUnit.Count, done.dead_letters)
    for reorg in done.reorgs:
        metrics.add_metric("reorg_depth", MetricUnit.Count, reorg.depth)


def _report_outage(outage: Unavailable) -> None:
    logger.warning("pass given up", error_code=outage.code)


def _measure(counters: Counters) -> None:
    metrics.add_metric("rpc_requests", MetricUnit.Count, counters.requests)
    metrics.add_metric("rpc_retries", MetricUnit.Count, counters.retries)
    metrics.add_metric("rpc_logs_left_out", MetricUnit.Count, counters.left_out)
