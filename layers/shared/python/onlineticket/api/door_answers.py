"""How uploads and undos are answered; a single scan's verdict: api/verdicts.py."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from onlineticket.api import languages
from onlineticket.api.languages import Language
from onlineticket.api.verdicts import VerdictAnswer
from onlineticket.domain.door import TicketShown
from onlineticket.domain.errors import OnlineTicketError
from onlineticket.domain.passage import Direction, Passage, Standing, TicketCheck
from onlineticket.domain.undo import Undone
from onlineticket.domain.upload import Provisional, Upload


@dataclass(frozen=True, slots=True)
class UsedBy:
    """The passage that makes another one a double admission."""

    admitted_at: datetime
    gate: str | None


@dataclass(frozen=True, slots=True)
class UploadAnswer:
    """As a verdict, with what came of it. `passed`: the terminal let somebody through. `standing`:
    what that passage counts as now; it may fall from `regular` to `double`, `used_by` another, when
    an earlier scan is uploaded later. `verdict` stays as it was first given.

    Without a verdict nothing was settled: `retryable` says whether to send it again.
    """

    verdict: Literal["admitted", "refused"] | None
    retryable: bool
    replayed: bool
    scan_id: str
    direction: Direction
    gate: str | None
    decided_at: datetime | None
    provisional: Provisional
    passed: bool
    standing: Standing | None
    used_by: UsedBy | None
    ticket: TicketShown | None
    ticket_check: TicketCheck | None
    error_code: str | None
    message: str | None
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class UploadsAnswer:
    """One result for each scan, in the order of the request. `to_retry` counts the retryable."""

    results: list[UploadAnswer]
    to_retry: int
    request_id: str


@dataclass(frozen=True, slots=True)
class UndoneAnswer:
    """What was taken back: the passage of `scan_id` at the terminal `verifier_id`."""

    undone: Literal[True]
    replayed: bool
    undo_id: str
    undone_at: datetime
    reason: str
    token_id: str
    event_id: str
    direction: Direction
    passed_at: datetime
    gate: str | None
    verifier_id: str
    scan_id: str


def settled(
    upload: Upload, verdict: VerdictAnswer, standing: Standing | None, used_by: Passage | None
) -> UploadAnswer:
    return UploadAnswer(
        verdict=verdict.verdict,
        retryable=False,
        replayed=verdict.replayed,
        scan_id=verdict.scan_id,
        direction=verdict.direction,
        gate=verdict.gate,
        decided_at=verdict.decided_at,
        provisional=upload.provisional,
        passed=upload.passed,
        standing=standing,
        used_by=UsedBy(_at(used_by.at), used_by.gate) if used_by else None,
        ticket=verdict.ticket,
        ticket_check=verdict.ticket_check,
        error_code=verdict.error_code,
        message=verdict.message,
        details=verdict.details,
    )


def unsettled(
    upload: Upload, error: OnlineTicketError, spoken: Language, *, retryable: bool
) -> UploadAnswer:
    return UploadAnswer(
        verdict=None,
        retryable=retryable,
        replayed=False,
        scan_id=upload.scan.scan_id,
        direction=upload.scan.direction,
        gate=upload.scan.gate,
        decided_at=None,
        provisional=upload.provisional,
        passed=upload.passed,
        standing=None,
        used_by=None,
        ticket=None,
        ticket_check=None,
        error_code=error.code,
        message=languages.said(error, spoken),
        details=error.details,
    )


def undone(what: Undone, *, replayed: bool) -> UndoneAnswer:
    return UndoneAnswer(
        undone=True,
        replayed=replayed,
        undo_id=what.undo_id,
        undone_at=_at(what.undone_at),
        reason=what.reason,
        token_id=what.token_id,
        event_id=what.event_id,
        direction=what.direction,
        passed_at=_at(what.passed_at),
        gate=what.gate,
        verifier_id=what.verifier_id,
        scan_id=what.scan_id,
    )


def _at(unix_seconds: int) -> datetime:
    return datetime.fromtimestamp(unix_seconds, UTC)
