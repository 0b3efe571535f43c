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
from onlineticket.api.languages import Language
from onlineticket.domain.door import TicketShown, Verdict
from onlineticket.domain.passage import Direction, TicketCheck

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler import APIGatewayRestResolver


@dataclass(frozen=True, slots=True)
class VerdictAnswer:
    """`replayed`: this scan id was answered before, with the same verdict. `undone`: a supervisor
    took it back since. `admitted_at`: when the holder was let through, in or out.

    Of a refusal, `error_code` is stable, and `message` is for people; both are null otherwise.
    """

    verdict: Literal["admitted", "refused"]
    replayed: bool
    undone: bool
    scan_id: str
    direction: Direction
    gate: str | None
    decided_at: datetime
    admitted_at: datetime | None
    ticket: TicketShown | None
    ticket_check: TicketCheck | None
    error_code: str | None
    message: str | None
    details: dict[str, Any]
    request_id: str


def answer(
    app: "APIGatewayRestResolver", verdict: Verdict, *, replayed: bool, undone: bool
) -> Response[VerdictAnswer]:
    request_id = str(app.current_event.raw_event["requestContext"].get("requestId", ""))
    return Response(
        _status(verdict).value,
        content_types.APPLICATION_JSON,
        body(verdict, http.language(app), replayed=replayed, undone=undone, request_id=request_id),
        {"Cache-Control": "no-store"},
    )


def body(
    verdict: Verdict, spoken: Language, *, replayed: bool, undone: bool, request_id: str
) -> VerdictAnswer:
    decided_at = datetime.fromtimestamp(verdict.decided_at, UTC)
    return VerdictAnswer(
        verdict="refused" if verdict.refusal else "admitted",
        replayed=replayed,
        undone=undone,
        scan_id=verdict.scan_id,
        direction=verdict.direction,
        gate=verdict.gate,
        decided_at=decided_at,
        admitted_at=None if verdict.refusal else decided_at,
        ticket=verdict.ticket,
        ticket_check=verdict.ticket_check,
        error_code=verdict.refusal,
        message=_sentence(verdict, spoken),
        details=verdict.details,
        request_id=request_id,
    )


def _status(verdict: Verdict) -> HTTPStatus:
    status = CODES[verdict.refusal].status if verdict.refusal else None
    return HTTPStatus(status or HTTPStatus.OK)


def _sentence(verdict: Verdict, spoken: Language) -> str | None:
    if verdict.refusal is None:
        return None
    return languages.sentence(verdict.refusal, verdict.details, spoken)
