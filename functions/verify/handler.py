"""The door: let ticket holders in and out at the gate, once per ticket."""

from dataclasses import dataclass
from functools import partial
from time import time
from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import StringConstraints

from onlineticket import resources, settings
from onlineticket.api import terminal, verdicts
from onlineticket.api.http import http_app, logger, serve
from onlineticket.api.verdicts import VerdictAnswer
from onlineticket.domain import qr
from onlineticket.domain.door import Scan
from onlineticket.domain.passage import Direction
from onlineticket.domain.verifier import GATE
from onlineticket.dynamo import redemptions
from onlineticket.store import door
from onlineticket.usecases.scan import Door, scan

app = http_app()


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """One press of the scanner's trigger: `qr` is the text read, in either form; a retry of the
    same press keeps its `scan_id`. Without a `direction` the holder wants to come in.
    """

    qr: str
    scan_id: UUID
    gate: Annotated[str, StringConstraints(pattern=f"^{GATE}$")] | None = None
    direction: Direction = "entry"


@app.post("/verify/scan")
def verify_scan(request: Annotated[ScanRequest, Body()]) -> Response[VerdictAnswer]:
    verifier = terminal.current(app)
    answer = scan(
        Scan(request.qr, str(request.scan_id), request.gate, request.direction),
        verifier,
        _door(naming=qr.key_id(request.qr)),
        now=int(time()),
    )
    logger.append_keys(
        verifier_id=verifier.verifier_id,
        verdict=answer.verdict.refusal or "ADMITTED",
        replayed=answer.replayed,
    )
    return verdicts.answer(
        app, answer.verdict, replayed=answer.replayed, undone=answer.undone_at is not None
    )


def _door(naming: str | None = None) -> Door:
    suite, store = settings.current_suite(), _store()
    return Door(
        keys=resources.key_ring("QR_SECRET_ARN", naming),
        suite=suite,
        find_ticket=partial(door.find_ticket, resources.postgres, suite),
        let_pass=partial(redemptions.let_pass, *store),
        find_journal=partial(redemptions.find_journal, *store),
        keep_refusal=partial(redemptions.keep_refusal, *store),
        find_scan=partial(redemptions.find_scan, *store),
        admit_when_database_is_down=settings.switch("ADMIT_WHEN_DATABASE_IS_DOWN"),
    )


def _store() -> tuple[Any, str]:
    return resources.dynamodb(), settings.required("REDEMPTIONS_TABLE")


lambda_handler = serve(app)
