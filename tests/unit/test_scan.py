"""The order of a scan: replay, code, ticket, and the one write."""

from dataclasses import replace
from typing import Any

import pytest

from onlineticket.domain import qr
from onlineticket.domain.door import ScanRecord
from onlineticket.domain.errors import Conflict, Forbidden, Unavailable
from onlineticket.domain.passage import Journal
from onlineticket.usecases.scan import Answer
from tests.at_the_door import (
    CODE,
    EVENT,
    KEY,
    KEYS,
    LINE,
    NOW,
    SUITE,
    TERMINAL,
    TICKET,
    Gate,
    text,
)

LONG_AFTER = NOW + 86_400


def test_a_holder_is_admitted_with_all_that_settling_needs() -> None:
    gate = Gate()
    answer = gate.scan(text(), "scan-1")
    assert answer.verdict.refusal is None
    assert answer.replayed is False
    assert gate.store.journal() == Journal(KEY, EVENT, (LINE,))


def test_a_second_scan_of_the_ticket_is_refused_with_the_first_ones_time_and_gate() -> None:
    gate = Gate()
    gate.scan(text(), gate="N2")
    another_code = text(nonce=b"another8", expires_at=NOW + 90)
    for code in (text(), another_code):
        verdict = gate.scan(code, now=NOW + 30).verdict
        assert verdict.refusal == "TICKET_ALREADY_USED"
        assert verdict.details == {"admitted_at": "2027-01-15T08:00:00Z", "gate": "N2"}


def test_a_repeated_scan_is_answered_alike_though_its_code_has_expired() -> None:
    gate = Gate()
    first = gate.scan(text(), "scan-1")
    gate.ticket = None
    later = gate.scan(text(), "scan-1", now=LONG_AFTER)
    assert later == Answer(first.verdict, replayed=True)


def test_a_repeated_refusal_stays_one_though_the_reason_is_gone() -> None:
    gate = Gate(ticket=None)
    first = gate.scan(text(), "scan-1")
    gate.ticket = TICKET
    assert gate.scan(text(), "scan-1") == Answer(first.verdict, replayed=True)
    assert first.verdict.refusal == "TICKET_NOT_FOUND"
    assert gate.verdict(text(), "scan-2") == "ADMITTED"


@pytest.mark.parametrize("now", [NOW, LONG_AFTER])
def test_other_content_under_a_used_scan_id_is_a_conflict(now: int) -> None:
    gate = Gate()
    gate.scan(text(), "scan-1")
    for code, name in ((text(nonce=b"another8"), "N1"), (text(), "N2"), ("rubbish", "N1")):
        with pytest.raises(Conflict) as conflict:
            gate.scan(code, "scan-1", gate=name, now=now)
        assert conflict.value.code == "SCAN_ID_REUSED"
    assert gate.scan(text(), "scan-1", now=now).replayed is True


def test_scan_ids_of_two_terminals_are_two() -> None:
    gate = Gate()
    gate.scan(text(), "scan-1")
    gate.terminal = replace(TERMINAL, verifier_id="1" * 16)
    assert gate.verdict(text(), "scan-1") == "TICKET_ALREADY_USED"


@pytest.mark.parametrize(
    ("gate", "scan", "code"),
    [
        (Gate(), {"qr_text": "nonsense"}, "QR_FORGED"),
        (Gate(), {"qr_text": text(), "now": NOW + 66}, "QR_EXPIRED"),
        (Gate(), {"qr_text": text(), "now": NOW - 6}, "QR_NOT_YET_VALID"),
        (Gate(), {"qr_text": text(), "gate": "S1"}, "WRONG_GATE"),
        (Gate(), {"qr_text": text(event_id=8)}, "WRONG_EVENT"),
        (Gate(), {"qr_text": text(epoch=2)}, "QR_SUPERSEDED"),
        (Gate(ticket=replace(TICKET, status="revoked")), {"qr_text": text()}, "TICKET_REVOKED"),
    ],
)
def test_a_refusal_is_kept_and_spends_nothing(gate: Gate, scan: dict[str, Any], code: str) -> None:
    assert gate.verdict(scan_id="scan-1", **scan) == code
    assert gate.store.scans[TERMINAL.verifier_id, "scan-1"].verdict.refusal == code
    assert not gate.store.nonces
    assert not gate.store.journals


def test_the_code_is_judged_before_its_event_its_gate_its_time_and_its_ticket() -> None:
    gate = Gate(ticket=None, database_is_down=True)
    assert gate.verdict(text(event_id=8)[:-1], gate="S1", now=0) == "QR_FORGED"
    assert gate.verdict(text(event_id=8), gate="S1", now=0) == "WRONG_EVENT"
    assert gate.verdict(text(), gate="S1", now=0) == "WRONG_GATE"
    assert gate.verdict(text(), now=0) == "QR_NOT_YET_VALID"


def test_a_spent_code_of_a_ticket_that_may_enter_again_is_refused() -> None:
    gate = Gate()
    gate.scan(text())
    gate.store.journals.clear()
    assert gate.verdict(text()) == "QR_ALREADY_USED"
    assert gate.verdict(text(nonce=b"another8")) == "ADMITTED"


def test_a_refusal_that_loses_to_its_twins_admission_answers_the_admission() -> None:
    """The same scan sent twice at once: the ticket the second one finds taken is its own."""
    gate = Gate()
    twins: list[Answer] = []

    def twin_commits_first(journal: Journal, record: ScanRecord) -> Journal:
        twins.append(gate.scan(text(), "scan-1"))
        return gate.store.journal()

    answer = gate.scan(text(), "scan-1", let_pass=twin_commits_first)
    assert answer == Answer(twins[0].verdict, replayed=True)
    assert answer.verdict.refusal is None


def test_our_own_record_met_after_a_lost_answer_is_no_replay() -> None:
    gate = Gate()

    def answer_lost(journal: Journal, record: ScanRecord) -> Any:
        gate.store.let_pass(journal, record)
        return gate.store.let_pass(journal, record)

    assert gate.scan(text(), "scan-1", let_pass=answer_lost).replayed is False
    assert gate.scan(text(), "scan-1").replayed is True


def test_a_terminal_of_one_gate_need_not_name_it() -> None:
    gate = Gate(terminal=replace(TERMINAL, gates=frozenset({"N7"})))
    assert gate.scan(text(), gate=None).verdict.gate == "N7"
    assert Gate().scan(text(), gate=None).verdict.gate is None
    assert Gate(terminal=replace(TERMINAL, gates=frozenset("*"))).scan(text()).verdict.gate == "N1"


def test_a_key_without_the_scope_scans_nothing() -> None:
    gate = Gate(terminal=replace(TERMINAL, scopes=frozenset({"manifest"})))
    with pytest.raises(Forbidden) as refused:
        gate.scan(text())
    assert refused.value.code == "SCOPE_MISSING"


def test_a_genuine_fresh_code_is_admitted_while_the_database_is_down() -> None:
    gate = Gate(database_is_down=True)
    verdict = gate.scan(text()).verdict
    assert verdict.refusal is None
    assert verdict.ticket_check == "deferred"
    assert gate.store.journal().passages[0].holder is None
    assert gate.verdict(text()) == "TICKET_ALREADY_USED"


@pytest.mark.parametrize(("code", "switch"), [(text(), False), (text(prefetched=True), True)])
def test_without_the_switch_or_with_a_prefetched_code_nothing_is_decided(
    code: str, switch: bool
) -> None:
    gate = Gate(database_is_down=True, admit_when_database_is_down=switch)
    with pytest.raises(Unavailable):
        gate.scan(code, "scan-1")
    gate.database_is_down = False
    assert gate.scan(code, "scan-1").replayed is False
    assert gate.store.journals


def test_a_decided_scan_is_repeated_though_the_database_is_down_since() -> None:
    gate = Gate(admit_when_database_is_down=False)
    first = gate.scan(text(prefetched=True), "scan-1")
    gate.database_is_down = True
    assert gate.scan(text(prefetched=True), "scan-1") == Answer(first.verdict, replayed=True)
    with pytest.raises(Conflict):
        gate.scan(text(nonce=b"another8"), "scan-1")
    with pytest.raises(Unavailable):
        gate.scan(text(prefetched=True), "scan-2")


@pytest.mark.parametrize("code", [text(), "nonsense"])
def test_nothing_is_decided_without_the_store(code: str) -> None:
    gate = Gate()
    gate.store.down = True
    with pytest.raises(Unavailable):
        gate.scan(code)


def test_both_forms_of_the_text_are_one_code() -> None:
    wire = qr.encode(CODE, KEYS, SUITE)
    gate = Gate()
    assert gate.verdict(qr.base64url(wire)) == "ADMITTED"
    assert gate.verdict(qr.base45(wire)) == "TICKET_ALREADY_USED"
