"""The `redemptions` table's stream into `settle`, and the queue for what it could not write."""

from aws_cdk import Duration
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_lambda_event_sources import DynamoEventSource, SqsDlq
from constructs import Construct

from infra.constructs.ticket_function import TicketFunction


class SettleStream(Construct):
    """From the beginning of the stream, so that no admission before the first deploy is lost.

    `settle` reports the items that failed; Lambda tries those again, halving the batch, with
    back-off for about ten minutes: longer than a fail-over of the database. What still fails is
    named in the queue (where it stands in the stream, not the item itself), which keeps it for two
    weeks. Removals are not sent: they are TTL's work, no admission.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settle: TicketFunction,
        redemptions: dynamodb.ITable,
    ) -> None:
        super().__init__(scope, id_)
        self.dead_letters = sqs.Queue(
            self, "DeadLetters", retention_period=Duration.days(14), enforce_ssl=True
        )
        changes = lambda_.FilterCriteria.filter(
            {"eventName": lambda_.FilterRule.or_("INSERT", "MODIFY")}
        )
        settle.function.add_event_source(
            DynamoEventSource(
                redemptions,
                starting_position=lambda_.StartingPosition.TRIM_HORIZON,
                batch_size=100,
                retry_attempts=10,
                bisect_batch_on_error=True,
                report_batch_item_failures=True,
                on_failure=SqsDlq(self.dead_letters),
                filters=[changes],
            )
        )
