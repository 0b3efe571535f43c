"""The rules of the door, each alone."""

from dataclasses import replace
from typing import Any

import pytest

from onlineticket.domain import door, passage
from onlineticket.domain.door import Scan, TicketShown, Verdict
from onlineticket.domain.errors import Refused
from onlineticket.domain.refusals import REFUSALS, refusal
from onlineticket.domain.types import ZERO_ADDRESS
from tests.at_the_door import (
    ALICE,
    BOB,
    CODE,
    EVENT,
    MARKETPLACE,
    NOW,
    TERMINAL,
    TICKET,
    TOKEN,
    refusal_of,
)

STARTS_AT, ENDS_AT = NOW + 3600, NOW + 7200


def checked(now: int = NOW, **changes: Any) -> str:
    return refusal_of(lambda: door.check_ticket(CODE, replace(TICKET, **changes), now))


def test_a_valid_ticket_of_its_holder_passes() -> None:
    assert door.check_ticket(CODE, TICKET, NOW) is TICKET


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"event_id": EVENT + 1}, "WRONG_EVENT"),
        ({"event_id": None}, "WRONG_EVENT"),
        ({"status": "used"}, "TICKET_ALREADY_USED"),
        ({"status": "revoked"}, "TICKET_REVOKED"),
        ({"status": "expired"}, "TICKET_EXPIRED"),
        ({"transfers": 4, "owner": BOB, "holder": BOB}, "QR_SUPERSEDED"),
        ({"transfers": 2}, "QR_SUPERSEDED"),
        ({"event_status": "cancelled"}, "EVENT_CANCELLED"),
        ({"event_starts_at": None, "event_ends_at": None}, "EVENT_NOT_FOUND"),
    ],
)
def test_a_ticket_whose_state_says_no_is_refused(changes: dict[str, Any], code: str) -> None:
    assert checked(**changes) == code


def test_a_ticket_that_does_not_exist_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        door.check_ticket(CODE, None, NOW)
    assert refused.value.code == "TICKET_NOT_FOUND"


def test_a_ticket_put_up_for_sale_after_its_code_was_made_is_named_so() -> None:
    escrow: dict[str, Any] = {"escrowed": True, "owner": MARKETPLACE}
    assert checked(**escrow, transfers=CODE.epoch + 1) == "TICKET_ESCROWED"
    assert checked(**escrow, transfers=CODE.epoch) == "TICKET_ESCROWED"


def test_a_sellers_code_is_superseded_though_the_buyer_sells_again() -> None:
    assert checked(escrowed=True, holder=BOB, transfers=CODE.epoch + 3) == "QR_SUPERSEDED"


def test_a_check_in_known_to_postgres_is_left_to_the_admissions_own_write() -> None:
    assert checked(effective_status="used", admitted_at=NOW - 9) == "ok"


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (STARTS_AT - 3 * 3600 - 1, "TOO_EARLY"),
        (STARTS_AT - 3 * 3600, "ok"),
        (ENDS_AT + 2 * 3600, "ok"),
        (ENDS_AT + 2 * 3600 + 1, "TOO_LATE"),
    ],
)
def test_doors_open_three_hours_before_the_start_and_close_two_after_the_end(
    now: int, code: str
) -> None:
    assert checked(now) == code


def test_an_event_that_ends_before_it_starts_closes_two_hours_after_its_start() -> None:
    assert checked(STARTS_AT + 2 * 3600, event_ends_at=0) == "ok"
    assert checked(STARTS_AT + 2 * 3600 + 1, event_ends_at=0) == "TOO_LATE"


def test_too_early_says_when_the_doors_open() -> None:
    with pytest.raises(Refused) as refused:
        door.check_ticket(CODE, replace(TICKET, event_starts_at=3 * 3600 + NOW + 1), NOW)
    assert refused.value.details == {"opens_at": "2027-01-15T08:00:01Z"}


@pytest.mark.parametrize(
    ("changes", "gate", "code"),
    [
        ({}, "N1", "ok"),
        ({}, None, "ok"),
        ({"events": frozenset("*")}, "N2", "ok"),
        ({"gates": frozenset("*")}, "anywhere", "ok"),
        ({}, "S1", "WRONG_GATE"),
        ({"events": frozenset({"8", "9"})}, "N1", "WRONG_EVENT"),
        ({"events": frozenset()}, "N1", "WRONG_EVENT"),
    ],
)
def test_a_terminal_admits_to_its_own_events_and_gates_only(
    changes: dict[str, Any], gate: str | None, code: str
) -> None:
    terminal = replace(TERMINAL, **changes)
    assert refusal_of(lambda: door.check_scope(CODE, terminal, gate)) == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"effective_status": "used", "admitted_at": NOW, "entries": 1}, "TICKET_ALREADY_USED"),
        ({"status": "used", "effective_status": "used"}, "TICKET_ALREADY_USED"),
        ({"status": "revoked", "effective_status": "revoked"}, "TICKET_REVOKED"),
        ({"status": "expired", "effective_status": "expired"}, "TICKET_EXPIRED"),
        ({"escrowed": True}, "TICKET_ESCROWED"),
    ],
)
def test_no_code_is_made_for_a_ticket_that_may_not_enter(
    changes: dict[str, Any], code: str
) -> None:
    door.check_unused(TICKET)
    with pytest.raises(Refused) as refused:
        door.check_unused(replace(TICKET, **changes))
    assert refused.value.code == code


def test_already_used_says_when_and_at_which_gate() -> None:
    assert passage.already_used(NOW, "N1").details == {
        "admitted_at": "2027-01-15T08:00:00Z",
        "gate": "N1",
    }
    assert passage.already_used(None, None).details == {"admitted_at": None, "gate": None}


def test_the_terminal_sees_seat_type_and_a_shortened_holder() -> None:
    assert door.shown(CODE, TICKET) == TicketShown(
        str(TOKEN), str(EVENT), "12", "B", "Stalls", "0xA1A1…a1a1"
    )
    assert ALICE not in str(door.shown(CODE, TICKET))


def test_a_ticket_that_no_read_has_completed_shows_what_is_known() -> None:
    unread = replace(TICKET, seat_number=None, seat_section=None, type_name=None)
    assert door.shown(CODE, unread).seat is None
    deferred = door.shown(CODE, None)
    assert deferred == TicketShown(str(TOKEN), str(EVENT), None, None, None, None)


@pytest.mark.parametrize(
    "verdict",
    [
        Verdict("s", NOW, "N1", None, {}, door.shown(CODE, TICKET), "done"),
        Verdict("s", NOW, None, "TOO_EARLY", {"opens_at": "2027-…"}, None, None),
    ],
)
def test_a_verdict_reads_back_as_it_was_kept(verdict: Verdict) -> None:
    assert door.verdict_from_json(verdict.to_json()) == verdict


def test_a_scan_is_the_same_by_its_code_and_gate() -> None:
    scan = Scan("QR", "id", "N1")
    assert scan.fingerprint() == replace(scan, scan_id="other").fingerprint()
    others = [replace(scan, qr="QS"), replace(scan, gate=None), replace(scan, gate="N2")]
    others.append(replace(scan, direction="exit"))
    assert len({scan.fingerprint(), *(other.fingerprint() for other in others)}) == 5
    assert len(Scan("\ud800", "id", None).fingerprint()) == 64


def test_every_refusal_can_be_raised() -> None:
    for code, (kind, message) in REFUSALS.items():
        error = refusal(code, why=1)
        assert type(error) is kind
        assert (error.code, str(error), error.details) == (code, message, {"why": 1})


@pytest.mark.parametrize(
    ("moved", "owner", "status", "then"),
    [
        (0, None, None, TICKET),
        (1, BOB, None, replace(TICKET, transfers=2, owner=BOB, holder=BOB)),
        (1, MARKETPLACE, None, replace(TICKET, transfers=2, owner=MARKETPLACE, escrowed=True)),
        (0, None, "used", replace(TICKET, status="used")),
        (4, ZERO_ADDRESS, None, None),
    ],
)
def test_a_ticket_is_taken_back_to_what_it_was(
    moved: int, owner: Any, status: Any, then: Any
) -> None:
    assert TICKET.before(moved, owner, status, marketplace=MARKETPLACE) == then


@pytest.mark.parametrize(
    ("ticket", "code"),
    [
        (TICKET, "ok"),
        (replace(TICKET, status="revoked"), "ok"),
        (replace(TICKET, event_status="cancelled", event_ends_at=0), "ok"),
        (None, "TICKET_NOT_FOUND"),
        (replace(TICKET, event_id=None), "WRONG_EVENT"),
        (replace(TICKET, transfers=4), "QR_SUPERSEDED"),
        (replace(TICKET, transfers=4, escrowed=True), "TICKET_ESCROWED"),
    ],
)
def test_whoever_holds_the_ticket_may_leave(ticket: Any, code: str) -> None:
    assert refusal_of(lambda: door.check_exit(CODE, ticket)) == code


@pytest.mark.parametrize(
    ("entries", "exits", "max_entries", "again"),
    [
        (0, 0, 2, False), (1, 0, 1, False), (1, 0, 2, True), (1, 1, 2, True), (2, 1, 2, True),
        (2, 2, 2, False), (1, 1, 1, False),
    ],
)  # fmt: skip
def test_a_ticket_passes_again_while_an_entry_or_an_exit_is_left(
    entries: int, exits: int, max_entries: int, again: bool
) -> None:
    ticket = replace(TICKET, entries=entries, exits=exits, max_entries=max_entries)
    assert ticket.may_pass_again is again
    used = replace(ticket, effective_status="used")
    assert (refusal_of(lambda: door.check_unused(used)) == "ok") is again
