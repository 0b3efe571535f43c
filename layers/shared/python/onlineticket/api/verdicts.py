"""How a verdict is answered: admitted or refused, one shape, and nothing to guess for a terminal.

A refusal carries what every error answer carries, and the status of its class, so that a terminal
that looks only there understands it too.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal

from aws_lambda_powertools.event_handler import Response, content_types

from onlineticket.api import http, languages
from onlineticket.api.codes import CODES
from onlineticket.domain.door import TicketCheck, TicketShown, Verdict

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler import APIGatewayRestResolver


@dataclass(frozen=True, slots=True)
class AdmittedAnswer:
    """`replayed`: this scan id was answered before, with the same verdict."""

    verdict: Literal["admitted"]
    replayed: bool
    scan_id: str
    gate: str | None
    admitted_at: datetime
    ticket: TicketShown
    ticket_check: TicketCheck


@dataclass(frozen=True, slots=True)
class RefusedAnswer:
    """`error_code` is stable; `message` is for people."""

    verdict: Literal["refused"]
    replayed: bool
    scan_id: str
    gate: str | None
    refused_at: datetime
    error_code: str
    message: str
    details: dict[str, Any]
    request_id: str


def answer(
    app: "APIGatewayRestResolver", verdict: Verdict, *, replayed: bool
) -> Response[AdmittedAnswer | RefusedAnswer]:
    headers: dict[str, str | list[str]] = {"Cache-Control": "no-store"}
    decided_at = datetime.fromtimestamp(verdict.decided_at, UTC)
    body: AdmittedAnswer | RefusedAnswer
    if verdict.refusal is None:
        assert verdict.ticket is not None
        assert verdict.ticket_check is not None
        status = HTTPStatus.OK
        body = AdmittedAnswer(
            "admitted", replayed, verdict.scan_id, verdict.gate, decided_at,
            verdict.ticket, verdict.ticket_check,
        )  # fmt: skip
    else:
        status = HTTPStatus(CODES[verdict.refusal].status or 500)
        message = languages.sentence(verdict.refusal, verdict.details, http.language(app))
        request_id = str(app.current_event.raw_event["requestContext"].get("requestId", ""))
        body = RefusedAnswer(
            "refused", replayed, verdict.scan_id, verdict.gate, decided_at,
            verdict.refusal, message, verdict.details, request_id,
        )  # fmt: skip
    return Response(status.value, content_types.APPLICATION_JSON, body, headers)
