"""The stream of table `redemptions`: each line of a journal becomes a check-in."""

from functools import partial
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from onlineticket import resources
from onlineticket.dynamo import door_items
from onlineticket.store import check_ins
from onlineticket.usecases.settle import settle

logger = Logger()


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Names the records to be sent again; a failure of the whole sends all of them again."""
    changes = [record["dynamodb"] for record in event["Records"]]
    failed = settle(
        ((change["SequenceNumber"], change.get("NewImage")) for change in changes),
        read=door_items.read_journal,
        record=partial(check_ins.record, resources.postgres()),
        report=_report,
    )
    logger.info("settled", records=len(changes), failed=len(failed))
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}


def _report(sequence_number: str, error: Exception) -> None:
    logger.error("not settled", sequence_number=sequence_number, exc_info=error)
