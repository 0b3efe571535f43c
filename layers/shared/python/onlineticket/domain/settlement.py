"""What is written down beside a check-in: lines of the audit log, and happenings to tell of."""

from dataclasses import dataclass
from typing import Any

from onlineticket.domain.audit import Entry
from onlineticket.domain.clock import rfc3339
from onlineticket.domain.door import ScanRecord
from onlineticket.domain.happening import Happening
from onlineticket.domain.passage import Passage, Standing
from onlineticket.domain.types import EventId, SuiteId, TokenId


@dataclass(frozen=True, slots=True)
class Recorded:
    """A line of a ticket's journal that is new in check_ins, or that reads otherwise than before.

    `was` is its standing before, None if it is new; `version` that of the journal.
    """

    suite_id: SuiteId
    event_id: EventId
    token_id: TokenId
    number: int
    version: int
    line: Passage
    standing: Standing
    was: Standing | None

    @property
    def kind(self) -> str:
        return f"door.{self.line.kind}" if self.was is None else "door.standing"

    @property
    def entity(self) -> str:
        return f"ticket:{self.suite_id}:{self.token_id}"


def entry_of(recorded: Recorded) -> Entry:
    """The audit log's line, once for each change however often it is settled."""
    line = recorded.line
    details: dict[str, Any] = {
        "number": recorded.number, "standing": recorded.standing, "was": recorded.was,
        "scan_id": line.scan_id, "offline": line.offline, "ticket_check": line.ticket_check,
        "recorded_at": line.recorded_at, "refusal": line.refusal, "undoes": line.undoes,
        "reason": line.reason,
    }  # fmt: skip
    return Entry(
        f"verifier:{line.verifier_id}", recorded.kind, line.at, f"ticket:{recorded.token_id}",
        _gate(line.gate), {name: value for name, value in details.items() if value is not None},
        (recorded.suite_id, recorded.event_id),
        once=f"line:{recorded.token_id}:{recorded.number}:{recorded.version}",
    )  # fmt: skip


def happening_of(recorded: Recorded) -> Happening:
    """Without the holder: who listens at the door need not know."""
    line = recorded.line
    return Happening(
        recorded.kind,
        recorded.entity,
        {
            "suite_id": recorded.suite_id, "event_id": str(recorded.event_id),
            "token_id": str(recorded.token_id), "number": recorded.number, "kind": line.kind,
            "standing": recorded.standing, "was": recorded.was, "gate": line.gate,
            "verifier_id": line.verifier_id, "at": rfc3339(line.at),
            "recorded_at": rfc3339(line.recorded_at), "offline": line.offline,
            "undoes": line.undoes,
        },
    )  # fmt: skip


def refusal_entry(record: ScanRecord) -> Entry:
    """A refused scan. What it was a scan of is not known for sure, so it is in no event's chain."""
    verdict = record.verdict
    return Entry(
        f"verifier:{record.verifier_id}", "door.refused", verdict.decided_at, None,
        _gate(verdict.gate),
        {
            "scan_id": record.scan_id, "refusal": verdict.refusal, "direction": verdict.direction,
            "details": verdict.details,
        },
        once=f"scan:{record.verifier_id}:{record.scan_id}",
    )  # fmt: skip


def _gate(gate: str | None) -> str | None:
    return None if gate is None else f"gate:{gate}"
