"""The door: admit a ticket holder at the gate, once per ticket."""

from dataclasses import dataclass
from functools import partial
from time import time
from typing import Annotated
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import StringConstraints

from onlineticket import resources, settings
from onlineticket.api import terminal, verdicts
from onlineticket.api.http import http_app, logger, serve
from onlineticket.api.verdicts import AdmittedAnswer, RefusedAnswer
from onlineticket.domain import qr
from onlineticket.domain.door import Scan
from onlineticket.domain.verifier import GATE
from onlineticket.dynamo import redemptions
from onlineticket.store import door
from onlineticket.usecases.scan import scan

app = http_app()


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """One press of the scanner's trigger: `qr` is the text read, in either form; a retry of the
    same press keeps its `scan_id`.
    """

    qr: str
    scan_id: UUID
    gate: Annotated[str, StringConstraints(pattern=f"^{GATE}$")] | None = None


@app.post("/verify/scan")
def verify_scan(
    request: Annotated[ScanRequest, Body()],
) -> Response[AdmittedAnswer | RefusedAnswer]:
    verifier = terminal.current(app)
    suite = settings.current_suite()
    store = resources.dynamodb(), settings.required("REDEMPTIONS_TABLE")
    answer = scan(
        Scan(request.qr, str(request.scan_id), request.gate),
        verifier,
        now=int(time()),
        keys=resources.key_ring("QR_SECRET_ARN", naming=qr.key_id(request.qr)),
        suite=suite,
        find_ticket=partial(door.find_ticket, resources.postgres, suite),
        admit=partial(redemptions.admit, *store),
        keep_refusal=partial(redemptions.keep_refusal, *store),
        find_scan=partial(redemptions.find_scan, *store),
        admit_when_database_is_down=settings.switch("ADMIT_WHEN_DATABASE_IS_DOWN"),
    )
    logger.append_keys(
        verifier_id=verifier.verifier_id,
        verdict=answer.verdict.refusal or "ADMITTED",
        replayed=answer.replayed,
    )
    return verdicts.answer(app, answer.verdict, replayed=answer.replayed)


lambda_handler = serve(app)
