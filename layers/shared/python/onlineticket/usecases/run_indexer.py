"""One run of the indexer: pass after pass, inside the minute that the schedule gives it."""

from collections.abc import Callable

from onlineticket.domain.chain_log import LostRace
from onlineticket.domain.errors import Unavailable
from onlineticket.usecases.index_chain import Pass

PAUSE_SECONDS = 1.0
"""Between passes: with the pass itself, a log is served within about two seconds."""

YIELDS = 3
"""Races lost in a row before this run leaves the suite to the other one."""


def run(
    one_pass: Callable[[], Pass],
    keep_going: Callable[[], bool],
    *,
    sleep: Callable[[float], None],
    report: Callable[[Pass], None],
    report_outage: Callable[[Unavailable], None],
) -> int:
    """Make passes until `keep_going()` says no or another run has taken over; return how many.

    A node that is away costs its pass, not the run: the cursor is where it was. A database that
    goes away ends the run, and the next one opens a connection of its own.
    """
    passes = races = 0
    while True:
        try:
            report(one_pass())
            races, passes = 0, passes + 1
        except LostRace:
            races += 1
        except Unavailable as outage:
            report_outage(outage)
        if races >= YIELDS or not keep_going():
            return passes
        sleep(PAUSE_SECONDS)
