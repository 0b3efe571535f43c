"""The door: let ticket holders in and out at the gate, once per ticket."""

from dataclasses import dataclass
from functools import partial
from time import perf_counter, time
from typing import Annotated, Any
from uuid import UUID

from annotated_types import Len
from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from pydantic import StringConstraints

from onlineticket import resources, settings
from onlineticket.api import door_answers, metrics, private_copies, terminal, verdicts
from onlineticket.api.door_answers import UndoneAnswer, UploadAnswer, UploadsAnswer
from onlineticket.api.http import http_app, language, logger, serve
from onlineticket.api.instants import Instant
from onlineticket.api.verdicts import VerdictAnswer
from onlineticket.domain import offline
from onlineticket.domain.door import Scan, check_event
from onlineticket.domain.offline import Manifest
from onlineticket.domain.passage import Direction
from onlineticket.domain.types import EventId, TokenId
from onlineticket.domain.undo import Undo
from onlineticket.domain.upload import MOST, Provisional, Upload
from onlineticket.domain.verifier import GATE
from onlineticket.dynamo import redemptions
from onlineticket.store import door, manifests
from onlineticket.usecases.scan import Door, scan
from onlineticket.usecases.settle_offline import Settled, Unsettled, settle_offline
from onlineticket.usecases.undo_scan import Past, undo_scan

app = http_app()

SPARE_MILLISECONDS = 4_000
"""Of the function's time, kept for one scan that meets a slow store, and for the answer."""

Gate = Annotated[str, StringConstraints(pattern=f"^{GATE}$")] | None
Reason = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$"
    ),
]
VerifierId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """One press of the scanner's trigger: `qr` is the text read, in either form; a retry of the
    same press keeps its `scan_id`. Without a `direction` the holder wants to come in.
    """

    qr: str
    scan_id: UUID
    gate: Gate = None
    direction: Direction = "entry"


@dataclass(frozen=True, slots=True)
class OfflineScan:
    """A scan that the terminal decided by itself: `provisional` says how. `scan_id` is the press's
    own, also if it was sent at once and no answer came.
    """

    qr: str
    scan_id: UUID
    scanned_at: Instant
    provisional: Provisional
    gate: Gate = None
    direction: Direction = "entry"


@dataclass(frozen=True, slots=True)
class OfflineScans:
    scans: Annotated[list[OfflineScan], Len(1, MOST)]


@dataclass(frozen=True, slots=True)
class UndoRequest:
    """What is undone: the scan `scan_id` of the terminal `verifier_id` (without it, of this one);
    or, with `token_id`, the ticket's newest passage. A retry keeps its `undo_id`.
    """

    undo_id: UUID
    reason: Reason
    scan_id: UUID | None = None
    verifier_id: VerifierId | None = None
    token_id: TokenId | None = None


@app.post("/verify/scan")
def verify_scan(request: Annotated[ScanRequest, Body()]) -> Response[VerdictAnswer]:
    began = perf_counter()
    verifier = terminal.current(app)
    answer = scan(
        Scan(request.qr, str(request.scan_id), request.gate, request.direction),
        verifier,
        _door(),
        now=int(time()),
    )
    logger.append_keys(
        verifier_id=verifier.verifier_id,
        verdict=answer.verdict.refusal or "ADMITTED",
        replayed=answer.replayed,
    )
    metrics.scanned(began, answer.verdict)
    return verdicts.answer(
        app, answer.verdict, replayed=answer.replayed, undone=answer.undone_at is not None
    )


@app.post("/verify/scans")
def verify_scans(request: Annotated[OfflineScans, Body()]) -> Response[UploadsAnswer]:
    verifier = terminal.current(app)
    uploads = [_upload(one) for one in request.scans]
    store = _store()
    outcomes = settle_offline(
        uploads,
        verifier,
        _door(),
        now=int(time()),
        find_ticket_then=partial(
            door.find_ticket_then, resources.postgres, settings.current_suite()
        ),
        find_upload=partial(redemptions.find_upload, *store),
        keep_upload=partial(redemptions.keep_upload, *store),
        may_go_on=_has_time,
    )
    results = [_result(*one) for one in zip(uploads, outcomes, strict=True)]
    to_retry = sum(result.retryable for result in results)
    logger.append_keys(verifier_id=verifier.verifier_id, scans=len(results), to_retry=to_retry)
    return _answer(UploadsAnswer(results, to_retry, _request_id()))


@app.post("/verify/undo")
def verify_undo(request: Annotated[UndoRequest, Body()]) -> Response[UndoneAnswer]:
    verifier = terminal.current(app)
    store = _store()
    past = Past(
        suite=settings.current_suite(),
        find_undo=partial(redemptions.find_undo, *store),
        find_scan=partial(redemptions.find_scan, *store),
        find_upload=partial(redemptions.find_upload, *store),
        find_journal=partial(redemptions.find_journal, *store),
        take_back=partial(redemptions.take_back, *store),
    )
    answer = undo_scan(
        Undo.of(
            str(request.undo_id),
            request.reason,
            scan_id=str(request.scan_id) if request.scan_id else None,
            verifier_id=request.verifier_id or verifier.verifier_id,
            token_id=request.token_id,
        ),
        verifier,
        past,
        now=int(time()),
    )
    logger.append_keys(verifier_id=verifier.verifier_id, replayed=answer.replayed)
    return _answer(door_answers.undone(answer.undone, replayed=answer.replayed))


@app.get("/verify/manifest", middlewares=[private_copies.tagged])
def verify_manifest(
    event_id: Annotated[EventId, Query()], since: Annotated[str | None, Query()] = None
) -> Manifest:
    verifier = terminal.current(app)
    verifier.require("manifest")
    check_event(event_id, verifier)
    conn, suite_id = resources.postgres(), resources.suite_id()
    hours = manifests.hours(conn, suite_id, event_id)
    return offline.manifest(
        event_id,
        manifests.marks(conn, suite_id, event_id),
        keys=resources.key_ring("QR_SECRET_ARN"),
        suite=settings.current_suite(),
        opens_at=hours.opens_at,
        closes_at=hours.closes_at,
        now=int(time()),
        since=since,
    )


def _door() -> Door:
    suite, store = settings.current_suite(), _store()
    return Door(
        keys=resources.key_ring("QR_SECRET_ARN"),
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


def _upload(one: OfflineScan) -> Upload:
    asked = Scan(one.qr, str(one.scan_id), one.gate, one.direction)
    return Upload(asked, int(one.scanned_at.timestamp()), one.provisional)


def _result(upload: Upload, outcome: Settled | Unsettled) -> UploadAnswer:
    spoken = language(app)
    match outcome:
        case Settled():
            verdict = verdicts.body(
                outcome.verdict, spoken, replayed=outcome.replayed, undone=False, request_id=""
            )
            return door_answers.settled(upload, verdict, outcome.standing, outcome.used_by)
        case Unsettled():
            return door_answers.unsettled(
                upload, outcome.error, spoken, retryable=outcome.retryable
            )


def _has_time() -> bool:
    left: int = app.lambda_context.get_remaining_time_in_millis()
    return left > SPARE_MILLISECONDS


def _answer(body: Any) -> Response[Any]:
    return Response(200, content_types.APPLICATION_JSON, body, {"Cache-Control": "no-store"})


def _request_id() -> str:
    return str(app.current_event.raw_event["requestContext"].get("requestId", ""))


lambda_handler = serve(app)
