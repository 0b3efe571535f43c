"""Which terminal asks: what the authorizer (functions/verifier_auth) found behind its key."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from onlineticket.api.source_address import source_address
from onlineticket.domain import verifier, verifier_key
from onlineticket.domain.errors import Unauthorized
from onlineticket.domain.verifier import Verifier

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler import APIGatewayRestResolver

HEADER = "x-api-key"


def current(app: "APIGatewayRestResolver") -> Verifier:
    """
    Raises:
        Unauthorized: `VERIFIER_KEY_MISSING`, the gateway asked no authorizer;
            `VERIFIER_KEY_INVALID`, the terminal calls from an address that its key is not for.
    """
    event = app.current_event.raw_event
    context = event["requestContext"].get("authorizer") or {}
    if not context.get("verifier_id"):
        raise Unauthorized("VERIFIER_KEY_MISSING", "Send the terminal's key as x-api-key.")
    found = verifier.from_context(context)
    # Again, because the verdict may be a cached one, found for a call from elsewhere: the gateway's
    # cache knows the address that reached it, which behind CloudFront is CloudFront's.
    if not found.may_call_from(source_address(event)):
        raise verifier_key.invalid()
    return found


def key_text(event: Mapping[str, Any]) -> str:
    """The x-api-key of a request to the authorizer; empty if there is none, or more than one: the
    gateway might file the verdict on the one under the other.
    """
    sent = [
        value
        for name, values in (event.get("multiValueHeaders") or {}).items()
        if name.lower() == HEADER
        for value in values
    ]
    return str(sent[0]) if len(sent) == 1 else ""
