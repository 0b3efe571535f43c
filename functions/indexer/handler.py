"""EventBridge, every minute: index the chain, pass after pass, until the next run takes over."""

from time import monotonic, sleep
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from onlineticket.domain.errors import Unavailable
from onlineticket.indexer.wiring import open_index
from onlineticket.usecases.index_chain import Pass, run_pass
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

    index = open_index()
    passes = run(
        lambda: run_pass(index.chain, index.store, index.from_block, time_left),
        lambda: monotonic() < ends and time_left(),
        sleep=sleep,
        report=_report,
        report_outage=_report_outage,
    )
    return {"passes": passes}


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
