"""Using checked-in tickets on chain: the key that signs, and what wakes the function."""

from aws_cdk import CfnOutput, Duration, RemovalPolicy
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.constructs.ticket_function import TicketFunction

INTERVAL = Duration.minutes(1)
TIMEOUT_SECONDS = 55


class Consuming(Construct):
    """A secp256k1 key, which is an Ethereum account that nobody can take away, and a rule each
    minute. Where a stage has it off there is neither, and the function is never called.

    A round in flight is the only one (reserved concurrency 1), so the next finds its nonces; what a
    failed round left is in the table, so it is not repeated. Asymmetric keys can't rotate: a new
    account is a new key. It is retained when the stack goes, since the contracts trust it.
    """

    def __init__(
        self, scope: Construct, id_: str, *, function: TicketFunction, enabled: bool
    ) -> None:
        super().__init__(scope, id_)
        if not enabled:
            return
        key = kms.Key(
            self,
            "Key",
            description="Uses checked-in tickets on chain (useTicket)",
            key_spec=kms.KeySpec.ECC_SECG_P256K1,
            key_usage=kms.KeyUsage.SIGN_VERIFY,
            removal_policy=RemovalPolicy.RETAIN,
        )
        key.grant(function.function, "kms:Sign", "kms:GetPublicKey")
        function.function.add_environment("CONSUME_KEY_ID", key.key_id)
        events.Rule(
            self,
            "Rule",
            schedule=events.Schedule.rate(INTERVAL),
            targets=[
                targets.LambdaFunction(function.target, retry_attempts=0, max_event_age=INTERVAL)
            ],
        )
        function.function.configure_async_invoke(retry_attempts=0, max_event_age=INTERVAL)
        CfnOutput(self, "KeyId", value=key.key_id)
