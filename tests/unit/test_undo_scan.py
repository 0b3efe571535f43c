"""Taking back what a scan let through."""

from dataclasses import replace
from typing import Any

import pytest

from onlineticket.domain.errors import Conflict, Forbidden, Refused, Unavailable
from onlineticket.domain.passage import Journal
from onlineticket.domain.undo import Undo, UndoRecord, undone_from_json
from onlineticket.usecases.undo_scan import Past, UndoAnswer, undo_scan
from tests.at_the_door import EVENT, NOW, SUITE, TERMINAL, TICKET, TOKEN, Gate, refusal_of, text

SUPERVISOR = replace(TERMINAL, verifier_id="5" * 16, scopes=frozenset({"undo"}))


def past(gate: Gate, **changes: Any) -> Past:
    store = gate.store
    return replace(
        Past(
            SUITE, store.find_undo, store.find_scan, store.find_upload, store.find_journal,
            store.take_back,
        ),
        **changes,
    )  # fmt: skip


def undo(
    gate: Gate,
    scan_id: str | None = "scan-1",
    undo_id: str = "undo-1",
    *,
    token_id: int | None = None,
    reason: str = "wrong person",
    now: int = NOW + 60,
    verifier: Any = SUPERVISOR,
    verifier_id: str = TERMINAL.verifier_id,
    **changes: Any,
) -> UndoAnswer:
    request = Undo.of(
        undo_id, reason, scan_id=scan_id, verifier_id=verifier_id, token_id=token_id
    )  # fmt: skip
    return undo_scan(request, verifier, past(gate, **changes), now=now)


def admitted() -> Gate:
    gate = Gate()
    gate.scan(text(), "scan-1")
    return gate


def code_of(**how: Any) -> str:
    gate = how.pop("gate", None) or admitted()
    return refusal_of(lambda: undo(gate, **how))


def test_a_ticket_undone_enters_again_with_a_fresh_code() -> None:
    gate = admitted()
    answer = undo(gate)
    assert answer.replayed is False
    assert answer.undone.token_id == str(TOKEN)
    assert answer.undone.event_id == str(EVENT)
    assert (answer.undone.passed_at, answer.undone.gate) == (NOW, "N1")
    assert gate.verdict(text()) == "QR_ALREADY_USED"
    assert gate.verdict(text(nonce=b"another8", expires_at=NOW + 90), now=NOW + 61) == "ADMITTED"
    assert gate.store.journal().standings() == ("undone", "regular", "regular")


def test_a_replay_of_an_undone_scan_says_so_with_its_verdict() -> None:
    gate = Gate()
    first = gate.scan(text(), "scan-1")
    assert first.undone_at is None
    undo(gate)
    again = gate.scan(text(), "scan-1", now=NOW + 300)
    assert again == replace(first, replayed=True, undone_at=NOW + 60)


def test_an_undo_sent_again_is_the_same_though_its_time_is_over() -> None:
    gate = admitted()
    first = undo(gate)
    again = undo(gate, now=NOW + 86_400)
    assert again == UndoAnswer(first.undone, replayed=True)
    assert len(gate.store.journal().passages) == 2


@pytest.mark.parametrize("change", [{"reason": "x"}, {"scan_id": "scan-2"}])
def test_other_content_under_a_used_undo_id_is_a_conflict(change: dict[str, Any]) -> None:
    gate = admitted()
    undo(gate)
    assert code_of(gate=gate, **change) == "UNDO_ID_REUSED"


def test_a_second_undo_of_the_same_scan_is_refused() -> None:
    gate = admitted()
    undo(gate)
    assert code_of(gate=gate, undo_id="undo-2") == "ALREADY_UNDONE"


def test_only_a_supervisor_of_the_event_undoes() -> None:
    assert code_of(verifier=TERMINAL) == "SCOPE_MISSING"
    assert code_of(verifier=replace(SUPERVISOR, events=frozenset({"8"}))) == "WRONG_EVENT"
    assert code_of(verifier=replace(SUPERVISOR, events=frozenset({"*"}))) == "ok"


def test_what_is_not_there_is_not_undone() -> None:
    assert code_of(scan_id="scan-2") == "SCAN_NOT_FOUND"
    assert code_of(verifier_id="f" * 16) == "SCAN_NOT_FOUND"
    assert code_of(scan_id=None, token_id=TOKEN + 1) == "NOTHING_TO_UNDO"
    refused = admitted()
    refused.scan(text(), "scan-2")
    assert code_of(gate=refused, scan_id="scan-2") == "NOTHING_TO_UNDO"


def test_a_ticket_is_named_instead_of_its_scan() -> None:
    gate = admitted()
    answer = undo(gate, None, token_id=TOKEN)
    assert (answer.undone.verifier_id, answer.undone.scan_id) == (TERMINAL.verifier_id, "scan-1")
    assert code_of(gate=gate, scan_id=None, token_id=TOKEN, undo_id="u2") == "NOTHING_TO_UNDO"


@pytest.mark.parametrize("names", [{"scan_id": None}, {"token_id": TOKEN}])
def test_an_undo_names_either_a_scan_or_a_ticket(names: dict[str, Any]) -> None:
    assert code_of(**names) == "UNDO_MALFORMED"


def test_after_fifteen_minutes_it_is_too_late() -> None:
    assert code_of(now=NOW + 901) == "UNDO_TOO_LATE"
    assert code_of(now=NOW + 900) == "ok"


def test_an_undo_that_meets_an_exit_sees_it() -> None:
    gate = Gate(ticket=replace(TICKET, max_entries=2))
    gate.scan(text(), "scan-1")

    def exit_commits_first(journal: Journal, record: UndoRecord) -> Any:
        gate.scan(text(nonce=b"another8"), direction="exit")
        return gate.store.take_back(journal, record)

    with pytest.raises(Conflict) as refused:
        undo(gate, take_back=exit_commits_first)
    assert refused.value.code == "PASSED_SINCE"
    assert refused.value.details["direction"] == "exit"
    assert gate.store.journal().standings() == ("regular", "regular")


def test_our_own_undo_met_after_a_lost_answer_is_no_refusal() -> None:
    gate = admitted()

    def answer_lost(journal: Journal, record: UndoRecord) -> Any:
        gate.store.take_back(journal, record)
        return gate.store.journal()

    assert undo(gate, take_back=answer_lost).replayed is False
    assert undo(gate).replayed is True


def test_a_rival_request_of_the_same_undo_is_a_replay() -> None:
    gate = admitted()

    def twin_commits_first(journal: Journal, record: UndoRecord) -> Any:
        gate.store.take_back(journal, replace(record, attempt="twin"))
        return gate.store.take_back(journal, record)

    assert undo(gate, take_back=twin_commits_first).replayed is True


def test_an_undo_that_others_keep_getting_ahead_of_gives_up() -> None:
    gate = admitted()
    with pytest.raises(Unavailable) as busy:
        undo(gate, take_back=lambda journal, _: Journal(*_parts(journal)))
    assert busy.value.code == "TICKET_BUSY"


def test_an_answer_reads_back_as_it_was_kept() -> None:
    undone = undo(admitted(), reason="放错人了").undone
    assert undone_from_json(undone.to_json()) == undone


def _parts(journal: Journal) -> Any:
    return journal.ticket, journal.event_id, journal.passages[:-1]


def test_nothing_is_undone_without_the_store_or_the_scope() -> None:
    gate = admitted()
    gate.store.down = True
    with pytest.raises(Unavailable):
        undo(gate)
    with pytest.raises((Forbidden, Refused)):
        undo(gate, verifier=TERMINAL)
