"""Who went through the door with a ticket: its journal, to which lines are only ever added.

A line is one observation: in or out, when, at which gate, on whose word. Two facts are kept apart:
that somebody *passed*, which a line states and nothing takes back, and whether they were *entitled*
to, which follows from all lines together (their standings). Online the door decides before anybody
passes, so there the two agree. A terminal without a connection lets people in on its own word and
tells later; then the earliest observation is the entitled one, whatever came in first, and another
one of the same ticket reads as a double admission.

Standings are a fold over the lines *in the order in which people passed*, not in that of their
arrival: the same set of observations has the same standings, by whatever way it came together.
"""

import json
from dataclasses import asdict, dataclass, replace
from typing import Literal

from onlineticket.domain.clock import rfc3339
from onlineticket.domain.errors import Refused
from onlineticket.domain.refusals import refusal
from onlineticket.domain.types import EventId, TokenId, WalletAddress

Direction = Literal["entry", "exit"]
Kind = Literal["entry", "exit", "undo"]
Standing = Literal["regular", "double", "irregular", "stray", "undone"]
"""regular: entitled. double: in, while the ticket was in already or had no entry left. irregular:
in on a terminal's word, though the door would have said no (`refusal`). stray: out, though not in.
undone: an undo took it back. A line that undoes is regular itself."""
TicketCheck = Literal["done", "deferred"]
"""deferred: Postgres was down, and only the code spoke for the ticket."""

LONGEST = 500
"""Lines of one journal: an item of the store holds 400 kB, and a line takes 300 bytes."""

UNDO_WINDOW = 15 * 60
"""Seconds from a line's record within which it may be undone."""


@dataclass(frozen=True, slots=True)
class Passage:
    """One line, with all that settling it needs. Times in Unix seconds.

    `at` is when they passed, `recorded_at` when we learnt of it. `max_entries` is the rule in force
    for the ticket then. `holder` is None when the ticket check was deferred; `nonce` is the code's,
    in hex. An `undo` names the line it `undoes` (from 1) and the supervisor's `reason`; its
    `verifier_id` is the supervisor's, its `scan_id` the undo's own id.
    """

    kind: Kind
    at: int
    recorded_at: int
    verifier_id: str
    scan_id: str
    gate: str | None
    offline: bool
    epoch: int
    nonce: str
    code_expires_at: int
    holder: WalletAddress | None
    ticket_check: TicketCheck
    max_entries: int
    refusal: str | None = None
    undoes: int | None = None
    reason: str | None = None

    def to_json(self) -> str:
        """Without what is None, which most of it is for most lines."""
        kept = {name: value for name, value in asdict(self).items() if value is not None}
        return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def passage_from_json(text: str) -> Passage:
    return Passage(**{"gate": None, "holder": None, **json.loads(text)})


@dataclass(frozen=True, slots=True)
class TicketKey:
    """Which ticket on which chain a journal is about."""

    chain_id: int
    ticket_manager: WalletAddress
    token_id: TokenId


@dataclass(frozen=True, slots=True)
class State:
    """What the lines come to: entries used, whether the ticket is in, and the last regular ones."""

    entries: int = 0
    inside: bool = False
    entered: Passage | None = None
    left: Passage | None = None


@dataclass(frozen=True, slots=True)
class Journal:
    """All that was observed of one ticket, in the order of record. Line n is passages[n - 1]."""

    ticket: TicketKey
    event_id: EventId
    passages: tuple[Passage, ...]

    @property
    def version(self) -> int:
        return len(self.passages)

    def with_line(self, line: Passage) -> "Journal":
        return Journal(self.ticket, self.event_id, (*self.passages, line))

    def standings(self) -> tuple[Standing, ...]:
        """One for each line."""
        return tuple(_fold(self.passages).standings)

    def state(self) -> State:
        return _fold(self.passages).state

    def used_by(self, number: int) -> Passage | None:
        """The regular entry because of which line `number` is a double; None if it is not."""
        return _fold(self.passages).used_by.get(number)

    def newest_standing(self) -> int | None:
        """Number of the passage that happened last, of those not undone."""
        standings = self.standings()
        numbers = [
            number
            for number, line in enumerate(self.passages, 1)
            if line.kind != "undo" and standings[number - 1] != "undone"
        ]
        return max(numbers, key=lambda n: _order(self.passages[n - 1], n), default=None)

    def find(self, verifier_id: str, scan_id: str) -> int | None:
        """Number of the line that this scan wrote."""
        for number, line in enumerate(self.passages, 1):
            if line.kind != "undo" and (line.verifier_id, line.scan_id) == (verifier_id, scan_id):
                return number
        return None


def next_line(journal: Journal | None, wanted: Passage) -> Passage:
    """`wanted`, to be written as the next line, if the ticket's state lets them pass now.

    It passes last of all so far, though the clocks of two of our own machines differ: its time is
    moved up to the newest one there is.

    Raises:
        Conflict: `TICKET_ALREADY_USED`, `TICKET_INSIDE`, `TICKET_NOT_INSIDE`.
        RuleBroken: `TOO_MANY_PASSAGES`.
    """
    state = journal.state() if journal else State()
    if wanted.kind == "exit" and not state.inside:
        left = state.left
        raise refusal(
            "TICKET_NOT_INSIDE",
            left_at=rfc3339(left.at) if left else None, gate=left.gate if left else None,
        )  # fmt: skip
    if wanted.kind == "entry" and state.entered:
        if state.entries >= wanted.max_entries:
            raise already_used(state.entered.at, state.entered.gate)
        if state.inside:
            raise refusal(
                "TICKET_INSIDE", admitted_at=rfc3339(state.entered.at), gate=state.entered.gate
            )  # fmt: skip
    if journal is None:
        return wanted
    check_room(journal)
    newest = max(line.at for line in journal.passages)
    return wanted if wanted.at >= newest else replace(wanted, at=newest)


def check_room(journal: Journal | None) -> None:
    """
    Raises:
        RuleBroken: `TOO_MANY_PASSAGES`.
    """
    if journal and journal.version >= LONGEST:
        raise refusal("TOO_MANY_PASSAGES", most=LONGEST)


def undoing(
    journal: Journal, number: int, *, verifier_id: str, undo_id: str, reason: str, now: int
) -> Passage:
    """The line that takes line `number` back.

    What others were let pass for because of it must be undone first, the newest first: an entry
    that its holder has left by, an exit after which the ticket was in again.

    Raises:
        Conflict: `ALREADY_UNDONE`, `PASSED_SINCE`.
        RuleBroken: `UNDO_TOO_LATE`, `TOO_MANY_PASSAGES`.
    """
    line, before = journal.passages[number - 1], journal.standings()
    if before[number - 1] == "undone":
        [undo] = [one for one in journal.passages if one.undoes == number]
        raise refusal("ALREADY_UNDONE", undone_at=rfc3339(undo.at))
    if now > line.recorded_at + UNDO_WINDOW:
        raise refusal("UNDO_TOO_LATE", until=rfc3339(line.recorded_at + UNDO_WINDOW))
    check_room(journal)
    undo = Passage(
        "undo", now, now, verifier_id, undo_id, line.gate, False, line.epoch, line.nonce,
        line.code_expires_at, line.holder, line.ticket_check, line.max_entries,
        undoes=number, reason=reason,
    )  # fmt: skip
    for other, was, is_ in zip(
        journal.passages, before, journal.with_line(undo).standings(), strict=False
    ):
        if was == "regular" and is_ not in ("regular", "undone"):
            raise refusal(
                "PASSED_SINCE", direction=other.kind, passed_at=rfc3339(other.at), gate=other.gate
            )
    return undo


def already_used(admitted_at: int | None, gate: str | None) -> Refused:
    """`admitted_at` is None for a ticket used on chain by somebody else's door."""
    return refusal(
        "TICKET_ALREADY_USED",
        admitted_at=None if admitted_at is None else rfc3339(admitted_at),
        gate=gate,
    )


@dataclass(slots=True)
class _Folded:
    standings: list[Standing]
    used_by: dict[int, Passage]
    state: State = State()


def _fold(passages: tuple[Passage, ...]) -> _Folded:
    folded = _Folded(["regular"] * len(passages), {})
    undone = {line.undoes for line in passages}
    for number, line in sorted(enumerate(passages, 1), key=lambda one: _order(one[1], one[0])):
        if line.kind == "undo":
            continue
        if number in undone:
            folded.standings[number - 1] = "undone"
        elif line.refusal:
            folded.standings[number - 1] = "irregular"
        elif line.kind == "exit":
            folded.standings[number - 1] = _leave(folded, line)
        else:
            folded.standings[number - 1] = _enter(folded, line, number)
    return folded


def _enter(folded: _Folded, line: Passage, number: int) -> Standing:
    state = folded.state
    if state.entered and (state.inside or state.entries >= line.max_entries):
        folded.used_by[number] = state.entered
        return "double"
    folded.state = replace(state, entries=state.entries + 1, inside=True, entered=line)
    return "regular"


def _leave(folded: _Folded, line: Passage) -> Standing:
    if not folded.state.inside:
        return "stray"
    folded.state = replace(folded.state, inside=False, left=line)
    return "regular"


def _order(line: Passage, place: int) -> tuple[int, bool, int, str, str]:
    """By time. In one second what was seen offline goes first, by terminal and scan, so that
    nothing depends on who uploads first; what the door itself decided keeps its own order.
    """
    return line.at, not line.offline, 0 if line.offline else place, line.verifier_id, line.scan_id
