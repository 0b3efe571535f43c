"""The stream of table `redemptions`: each line of a journal becomes a check-in, and then the chain
is asked who owns the ticket.
"""

from collections import Counter
from time import time
from typing import Any

from aws_lambda_powertools import Logger, Metrics, single_metric
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from onlineticket.domain.settlement import Recorded
from onlineticket.door.wiring import Door, open_door
from onlineticket.usecases.check_owners import Checked

NAMESPACE = "OnlineTicket"

logger = Logger()
metrics = Metrics(namespace=NAMESPACE)


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Names the records to be sent again; a failure of the whole sends all of them again."""
    door = open_door(_report)
    changes = [record["dynamodb"] for record in event["Records"]]
    recorded, failed = door.settle(
        (change["SequenceNumber"], change.get("NewImage")) for change in changes
    )
    checked = _check_owners(door)
    logger.info(
        "settled",
        records=len(changes),
        lines=len(recorded),
        failed=len(failed),
        owners_match=checked.matches,
        owners_differ=checked.mismatches,
        owners_unknown=checked.unchecked,
    )
    _measure(recorded)
    metrics.add_metric("settle_failures", MetricUnit.Count, len(failed))
    metrics.add_metric("owner_mismatches", MetricUnit.Count, checked.mismatches)
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}


def _check_owners(door: Door) -> Checked:
    """After the commit: whatever the chain says, or does not, the check-in stands. The worker asks
    again.
    """
    try:
        return door.check_owners(int(time()))
    except Exception:
        logger.exception("owners not checked")
        return Checked()


def _measure(recorded: list[Recorded]) -> None:
    """Admitted per gate, of what is new: a batch that comes again counts nothing twice."""
    gates = Counter(
        (str(one.event_id), one.line.gate or "-") for one in recorded if one.kind == "door.entry"
    )
    for (event_id, gate), count in gates.items():
        with single_metric("door_admitted", MetricUnit.Count, count, namespace=NAMESPACE) as one:
            one.add_dimension("event_id", event_id)
            one.add_dimension("gate", gate)
    doubles = sum(one.standing == "double" for one in recorded)
    metrics.add_metric("door_double_admissions", MetricUnit.Count, doubles)


def _report(name: str, error: Exception) -> None:
    logger.error("not settled", sequence_number=name, exc_info=error)
