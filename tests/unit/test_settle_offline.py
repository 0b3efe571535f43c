"""Scans made offline: what happened stays, and the earliest is the entitled one."""

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from onlineticket.domain import qr
from onlineticket.domain.door import Scan, ScanRecord
from onlineticket.domain.errors import Forbidden, Unavailable
from onlineticket.domain.passage import Direction, Journal
from onlineticket.domain.upload import LEEWAY, OLDEST, Provisional, Upload, UploadRecord
from onlineticket.usecases.settle_offline import Settled, Unsettled, settle_offline
from tests.at_the_door import ALICE, BOB, NOW, TERMINAL, TICKET, TOKEN, Gate, text

LATER = NOW + 3600
OTHER = replace(TERMINAL, verifier_id="1" * 16)


def upload(
    scan_id: str = "s1",
    *,
    at: int = NOW,
    qr_text: str = "",
    provisional: Provisional = "admitted",
    direction: Direction = "entry",
    gate: str = "N1",
) -> Upload:
    code = qr_text or text(expires_at=at + qr.LIFETIME)
    return Upload(Scan(code, scan_id, gate, direction), at, provisional)


def settle(gate: Gate, *uploads: Upload, now: int = LATER, terminal: Any = None, **how: Any) -> Any:
    ports: dict[str, Any] = {
        "find_ticket_then": lambda token_id, _: gate.door().find_ticket(token_id),
        "find_upload": gate.store.find_upload,
        "keep_upload": gate.store.keep_upload,
        "may_go_on": lambda: True,
    }
    return settle_offline(
        uploads, terminal or gate.terminal, gate.door(), now=now, **(ports | how)
    )  # fmt: skip


def one(gate: Gate, upload: Upload, **how: Any) -> Settled:
    [answer] = settle(gate, upload, **how)
    assert isinstance(answer, Settled), answer
    return answer


def outcome(answer: Settled) -> tuple[str, str | None]:
    return answer.verdict.refusal or "ADMITTED", answer.standing


def test_a_scan_made_in_time_is_admitted_though_its_code_has_expired_since() -> None:
    gate = Gate()
    answer = one(gate, upload())
    assert outcome(answer) == ("ADMITTED", "regular")
    assert answer.verdict.decided_at == NOW
    [line] = gate.store.journal().passages
    assert (line.at, line.recorded_at, line.offline) == (NOW, LATER, True)
    assert gate.verdict(text(nonce=b"another8", expires_at=LATER + 60), now=LATER) == (
        "TICKET_ALREADY_USED"
    )


def test_the_later_of_two_is_a_double_admission_with_both_gates() -> None:
    gate = Gate()
    one(gate, upload("s1", gate="N1"))
    second = one(gate, upload("s2", at=NOW + 30, gate="N2"), terminal=OTHER)
    assert outcome(second) == ("DOUBLE_ADMISSION", "double")
    assert second.verdict.details == {
        "admitted_at": "2027-01-15T08:00:00Z", "gate": "N1",
        "second_admitted_at": "2027-01-15T08:00:30Z", "second_gate": "N2",
    }  # fmt: skip
    assert second.used_by == gate.store.journal().passages[0]
    assert second.verdict.ticket is not None


def test_an_earlier_scan_that_is_told_later_is_the_entitled_one() -> None:
    gate = Gate()
    late, early = upload("s2", at=NOW + 30), upload("s1")
    assert outcome(one(gate, late)) == ("ADMITTED", "regular")
    assert outcome(one(gate, early, terminal=OTHER)) == ("ADMITTED", "regular")
    again = one(gate, late)
    assert again.replayed is True
    assert outcome(again) == ("ADMITTED", "double")
    assert again.used_by is not None
    assert again.used_by.scan_id == "s1"


def test_an_admission_at_the_door_is_outranked_by_an_earlier_one_offline() -> None:
    gate = Gate()
    first = gate.scan(text(expires_at=NOW + 90), "online", now=NOW + 30)
    assert outcome(one(gate, upload(), terminal=OTHER)) == ("ADMITTED", "regular")
    assert gate.store.journal().standings() == ("double", "regular")
    assert gate.scan(text(expires_at=NOW + 90), "online") == replace(first, replayed=True)


def test_the_order_in_which_terminals_upload_changes_nothing() -> None:
    told = [
        (upload("a", at=NOW + 9), TERMINAL),
        (upload("b", at=NOW + 3), OTHER),
        (upload("c", at=NOW + 3), TERMINAL),
        (upload("d", at=NOW + 5, direction="exit"), OTHER),
    ]
    outcomes = set()
    for order in permutations(told):
        gate = Gate(ticket=replace(TICKET, max_entries=2))
        for each, terminal in order:
            one(gate, each, terminal=terminal)
        final = [one(gate, each, terminal=terminal) for each, terminal in told]
        assert all(answer.replayed for answer in final)
        outcomes.add(tuple(answer.standing for answer in final))
    assert outcomes == {("regular", "double", "regular", "regular")}


def test_a_batch_is_settled_from_the_earliest_and_answered_in_its_own_order() -> None:
    answers = settle(Gate(), upload("s2", at=NOW + 30), upload("s1"))
    assert [outcome(answer) for answer in answers] == [
        ("DOUBLE_ADMISSION", "double"),
        ("ADMITTED", "regular"),
    ]


def test_a_batch_sent_again_is_answered_alike() -> None:
    gate = Gate()
    batch = [upload("s1"), upload("s2", at=NOW + 30), upload("s3", qr_text="rubbish")]
    first = settle(gate, *batch)
    again = settle(gate, *batch, now=LATER + 3 * OLDEST)
    assert again == [replace(answer, replayed=True) for answer in first]
    assert len(gate.store.journal().passages) == 2


@pytest.mark.parametrize(
    ("how", "code", "standing"),
    [
        ({"qr_text": "rubbish"}, "QR_FORGED", None),
        ({"qr_text": text(event_id=8)}, "WRONG_EVENT", None),
        ({"gate": "S1"}, "WRONG_GATE", None),
        ({"at": LATER + LEEWAY + 1}, "SCANNED_IN_FUTURE", None),
        ({"at": LATER - OLDEST - 1}, "SCANNED_TOO_LONG_AGO", None),
        ({"qr_text": text(expires_at=NOW - 6)}, "QR_EXPIRED", "irregular"),
        ({"qr_text": text(expires_at=NOW + 66)}, "QR_NOT_YET_VALID", "irregular"),
        ({"qr_text": text(epoch=2)}, "QR_SUPERSEDED", "irregular"),
        ({"at": NOW - 8000}, "TOO_EARLY", "irregular"),
        ({"direction": "exit"}, "TICKET_NOT_INSIDE", "stray"),
    ],
)
def test_who_went_in_without_a_right_to_is_told_apart_from_who_did_not(
    how: dict[str, Any], code: str, standing: str | None
) -> None:
    gate = Gate()
    assert outcome(one(gate, upload(**how))) == (code, standing)
    assert bool(gate.store.journals) is (standing is not None)
    gate = Gate()
    kept = one(gate, upload(**how, provisional="refused"))
    expected = "TURNED_AWAY" if code == "TICKET_NOT_INSIDE" else code
    assert outcome(kept) == (expected, None)
    assert not gate.store.journals


def test_what_a_ticket_went_through_after_the_scan_takes_no_entitlement_away() -> None:
    gate = Gate(ticket=replace(TICKET, transfers=4, owner=BOB, holder=BOB))
    answer = one(gate, upload(), find_ticket_then=lambda *_: TICKET)
    assert outcome(answer) == ("ADMITTED", "regular")
    assert gate.store.journal().passages[0].holder == ALICE


def test_what_it_was_neither_then_nor_is_now_is_refused_as_of_now() -> None:
    gate = Gate(ticket=replace(TICKET, status="revoked"))
    then = replace(TICKET, transfers=2)
    answer = one(gate, upload(), find_ticket_then=lambda *_: then)
    assert outcome(answer) == ("TICKET_REVOKED", "irregular")


def test_whom_the_terminal_turned_away_may_still_enter() -> None:
    gate = Gate()
    answer = one(gate, upload(provisional="refused"))
    assert outcome(answer) == ("TURNED_AWAY", None)
    assert gate.verdict(text(expires_at=NOW + 90), now=NOW + 30) == "ADMITTED"


def test_a_scan_sent_at_once_whose_answer_was_lost_is_one_admission() -> None:
    gate = Gate()
    code = text()
    gate.scan(code, "s1")
    answer = one(gate, upload("s1", qr_text=code, at=NOW + 2))
    assert outcome(answer) == ("ADMITTED", "regular")
    assert len(gate.store.journal().passages) == 1
    assert gate.scan(code, "s1").replayed is True


def test_a_scan_refused_at_once_and_let_in_offline_is_two_facts() -> None:
    gate = Gate()
    gate.scan(text(nonce=b"another8"), "first")
    code = text()
    refused = gate.scan(code, "s1", now=NOW + 1)
    assert refused.verdict.refusal == "TICKET_ALREADY_USED"
    answer = one(gate, upload("s1", qr_text=code, at=NOW + 3))
    assert outcome(answer) == ("DOUBLE_ADMISSION", "double")
    assert gate.scan(code, "s1").verdict == refused.verdict


def test_an_upload_that_meets_its_own_press_at_once_takes_it_into_account() -> None:
    gate = Gate()
    code = text()

    def press_commits_first(record: UploadRecord, journal: Any, scan: Any) -> Any:
        if not gate.store.scans:
            gate.scan(code, "s1")
        return gate.store.keep_upload(record, journal, scan)

    answer = one(gate, upload("s1", qr_text=code), keep_upload=press_commits_first)
    assert outcome(answer) == ("ADMITTED", "regular")
    assert len(gate.store.journal().passages) == 1


def test_a_press_sent_after_its_upload_is_a_replay() -> None:
    gate = Gate()
    code = text()
    one(gate, upload("s1", qr_text=code))
    assert gate.scan(code, "s1", now=LATER).replayed is True


@pytest.mark.parametrize(
    "change",
    [
        {"at": NOW + 1, "qr_text": text()}, {"provisional": "refused"}, {"gate": "N2"},
        {"direction": "exit"}, {"qr_text": text(nonce=b"another8")},
    ],
)  # fmt: skip
def test_other_content_under_a_used_scan_id_is_an_error_of_that_scan_alone(
    change: dict[str, Any],
) -> None:
    gate = Gate()
    one(gate, upload("s1"))
    changed, fine = settle(gate, upload("s1", **change), upload("s2", qr_text="rubbish"))
    assert isinstance(changed, Unsettled)
    assert (changed.error.code, changed.retryable) == ("SCAN_ID_REUSED", False)
    assert isinstance(fine, Settled)
    gate.scan(text(), "online")
    [mixed] = settle(gate, upload("online", qr_text=text(nonce=b"another8")))
    assert isinstance(mixed, Unsettled)


def test_when_the_store_goes_away_half_way_the_rest_may_be_sent_again() -> None:
    gate = Gate()
    batch = [upload(f"s{i}", at=NOW + i) for i in range(4)]
    tried: list[str] = []

    def keep(record: UploadRecord, journal: Any, scan: Any) -> Any:
        tried.append(record.record.scan_id)
        gate.store.down = len(tried) == 2
        return gate.store.keep_upload(record, journal, scan)

    answers = settle(gate, *batch, keep_upload=keep)
    assert [isinstance(answer, Settled) for answer in answers] == [True, False, False, False]
    assert all(answer.retryable for answer in answers[1:])
    assert tried == ["s0", "s1"]
    gate.store.down = False
    again = settle(gate, *batch)
    assert [outcome(answer)[1] for answer in again] == ["regular", "double", "double", "double"]
    assert [answer.replayed for answer in again] == [True, False, False, False]


def test_when_time_runs_out_the_rest_may_be_sent_again() -> None:
    turns = iter([True, False])
    answers = settle(
        Gate(), upload("s1"), upload("s2", at=NOW + 1), upload("s3", at=NOW + 2),
        may_go_on=lambda: next(turns),
    )  # fmt: skip
    assert isinstance(answers[0], Settled)
    assert [answer.error.code for answer in answers[1:]] == ["OUT_OF_TIME"] * 2


def test_without_the_database_a_fresh_code_is_settled_and_a_prefetched_one_later() -> None:
    gate = Gate(database_is_down=True)
    asked: list[int] = []
    find = gate.door().find_ticket

    def counted(token_id: Any) -> Any:
        asked.append(token_id)
        return find(token_id)

    batch = [
        upload("s1", qr_text=text(prefetched=True)),
        upload("s2", at=NOW + 1, qr_text=text(prefetched=True)),
        upload("s3", at=NOW + 2, qr_text=text()),
    ]
    answers = settle_offline(
        batch, TERMINAL, gate.door(find_ticket=counted), now=LATER,
        find_ticket_then=lambda token_id, _: counted(token_id),
        find_upload=gate.store.find_upload, keep_upload=gate.store.keep_upload,
        may_go_on=lambda: True,
    )  # fmt: skip
    early, also, fresh = answers
    assert isinstance(early, Unsettled)
    assert isinstance(also, Unsettled)
    assert (early.error.code, early.retryable) == ("DATABASE_UNAVAILABLE", True)
    assert isinstance(fresh, Settled)
    assert fresh.verdict.ticket_check == "deferred"
    assert asked == [TOKEN]


def test_a_key_without_the_scope_uploads_nothing() -> None:
    with pytest.raises(Forbidden):
        settle(Gate(), upload(), terminal=replace(TERMINAL, scopes=frozenset({"manifest"})))


def test_a_full_journal_keeps_the_fact_in_the_upload() -> None:
    gate = Gate()
    one(gate, upload("s0"))
    was = gate.store.journal()
    gate.store.journals[was.ticket] = Journal(was.ticket, was.event_id, was.passages * 500)
    answer = one(gate, upload("s1"))
    assert outcome(answer) == ("TOO_MANY_PASSAGES", None)
    assert gate.store.uploads[TERMINAL.verifier_id, "s1"].provisional == "admitted"


def test_an_upload_that_others_keep_getting_ahead_of_is_to_be_sent_again() -> None:
    gate = Gate()

    def busy(*_: Any) -> ScanRecord | Journal:
        return Journal(gate.store.journal().ticket, TICKET.event_id, ())  # type: ignore[arg-type]

    one(gate, upload("s0"))
    [answer] = settle(gate, upload("s1"), keep_upload=busy)
    assert isinstance(answer, Unsettled)
    assert isinstance(answer.error, Unavailable)
    assert (answer.error.code, answer.retryable) == ("TICKET_BUSY", True)


def test_an_upload_may_be_undone() -> None:
    from tests.unit.test_undo_scan import undo

    gate = Gate()
    one(gate, upload("s1"))
    one(gate, upload("s2", at=NOW + 9))
    undone = undo(gate, "s2", now=LATER + 60)
    assert undone.undone.passed_at == NOW + 9
    assert gate.store.journal().standings() == ("regular", "undone", "regular")
