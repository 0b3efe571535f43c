"""EventBridge, every five minutes: mend what indexing alone can't see, and read again what no log
tells (spec of each step: usecases/maintain.py); and the same for the door: settle what its stream
lost, ask the chain again who owns the tickets that came in, log the ends of the audit log's chains.
"""

from collections.abc import Callable
from contextlib import ExitStack
from random import randint
from time import monotonic, sleep, time
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from onlineticket.door.wiring import Door, open_door
from onlineticket.indexer.wiring import Index, open_indexes
from onlineticket.store import audit
from onlineticket.usecases.maintain import Maintenance, maintain

logger = Logger()
metrics = Metrics(namespace="OnlineTicket")

SWEEP_SECONDS = 20


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    numbers: dict[str, Any] = {}
    with ExitStack() as round_:
        # Last in, first out: each has its turn though another fails, which is raised in the end.
        for part in (_maintain, _log_audit_heads, _check_owners, _sweep):
            round_.callback(_keep, numbers, part)
    logger.info("maintained", **numbers)
    return {"healed": numbers["healed"], "dead_letters": numbers["dead_letters"]}


def _keep(numbers: dict[str, Any], part: Callable[[], dict[str, int]]) -> None:
    numbers |= part()


def _maintain() -> dict[str, int]:
    rounds = [_round(index) for index in open_indexes()]
    return {
        "healed": sum(done.healed for done in rounds),
        "dead_letters": sum(done.dead_letters for done in rounds),
    }


def _round(index: Index) -> Maintenance:
    done = maintain(
        index.chain, index.store, index.from_block, now=int(time()), pick=randint, sleep=sleep
    )
    logger.info(
        "suite maintained",
        suite_id=index.store.suite_id,
        rescanned_blocks=done.blocks,
        healed=done.healed,
        doubtful=done.doubtful,
        dead_letters=done.dead_letters,
        reread=done.reread,
    )
    return done


def _sweep() -> dict[str, int]:
    ends = monotonic() + SWEEP_SECONDS
    swept = _door().sweep(lambda: monotonic() < ends)
    metrics.add_metric("sweep_settled", MetricUnit.Count, swept.settled)
    metrics.add_metric("sweep_failures", MetricUnit.Count, swept.failed)
    return {"swept_items": swept.items, "swept_settled": swept.settled, "unsettled": swept.failed}


def _check_owners() -> dict[str, int]:
    checked = _door().check_owners(int(time()))
    metrics.add_metric("owner_mismatches", MetricUnit.Count, checked.mismatches)
    metrics.add_metric("owners_unchecked", MetricUnit.Count, checked.unchecked)
    return {"owners_differ": checked.mismatches, "owners_unknown": checked.unchecked}


def _log_audit_heads() -> dict[str, int]:
    """Outside the database, where who can rewrite a chain can't: `verify-audit --head`."""
    moved = audit.heads_moved(_door().conn, int(time()) - 600)
    logger.info("audit heads", heads=[f"{h.chain}={h.number}:{h.hash.hex()}" for h in moved])
    return {"audit_heads": len(moved)}


def _door() -> Door:
    return open_door(_report)


def _report(name: str, error: Exception) -> None:
    logger.error("not settled", item=name, exc_info=error)
