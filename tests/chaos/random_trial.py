"""An index of a random season, and what happens to it: disturbed passes, reorgs, repairs."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

from psycopg import Connection

from onlineticket import resources
from onlineticket.domain.chain_log import LostRace
from onlineticket.domain.contract_read import Subject
from onlineticket.domain.errors import Unavailable
from onlineticket.domain.suite import Suite
from onlineticket.indexer import __main__ as command_line
from onlineticket.indexer.wiring import Index, open_index
from onlineticket.store import database as databases
from onlineticket.usecases.index_chain import run_pass
from onlineticket.usecases.repair import reread, rescan
from tests.chaos.disturbances import Died, Unsteady, die_after, shifting
from tests.chaos.random_season import Season
from tests.integration.indexing_process import POINTS


@dataclass(slots=True)
class Trial:
    """A season and an index of it. `conn` and `fresh`: the database that goes through it all, and
    one to compare it with. `url`: of the former. `with_kills`: real processes die too, which takes
    a second each time. `has_holes`: a node has left out some logs.
    """

    season: Season
    random: Random
    suite: Suite
    url: str
    conn: Connection[Any]
    fresh: Connection[Any]
    with_kills: bool
    has_holes: bool = False


def disturb(trial: Trial) -> None:
    happenings = {
        disturbed_pass: 3, reorganisation: 4, repairs: 0.5, killed_process: 0.2
    }  # fmt: skip
    if not trial.with_kills:
        del happenings[killed_process]
    (happening,) = trial.random.choices(tuple(happenings), tuple(happenings.values()))
    happening(trial)


def reorganisation(trial: Trial) -> None:
    """What was indexed, as far as it was, is gone; mostly the indexer can see that it is."""
    trial.season.burst()
    disturbed_pass(trial)
    trial.season.reorganise()
    if trial.random.random() < 0.7:
        trial.season.outgrow()
        disturbed_pass(trial)


def disturbed_pass(trial: Trial) -> None:
    """A pass on a connection of its own, during which the process may die, the node may lie or
    reorganise, another indexer may be faster, and the time may run out.
    """
    random = trial.random
    moment = partial(random.choice, (1, 2, 3, 4, 5, 8))
    with databases.connect(trial.url) as conn:
        index = patient_index(conn)
        chain, keep_going = index.chain, lambda: True
        unsteady = Unsteady(chain, index.node, random.randrange(2**32), random.random() < 0.25)
        if random.random() < 0.4:
            chain = unsteady.as_chain()
        shifts = random.random() < 0.3
        if shifts:
            happening = random.choice((trial.season.reorganise, partial(another_pass, trial)))
            chain = shifting(chain, moment(), random.random() < 0.5, happening)
        if random.random() < 0.2:
            keep_going = only(moment())
        if random.random() < 0.5:
            die_after(conn, random.choice((2, 8, 20, 40, 80)) - random.randrange(2))
        process = conn.info.backend_pid
        stands, known = standing(trial) is not False, reconciliations(trial)
        try:
            done: Any = run_pass(chain, index.store, index.from_block, keep_going)
        except (Died, Unavailable, LostRace) as end:
            done = repr(end)
    print(f"pass: {done}")
    wait_for_end(trial.conn, process)
    trial.has_holes |= unsteady.omitted > 0
    if stands and not shifts:
        assert reconciliations(trial) == known, f"good data was rolled back: {unsteady.lies}"


def wait_for_end(conn: Connection[Any], process: int) -> None:
    """Until Postgres has noticed: its locks are held so long, and whether the next pass still meets
    them must not be up to chance that no seed repeats.
    """
    query = "SELECT FROM pg_stat_activity WHERE pid = %s"
    while conn.execute(query, [process]).fetchone() is not None:
        time.sleep(0.002)


def another_pass(trial: Trial) -> None:
    """Of a second indexer, in the middle of the first one's; it may see a chain that is new."""
    if trial.random.random() < 0.5:
        trial.season.reorganise()
        trial.season.outgrow()
    with databases.connect(trial.url) as conn:
        index = patient_index(conn)
        done = run_pass(index.chain, index.store, index.from_block, lambda: True)
    print(f"another indexer's pass: {done}")


def repairs(trial: Trial) -> None:
    """What mends the rows must find nothing to mend, whichever chain the node is on by now."""
    with databases.connect(trial.url) as conn:
        index = patient_index(conn)
        cursor, head = index.store.cursor(), trial.season.head()
        match trial.random.choice(("rebuild", "rescan", "reread")):
            case "rebuild":
                print("rebuild")
                assert command_line.main(["rebuild"]) == 0
            case "rescan" if cursor is not None:
                last = min(cursor.number, head)
                done = rescan(index.chain, index.store, trial.suite.from_block, last)
                print(f"rescan up to {last}: {done}")
                assert trial.has_holes or not done.healed, "a hole that no node made"
            case "reread" if standing(trial):
                subjects = [one for one in every_read(conn) if trial.random.random() < 0.5]
                print(f"{reread(index.chain, index.store, subjects)} rows read again")


def killed_process(trial: Trial) -> None:
    point, nth = trial.random.choice(POINTS), trial.random.randint(1, 3)
    command = [sys.executable, "-m", "tests.integration.indexing_process", point, str(nth)]
    code = subprocess.run(command, check=False, env=dict(os.environ)).returncode
    print(f"killed at {point}, time {nth}: exit {code}")


def only(times: int) -> Callable[[], bool]:
    left = iter(range(times))
    return lambda: next(left, None) is not None


def settle(trial: Trial) -> None:
    """Passes that nothing disturbs, on a chain higher than any before, until all is indexed; and
    if a node has left out logs, one re-scan that finds them.
    """
    trial.season.outgrow()
    with databases.connect(trial.url) as conn:
        index = patient_index(conn)
        catch_up(index)
        if trial.has_holes:
            print(rescan(index.chain, index.store, index.from_block, trial.season.head()))
            trial.has_holes = False
            catch_up(index)
    assert standing(trial), "the cursor's block is not on the chain"


def catch_up(index: Index) -> None:
    for _ in range(20):
        try:
            done = run_pass(index.chain, index.store, index.from_block, lambda: True)
        except LostRace:
            time.sleep(0.05)  # Postgres has not noticed yet that the last one died
            continue
        print(f"undisturbed pass: {done}")
        if done.cursor == done.head and not done.blocks and not done.reads and not done.reorgs:
            return
    raise AssertionError("not caught up after 20 passes")


def every_read(conn: Connection[Any]) -> list[Subject]:
    rows = conn.execute("SELECT kind, id, sub_id FROM contract_reads ORDER BY kind, id, sub_id")
    return [Subject(*row) for row in rows]


def standing(trial: Trial) -> bool | None:
    """Whether the block of the cursor, if there is one, is on the chain; None while the chain is
    not that high: for all that an indexer can know, its node lags.
    """
    row = trial.conn.execute(
        "SELECT block_number, '0x' || encode(block_hash, 'hex') FROM blocks_processed"
    ).fetchone()
    if row is None:
        return True
    header = trial.season.stage.node.call("eth_getBlockByNumber", [hex(row[0]), False])
    return None if header is None else bool(header["hash"] == row[1])


def reconciliations(trial: Trial) -> Any:
    return trial.conn.execute("SELECT count(*) FROM reconciliations").fetchone()


def patient_index(conn: Connection[Any]) -> Index:
    """As its function wires it, on that connection, but never sleeping between two tries."""
    resources.forget()
    index = open_index(conn)
    index.node.sleep = lambda _: None
    return index
