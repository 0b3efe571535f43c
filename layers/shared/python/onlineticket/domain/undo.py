"""Taking back what a scan let through: a supervisor's word, kept beside what it undoes."""

import json
from dataclasses import asdict, dataclass
from hashlib import sha256

from onlineticket.domain.errors import Invalid
from onlineticket.domain.passage import Direction


@dataclass(frozen=True, slots=True)
class Undo:
    """What a supervisor's terminal sends; a retry keeps its `undo_id`, a UUID in lowercase.

    What is undone: the scan `scan_id` of the terminal `verifier_id`, or the newest passage of the
    ticket `token_id` that still stands.
    """

    undo_id: str
    reason: str
    verifier_id: str | None = None
    scan_id: str | None = None
    token_id: int | None = None

    @classmethod
    def of(
        cls,
        undo_id: str,
        reason: str,
        *,
        scan_id: str | None,
        verifier_id: str,
        token_id: int | None,
    ) -> "Undo":
        """
        Raises:
            Invalid: `UNDO_MALFORMED`: it names no scan and no ticket, or both.
        """
        if (scan_id is None) == (token_id is None):
            raise Invalid("UNDO_MALFORMED", "Name either a scan_id or a token_id.")
        return cls(undo_id, reason, verifier_id if scan_id else None, scan_id, token_id)

    def fingerprint(self) -> str:
        """Equal for a retry; it differs when something else is sent under the same undo id."""
        content = [self.reason, self.verifier_id, self.scan_id, self.token_id]
        return sha256(json.dumps(content).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Undone:
    """What was taken back. Times in Unix seconds."""

    undo_id: str
    undone_at: int
    reason: str
    token_id: str
    event_id: str
    direction: Direction
    passed_at: int
    gate: str | None
    verifier_id: str
    scan_id: str

    def to_json(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))


def undone_from_json(text: str) -> Undone:
    return Undone(**json.loads(text))


@dataclass(frozen=True, slots=True)
class UndoRecord:
    """An undo as kept, under the supervisor's `verifier_id` and the undo's id."""

    verifier_id: str
    fingerprint: str
    attempt: str
    undone: Undone
