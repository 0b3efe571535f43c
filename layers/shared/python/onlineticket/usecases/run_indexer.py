"""One run of the indexer: pass after pass, inside the minute that the schedule gives it."""

from collections import Counter
from collections.abc import Callable, Mapping
from math import inf

from onlineticket.domain.chain_log import LostRace
from onlineticket.domain.errors import IndexingStopped, Unavailable
from onlineticket.domain.types import SuiteId
from onlineticket.usecases.index_chain import Pass

PAUSE_SECONDS = 1.0
"""Between passes: with the pass itself, a log is served within about two seconds."""

YIELDS = 3
"""Races lost in a row before this run leaves a suite to the other one."""

TURN_SECONDS = 5.0
"""After which a suite with much to catch up lets the others have their turn."""

OnePass = Callable[[Callable[[], bool]], Pass]
"""A pass over one suite, for as long as it is told to keep going."""


def run(
    suites: Callable[[], Mapping[SuiteId, OnePass]],
    keep_going: Callable[[], bool],
    *,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    report: Callable[[SuiteId, Pass], None],
    report_outage: Callable[[Unavailable], None],
) -> int:
    """Make passes over all suites in turn until `keep_going()` says no or other runs have taken
    over every one; return how many. `suites()` is asked before each round.

    A node or a database that is away costs its pass, not the run: the cursor is where it was.

    Raises:
        IndexingStopped: of some suite; the others were gone on with.
    """
    passes = 0
    races: Counter[SuiteId] = Counter()
    stopped: dict[SuiteId, IndexingStopped] = {}

    def is_ours(suite_id: SuiteId) -> bool:
        return suite_id not in stopped and races[suite_id] < YIELDS

    def make_pass(suite_id: SuiteId, one_pass: OnePass, is_alone: bool) -> int:
        ends = inf if is_alone else clock() + TURN_SECONDS
        try:
            report(suite_id, one_pass(lambda: keep_going() and clock() < ends))
        except LostRace:
            races[suite_id] += 1
        except IndexingStopped as stop:
            stopped[suite_id] = stop
        except Unavailable as outage:
            report_outage(outage)
        else:
            races[suite_id] = 0
            return 1
        return 0

    while True:
        try:
            known = suites()
        except Unavailable as outage:
            report_outage(outage)
        else:
            ours = [suite_id for suite_id in known if is_ours(suite_id)]
            for suite_id in ours:
                passes += make_pass(suite_id, known[suite_id], len(ours) == 1)
                if not keep_going():
                    break
            if not any(map(is_ours, known)):
                break
        if not keep_going():
            break
        sleep(PAUSE_SECONDS)
    for stop in stopped.values():
        raise stop
    return passes
