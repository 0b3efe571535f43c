"""What wakes the chain indexer and the worker that checks on it."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from infra.constructs.ticket_function import TicketFunction

INTERVAL = Duration.minutes(1)
TIMEOUT_SECONDS = 90
CONCURRENCY = 2


WORKER_INTERVAL = Duration.minutes(5)
WORKER_TIMEOUT_SECONDS = 120


class EveryFiveMinutes(Construct):
    """Starts the worker. What it does not get to waits for the next round: no retries."""

    def __init__(self, scope: Construct, id_: str, *, function: TicketFunction) -> None:
        super().__init__(scope, id_)
        events.Rule(
            self,
            "Rule",
            schedule=events.Schedule.rate(WORKER_INTERVAL),
            targets=[
                targets.LambdaFunction(
                    function.target, retry_attempts=0, max_event_age=WORKER_INTERVAL
                )
            ],
        )
        function.function.configure_async_invoke(retry_attempts=0, max_event_age=WORKER_INTERVAL)


class EveryMinute(Construct):
    """Starts the indexer each minute.

    A run loops for a little over a minute (hence 90 s) and the next one waits a few seconds for
    its lock (hence two at once), so no second of the minute is blind. The cursor commits with the
    rows: a failed run costs only time, so it is not retried, and a run that could not start within
    its minute is dropped, since the next one does its work.
    """

    def __init__(self, scope: Construct, id_: str, *, function: TicketFunction) -> None:
        super().__init__(scope, id_)
        events.Rule(
            self,
            "Rule",
            schedule=events.Schedule.rate(INTERVAL),
            targets=[
                targets.LambdaFunction(function.target, retry_attempts=0, max_event_age=INTERVAL)
            ],
        )
        # The rule hands the event to Lambda's own queue at once: what waits or fails, does there.
        function.function.configure_async_invoke(retry_attempts=0, max_event_age=INTERVAL)
