"""API Gateway's REQUEST authorizer of the terminals' routes: who holds this x-api-key?

The gateway reuses an answer for other routes too, so the policy names every route of the key.
"""

from functools import partial
from time import time
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from onlineticket import resources, settings
from onlineticket.api import terminal
from onlineticket.api.source_address import source_address
from onlineticket.domain.verifier import ROUTES, Verifier
from onlineticket.domain.verifier_key import usage_key
from onlineticket.dynamo import verifier_keys
from onlineticket.usecases.authenticate_verifier import authenticate_verifier

logger = Logger()


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """
    Raises:
        Unauthorized: the gateway answers 401.
    """
    verifier = authenticate_verifier(
        terminal.key_text(event),
        peppers=resources.key_ring("PEPPER_SECRET_ARN"),
        suite=settings.current_suite().identity,
        address=source_address(event),
        now=int(time()),
        find_key=partial(
            verifier_keys.find, resources.dynamodb(), settings.required("VERIFIER_KEYS_TABLE")
        ),
    )
    logger.info("terminal known", verifier_id=verifier.verifier_id)
    return _policy(verifier, event["methodArn"])


def _policy(verifier: Verifier, method_arn: str) -> dict[str, Any]:
    """`method_arn` is `arn:aws:execute-api:<region>:<account>:<api>/<stage>/<method>/<path>`."""
    base = "/".join(method_arn.split("/")[:2])
    statement = {
        "Effect": "Allow",
        "Action": "execute-api:Invoke",
        "Resource": [
            f"{base}/{route}" for scope in sorted(verifier.scopes) for route in ROUTES[scope]
        ],
    }
    return {
        "principalId": verifier.verifier_id,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": verifier.to_context(),
        # By which the gateway counts and limits the terminal, in the usage plan of its tier.
        "usageIdentifierKey": usage_key(verifier.verifier_id),
    }
