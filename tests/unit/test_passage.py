"""A ticket's journal: what its lines come to, in whatever order they were written."""

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onlineticket.domain import passage
from onlineticket.domain.errors import Refused
from onlineticket.domain.passage import (
    Journal,
    Kind,
    Passage,
    next_line,
    passage_from_json,
    undoing,
)
from tests.at_the_door import EVENT, KEY, LINE, NOW, refusal_of

TWICE = replace(LINE, max_entries=2)


def line(at: int, kind: Kind = "entry", scan_id: str = "", **changes: Any) -> Passage:
    named = scan_id or f"{kind}@{at}"
    return replace(TWICE, kind=kind, at=at, recorded_at=at, scan_id=named, **changes)


def journal(*lines: Passage) -> Journal:
    return Journal(KEY, EVENT, lines)


def standings(*lines: Passage) -> list[str]:
    return list(journal(*lines).standings())


def undo(number: int, at: int = NOW) -> Passage:
    return replace(LINE, kind="undo", at=at, scan_id=f"undo-{number}", undoes=number, reason="x")


def test_a_ticket_of_one_entry_enters_once() -> None:
    assert next_line(None, LINE) == LINE
    with pytest.raises(Refused) as refused:
        next_line(journal(LINE), replace(LINE, at=NOW + 9, gate="N2", scan_id="s2"))
    assert refused.value.code == "TICKET_ALREADY_USED"
    assert refused.value.details == {"admitted_at": "2027-01-15T08:00:00Z", "gate": "N1"}


def test_a_ticket_of_one_entry_that_left_is_used_up() -> None:
    left = journal(LINE, replace(LINE, kind="exit", at=NOW + 9, scan_id="s2"))
    assert refusal_of(lambda: next_line(left, replace(LINE, scan_id="s3"))) == "TICKET_ALREADY_USED"


def test_a_ticket_enters_from_outside_and_leaves_from_inside_as_often_as_it_may() -> None:
    was: Journal | None = None
    outcomes = []
    kinds: list[Kind] = ["exit", "entry", "entry", "exit", "exit", "entry", "exit", "entry"]
    for at, kind in enumerate(kinds):
        wanted = line(at, kind)
        outcome = refusal_of(lambda was=was, wanted=wanted: next_line(was, wanted))  # type: ignore[misc]
        outcomes.append(outcome)
        if outcome == "ok":
            was = (was or journal()).with_line(next_line(was, wanted))
    assert outcomes == [
        "TICKET_NOT_INSIDE", "ok", "TICKET_INSIDE", "ok", "TICKET_NOT_INSIDE", "ok", "ok",
        "TICKET_ALREADY_USED",
    ]  # fmt: skip


def test_refusals_say_what_happened_before() -> None:
    inside = journal(line(NOW))
    with pytest.raises(Refused) as refused:
        next_line(inside, line(NOW + 1))
    assert refused.value.details == {"admitted_at": "2027-01-15T08:00:00Z", "gate": "N1"}
    outside = inside.with_line(line(NOW + 1, "exit", gate="N2"))
    with pytest.raises(Refused) as refused:
        next_line(outside, line(NOW + 2, "exit"))
    assert refused.value.details == {"left_at": "2027-01-15T08:00:01Z", "gate": "N2"}
    with pytest.raises(Refused) as refused:
        next_line(None, line(NOW, "exit"))
    assert refused.value.details == {"left_at": None, "gate": None}


def test_a_clock_that_is_behind_does_not_put_a_passage_before_its_predecessor() -> None:
    inside = journal(line(NOW))
    left = next_line(inside, line(NOW - 3, "exit"))
    assert left.at == NOW
    assert inside.with_line(left).standings() == ("regular", "regular")


def test_a_full_journal_takes_no_more() -> None:
    full = journal(
        *[line(NOW, scan_id=str(i), refusal="QR_EXPIRED") for i in range(passage.LONGEST)]
    )
    assert refusal_of(lambda: next_line(full, line(NOW + 1))) == "TOO_MANY_PASSAGES"
    assert refusal_of(lambda: next_line(journal(*full.passages[1:]), line(NOW + 1))) == "ok"


def test_the_earliest_of_two_entries_is_the_entitled_one_whoever_tells_first() -> None:
    early = line(NOW, offline=True, max_entries=1)
    late = line(NOW + 60, offline=True, max_entries=1)
    assert standings(early, late) == ["regular", "double"]
    assert standings(late, early) == ["double", "regular"]
    assert journal(late, early).used_by(1) == early
    assert journal(late, early).used_by(2) is None


def test_an_admission_of_the_doors_own_is_outranked_by_an_earlier_one_made_offline() -> None:
    online = line(NOW + 60, max_entries=1)
    assert standings(online, line(NOW, offline=True, max_entries=1)) == ["double", "regular"]
    assert standings(online, line(NOW + 60, offline=True, max_entries=1)) == ["double", "regular"]
    assert standings(online, line(NOW + 61, offline=True, max_entries=1)) == ["regular", "double"]


def test_two_of_one_second_are_ranked_by_terminal_and_scan() -> None:
    one = line(NOW, scan_id="b", verifier_id="1" * 16, offline=True)
    two = line(NOW, scan_id="a", verifier_id="2" * 16, offline=True)
    three = line(NOW, scan_id="c", verifier_id="1" * 16, offline=True)
    for lines in permutations([one, two, three]):
        entitled = [l for l, s in zip(lines, standings(*lines), strict=True) if s == "regular"]  # noqa: E741
        assert entitled == [one]


def test_an_exit_in_between_makes_the_second_entry_a_regular_one() -> None:
    first, second = line(NOW, offline=True), line(NOW + 60, offline=True)
    out = line(NOW + 30, "exit", offline=True)
    assert standings(first, second) == ["regular", "double"]
    assert standings(first, second, out) == ["regular"] * 3
    assert standings(out) == ["stray"]


def test_whoever_came_in_without_a_right_to_counts_as_no_entry() -> None:
    intruder = line(NOW, offline=True, refusal="TICKET_REVOKED")
    assert standings(intruder, line(NOW + 1)) == ["irregular", "regular"]
    assert next_line(journal(intruder), line(NOW + 1)) == line(NOW + 1)


def test_each_line_is_judged_by_the_rule_of_its_own_time() -> None:
    lines = [line(NOW), line(NOW + 1, "exit"), line(NOW + 2)]
    assert standings(*lines) == ["regular"] * 3
    narrowed = [*lines[:2], replace(lines[2], max_entries=1)]
    assert standings(*narrowed) == ["regular", "regular", "double"]


def test_an_undone_entry_frees_the_ticket_and_stays_on_record() -> None:
    was = journal(LINE)
    took_back = undoing(was, 1, verifier_id="s", undo_id="u", reason="wrong gate", now=NOW + 60)
    assert (took_back.kind, took_back.undoes, took_back.reason) == ("undo", 1, "wrong gate")
    assert (took_back.verifier_id, took_back.scan_id, took_back.at) == ("s", "u", NOW + 60)
    after = was.with_line(took_back)
    assert after.standings() == ("undone", "regular")
    assert after.passages[0] == LINE
    again = next_line(after, replace(LINE, at=NOW + 90, scan_id="s2"))
    assert after.with_line(again).standings() == ("undone", "regular", "regular")


def test_an_undo_makes_the_double_entry_the_regular_one() -> None:
    was = journal(line(NOW), line(NOW + 9, offline=True))
    assert was.standings() == ("regular", "double")
    after = was.with_line(undo(1))
    assert after.standings() == ("undone", "regular", "regular")


@pytest.mark.parametrize(("number", "code"), [(1, "PASSED_SINCE"), (2, "PASSED_SINCE"), (3, "ok")])
def test_passages_are_undone_from_the_newest_on(number: int, code: str) -> None:
    was = journal(line(NOW), line(NOW + 1, "exit"), line(NOW + 2))
    how: Any = {"verifier_id": "s", "undo_id": "u", "reason": "x", "now": NOW + 3}
    assert refusal_of(lambda: undoing(was, number, **how)) == code


def test_an_undo_has_fifteen_minutes_from_the_record() -> None:
    uploaded = journal(replace(line(NOW - 7200, offline=True), recorded_at=NOW))
    how: Any = {"verifier_id": "s", "undo_id": "u", "reason": "x"}
    assert refusal_of(lambda: undoing(uploaded, 1, now=NOW + 900, **how)) == "ok"
    with pytest.raises(Refused) as refused:
        undoing(uploaded, 1, now=NOW + 901, **how)
    assert refused.value.code == "UNDO_TOO_LATE"
    assert refused.value.details == {"until": "2027-01-15T08:15:00Z"}


def test_nothing_is_undone_twice() -> None:
    was = journal(LINE, undo(1, NOW + 5))
    with pytest.raises(Refused) as refused:
        undoing(was, 1, verifier_id="s", undo_id="u2", reason="x", now=NOW + 9)
    assert refused.value.code == "ALREADY_UNDONE"
    assert refused.value.details == {"undone_at": "2027-01-15T08:00:05Z"}


def test_the_newest_standing_passage_is_found_by_time() -> None:
    late, early = line(NOW + 60), line(NOW, offline=True)
    assert journal(late, early).newest_standing() == 1
    assert journal(late, early, undo(1)).newest_standing() == 2
    assert journal(late, undo(1)).newest_standing() is None


def test_a_line_is_found_by_its_scan_and_an_undo_is_no_scan() -> None:
    was = journal(LINE, replace(undo(1), scan_id="scan-9"))
    assert was.find(LINE.verifier_id, "scan-1") == 1
    assert was.find(LINE.verifier_id, "scan-9") is None
    assert was.find("another", "scan-1") is None


@pytest.mark.parametrize(
    "one", [LINE, undo(1), replace(LINE, gate=None, holder=None, refusal="夜曲", offline=True)]
)
def test_a_line_reads_back_as_it_was_kept(one: Passage) -> None:
    assert passage_from_json(one.to_json()) == one


OBSERVED = st.lists(
    st.builds(
        lambda at, kind, terminal, max_entries, refusal: (at, kind, terminal, max_entries, refusal),
        st.integers(0, 8), st.sampled_from(["entry", "entry", "exit"]), st.integers(0, 3),
        st.integers(1, 3), st.sampled_from([None, None, None, "QR_EXPIRED"]),
    ),
    max_size=9,
)  # fmt: skip


@given(OBSERVED, st.randoms(use_true_random=False))
def test_one_set_of_observations_has_one_outcome(observed: list[Any], chance: Any) -> None:
    lines = [
        line(NOW + at, kind, str(i), verifier_id=str(terminal), max_entries=most, refusal=no,
             offline=True)
        for i, (at, kind, terminal, most, no) in enumerate(observed)
    ]  # fmt: skip
    outcome = dict(zip(lines, standings(*lines), strict=True))
    shuffled = list(lines)
    chance.shuffle(shuffled)
    assert dict(zip(shuffled, standings(*shuffled), strict=True)) == outcome
    regular = sorted((l for l in lines if outcome[l] == "regular"), key=lambda l: l.at)  # noqa: E741
    entries = [one for one in regular if one.kind == "entry"]
    exits = [one for one in regular if one.kind == "exit"]
    assert len(entries) - len(exits) in (0, 1)
    assert len(entries) <= max((one.max_entries for one in lines), default=0)
    assert all(outcome[one] == "irregular" for one in lines if one.refusal)
