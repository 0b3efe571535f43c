"""Which terminal asks: what the authorizer (functions/verifier_auth) found behind its key."""

from typing import TYPE_CHECKING

from onlineticket.domain import verifier
from onlineticket.domain.errors import Unauthorized
from onlineticket.domain.verifier import Verifier

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler import APIGatewayRestResolver


def current(app: "APIGatewayRestResolver") -> Verifier:
    """
    Raises:
        Unauthorized: `VERIFIER_KEY_MISSING`, the gateway asked no authorizer.
    """
    context = app.current_event.raw_event["requestContext"].get("authorizer") or {}
    if not context.get("verifier_id"):
        raise Unauthorized("VERIFIER_KEY_MISSING", "Send the terminal's key as x-api-key.")
    return verifier.from_context(context)
