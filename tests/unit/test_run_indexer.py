"""One run: it goes on through outages, and leaves the suite to a newcomer that keeps winning."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest

from onlineticket.domain.chain_log import LostRace
from onlineticket.domain.errors import IndexingStopped, Unavailable
from onlineticket.domain.types import SuiteId
from onlineticket.usecases.index_chain import Pass
from onlineticket.usecases.run_indexer import PAUSE_SECONDS, TURN_SECONDS, YIELDS, OnePass, run

AWAY = Unavailable("RPC_UNAVAILABLE", "The node does not answer.")


SUITE, OLDER = SuiteId(2), SuiteId(1)


@dataclass
class Minute:
    """A run of at most so many passes, each of which does as the script says; then all go well.
    A pass takes a second. `reported`, of which suite: in `of`.
    """

    passes: int
    script: list[Exception | None] = field(default_factory=list)
    begun: int = 0
    reported: list[Pass] = field(default_factory=list)
    outages: list[Unavailable] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    of: list[SuiteId] = field(default_factory=list)
    told_to_go_on: list[bool] = field(default_factory=list)
    now: float = 0.0

    def one_pass(self, keep_going: Callable[[], bool]) -> Pass:
        self.begun += 1
        self.now += 1
        fault = self.script.pop(0) if self.script else None
        if fault:
            raise fault
        return Pass(blocks=self.begun)

    def keep_going(self) -> bool:
        return self.begun < self.passes

    def run(self, suites: Callable[[], Mapping[SuiteId, OnePass]] | None = None) -> int:
        return run(
            suites or (lambda: {SUITE: self.one_pass}),
            self.keep_going,
            clock=lambda: self.now,
            sleep=self.slept.append,
            report=self.report,
            report_outage=self.outages.append,
        )

    def report(self, suite_id: SuiteId, done: Pass) -> None:
        self.of.append(suite_id)
        self.reported.append(done)


def test_passes_follow_each_other_with_a_pause_between_until_time_is_up() -> None:
    minute = Minute(3)
    assert minute.run() == 3
    assert [done.blocks for done in minute.reported] == [1, 2, 3]
    assert minute.slept == [PAUSE_SECONDS] * 2


def test_a_run_without_time_makes_its_one_pass() -> None:
    minute = Minute(0)
    assert (minute.run(), minute.slept) == (1, [])


def test_an_outage_costs_its_pass_and_is_told() -> None:
    minute = Minute(4, [None, AWAY, AWAY])
    assert minute.run() == 2
    assert minute.outages == [AWAY, AWAY]
    assert minute.begun == 4


def test_an_outage_that_lasts_ends_with_the_minute() -> None:
    minute = Minute(30, [AWAY] * 30)
    assert minute.run() == 0
    assert len(minute.slept) == 29


def test_three_races_lost_in_a_row_leave_the_suite_to_the_other_run() -> None:
    minute = Minute(30, [LostRace()] * 30)
    assert minute.run() == 0
    assert minute.begun == YIELDS == 3
    assert len(minute.slept) == YIELDS - 1


def test_races_lost_now_and_then_do_not_add_up() -> None:
    lost_twice: list[Exception | None] = [LostRace(), LostRace(), None]
    minute = Minute(12, lost_twice * 4)
    assert minute.run() == 4
    assert minute.begun == 12


def test_an_outage_does_not_make_up_for_a_lost_race() -> None:
    minute = Minute(30, [LostRace(), AWAY, LostRace(), AWAY, LostRace()])
    assert minute.run() == 0
    assert minute.begun == 5


@pytest.mark.parametrize("fault", [IndexingStopped("REORG", "too deep"), KeyError("a bug")])
def test_what_only_a_person_can_mend_ends_the_run_aloud(fault: Exception) -> None:
    minute = Minute(5, [None, fault])
    with pytest.raises(type(fault)):
        minute.run()
    assert minute.begun == 2
    assert minute.outages == []


# -- Several suites -------------------------------------------------------------------------------


def raising(fault: Exception) -> OnePass:
    def one_pass(_: Callable[[], bool]) -> Pass:
        raise fault

    return one_pass


def test_suites_take_turns() -> None:
    minute = Minute(5)
    assert minute.run(lambda: {SUITE: minute.one_pass, OLDER: minute.one_pass}) == 5
    assert minute.of == [SUITE, OLDER, SUITE, OLDER, SUITE]


def test_a_suite_with_much_to_do_lets_the_others_have_their_turn() -> None:
    minute = Minute(4)
    turns: list[float] = []

    def long_pass(keep_going: Callable[[], bool]) -> Pass:
        began = minute.now
        while keep_going():
            minute.now += 1
        turns.append(minute.now - began)
        return Pass()

    minute.run(lambda: {SUITE: long_pass, OLDER: minute.one_pass})
    assert turns
    assert set(turns) == {TURN_SECONDS}


def test_a_suite_on_its_own_has_all_the_time_of_the_run() -> None:
    minute = Minute(1)

    def long_pass(keep_going: Callable[[], bool]) -> Pass:
        minute.now += 10 * TURN_SECONDS
        minute.told_to_go_on.append(keep_going())
        return minute.one_pass(keep_going)

    minute.run(lambda: {SUITE: long_pass})
    assert minute.told_to_go_on == [True]


def test_a_suite_that_another_run_has_taken_over_is_left_to_it_and_the_others_gone_on_with() -> (
    None
):
    minute = Minute(6)
    lost: list[int] = []

    def race(_: Callable[[], bool]) -> Pass:
        lost.append(1)
        raise LostRace

    assert minute.run(lambda: {SUITE: race, OLDER: minute.one_pass}) == 6
    assert len(lost) == YIELDS
    assert set(minute.of) == {OLDER}


def test_a_suite_that_stopped_is_told_of_at_the_end_and_the_others_are_gone_on_with() -> None:
    minute = Minute(3)
    stop = IndexingStopped("REORG_TOO_DEEP", "too deep")
    with pytest.raises(IndexingStopped):
        minute.run(lambda: {SUITE: raising(stop), OLDER: minute.one_pass})
    assert minute.of == [OLDER] * 3


def test_an_outage_of_one_suites_pass_does_not_cost_the_others_theirs() -> None:
    minute = Minute(2)
    minute.run(lambda: {SUITE: raising(AWAY), OLDER: minute.one_pass})
    assert minute.of == [OLDER] * 2
    assert minute.outages == [AWAY] * 2


def test_suites_that_cannot_be_told_yet_are_asked_for_again() -> None:
    minute = Minute(2)
    answers = [AWAY, AWAY]

    def suites() -> Mapping[SuiteId, OnePass]:
        if answers:
            raise answers.pop()
        return {SUITE: minute.one_pass}

    assert minute.run(suites) == 2
    assert minute.outages == [AWAY, AWAY]


def test_a_suite_registered_meanwhile_is_indexed_from_the_next_round_on() -> None:
    minute = Minute(3)

    def suites() -> Mapping[SuiteId, OnePass]:
        newer = {SUITE: minute.one_pass} if minute.begun else {}
        return {**newer, OLDER: minute.one_pass}

    minute.run(suites)
    assert minute.of == [OLDER, SUITE, OLDER]
