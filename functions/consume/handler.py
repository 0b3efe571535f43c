"""EventBridge, every minute, where a stage has it on: use checked-in tickets on chain.

A function of its own, because it alone needs the chain layer (keccak, RLP, key recovery) and the
right to sign: `settle` stays light, and nothing that admits people waits for a transaction.
"""

from time import time
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from onlineticket import resources, settings
from onlineticket.chain.kms_signer import KmsSigner, open_signer
from onlineticket.chain.rpc import Node
from onlineticket.chain.use_ticket import Reverted, TicketUser
from onlineticket.domain.passage import UNDO_WINDOW
from onlineticket.store.consumptions import PostgresLedger
from onlineticket.usecases.consume import consume

logger = Logger()
metrics = Metrics(namespace="OnlineTicket")

LIMIT = 50
"""New transactions in one round."""
SPARE_MS = 10_000
GWEI = 10**9


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    suite, suite_id, signer = settings.current_suite(), resources.suite_id(), _signer()
    done = consume(
        PostgresLedger(resources.postgres(), suite_id, suite.chain_id, signer.address),
        TicketUser(
            Node(resources.rpc_url()), suite.chain_id, suite.ticket_manager, signer.address,
            signer.sign,
        ),
        Reverted,
        now=int(time()),
        undo_window=UNDO_WINDOW,
        limit=LIMIT,
        highest_fee=int(settings.required("CONSUME_MAX_FEE_GWEI")) * GWEI,
        keep_going=lambda: context.get_remaining_time_in_millis() > SPARE_MS,
    )  # fmt: skip
    numbers: dict[str, Any] = {
        "enqueued": done.enqueued, "done": done.done, "sent": done.sent, "raised": done.raised,
        "postponed": done.postponed, "put_back": done.put_back, "given_up": done.given_up,
        "in_flight": done.in_flight,
    }  # fmt: skip
    logger.info("consumed", sender=signer.address, problems=done.problems[:10], **numbers)
    for name in ("done", "sent", "raised", "given_up", "in_flight"):
        metrics.add_metric(f"consume_{name}", MetricUnit.Count, numbers[name])
    metrics.add_metric("consume_problems", MetricUnit.Count, len(done.problems))
    return numbers


def _signer() -> KmsSigner:
    return open_signer(resources.kms(), settings.required("CONSUME_KEY_ID"))
