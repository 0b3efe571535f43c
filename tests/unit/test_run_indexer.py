"""One run: it goes on through outages, and leaves the suite to a newcomer that keeps winning."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from onlineticket.domain.chain_log import LostRace
from onlineticket.domain.errors import IndexingStopped, Unavailable
from onlineticket.usecases.index_chain import Pass
from onlineticket.usecases.run_indexer import PAUSE_SECONDS, YIELDS, run

AWAY = Unavailable("RPC_UNAVAILABLE", "The node does not answer.")


@dataclass
class Minute:
    """A run of at most so many passes, each of which does as the script says; then all go well."""

    passes: int
    script: list[Exception | None] = field(default_factory=list)
    begun: int = 0
    reported: list[Pass] = field(default_factory=list)
    outages: list[Unavailable] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def one_pass(self) -> Pass:
        self.begun += 1
        fault = self.script.pop(0) if self.script else None
        if fault:
            raise fault
        return Pass(blocks=self.begun)

    def keep_going(self) -> bool:
        return self.begun < self.passes

    def run(self, report: Callable[[Pass], None] | None = None) -> int:
        return run(
            self.one_pass,
            self.keep_going,
            sleep=self.slept.append,
            report=report or self.reported.append,
            report_outage=self.outages.append,
        )


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
