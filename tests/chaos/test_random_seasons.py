"""Random seasons with reorganisations, crashes and lies mixed in: whatever happened on the way, the
rows end up as those of a database that has only seen the chain as it is, and as the chain itself.

`make test` plays 20 seeds, `make test-long` 220; the id of a test is its seed. To play one again:
`pytest tests/chaos/test_random_seasons.py -k 'seed-17'`. Its steps are printed when it fails.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import settings as hypothesis_settings
from psycopg import Connection

from infra.local import chain as anvils
from infra.local import contracts
from infra.local.blocks import mined_by_hand
from infra.local.run import Run
from onlineticket import resources
from onlineticket.chain.rpc import Node
from onlineticket.domain.chain_log import Cursor, LostRace
from onlineticket.domain.contract_read import ContractRead, Subject
from onlineticket.domain.errors import Unavailable
from onlineticket.domain.suite import Suite
from onlineticket.indexer import __main__ as command_line
from onlineticket.indexer.wiring import Index, open_index
from onlineticket.store import database as databases
from onlineticket.store import registry
from onlineticket.usecases.index_chain import run_pass
from onlineticket.usecases.repair import reread, rescan
from tests import snapshots
from tests.chaos import chain_answers, random_season
from tests.chaos.disturbances import Died, Unsteady, die_after, shifting
from tests.chaos.random_draw import WALLETS
from tests.indexing import start_afresh
from tests.integration.indexing_process import POINTS

IS_LONG = hypothesis_settings.get_current_profile_name() == "long"
SEEDS = range(220 if IS_LONG else 20)
FAST_SEEDS = 3
ROUNDS = 2
OWN_TRUTH = ("check_ins", "users", "contracts_registry")
STATES_KEPT = 1_000
"""More blocks than one season has. What anvil puts aside on disk, a reorg no longer finds."""


@dataclass(slots=True)
class Trial:
    """A season and an index of it. `conn` and `fresh`: the database that goes through it all, and
    one to compare it with. `url`: of the former. `has_holes`: a node has left out some logs.
    """

    season: random_season.Season
    random: Random
    suite: Suite
    url: str
    conn: Connection[Any]
    fresh: Connection[Any]
    has_holes: bool = False


@pytest.fixture(scope="module")
def anvil_node(services: Run) -> str:
    return anvils.start(services, "--prune-history", str(STATES_KEPT))


@pytest.fixture(scope="module")
def contracts_file(anvil_node: str) -> str:
    return contracts.deploy(anvil_node)


@pytest.fixture
def fresh(postgres_server: str, spent_databases: list[str], suite: Suite) -> Iterator[Any]:
    """A second database, which knows the suite and nothing else."""
    server, template = postgres_server.rsplit("/", 1)
    name = f"test_{uuid4().hex}"
    with databases.connect(f"{server}/postgres") as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
    with databases.connect(f"{server}/{name}") as conn:
        registry.register(conn, suite)
        yield conn
    spent_databases.append(name)


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(seed, id=f"seed-{seed}", marks=[pytest.mark.slow] * (seed >= FAST_SEEDS))
        for seed in SEEDS
    ],
)
def test_after_a_random_season_the_rows_are_those_of_the_chain(
    seed: int,
    anvil: str,
    suite: Suite,
    database: str,
    registered: Connection[Any],
    fresh: Connection[Any],
) -> None:
    random = Random(seed)
    node = Node(anvil)
    own = _own_truth(registered)
    try:
        with mined_by_hand(node):
            season = random_season.begin(node, suite, random)
            trial = Trial(season, random, suite, database, registered, fresh)
            for number in range(ROUNDS):
                print(f"-- round {number}")
                season.burst()
                for _ in range(random.randint(2, 5)):
                    disturb(trial)
                settle(trial)
                assert_exact(trial)
                assert snapshots.take(registered, OWN_TRUTH) == own
    finally:
        node.call("anvil_dropAllTransactions")


def _own_truth(conn: Connection[Any]) -> Any:
    """Rows of our own, about tickets that reorgs will make and unmake."""
    conn.execute(
        "INSERT INTO users (wallet, role) SELECT unnest(%s::text[]), 'admin'", [list(WALLETS)]
    )
    for token_id in range(1, 9):
        conn.execute(
            "INSERT INTO check_ins (suite_id, verifier_id, scan_id, token_id, event_id,"
            " ticket_check, admitted_at) VALUES (1, 'gate', %s, %s, 1, 'done', now())",
            [uuid4(), token_id],
        )
    return snapshots.take(conn, OWN_TRUTH)


# -- What happens ---------------------------------------------------------------------------------


def disturb(trial: Trial) -> None:
    happenings = {
        disturbed_pass: 3, reorganisation: 4, repairs: 0.5, killed_process: 0.2
    }  # fmt: skip
    if not IS_LONG:
        del happenings[killed_process]  # which takes a second each time
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
    random, moments = trial.random, random_moments(trial.random)
    with databases.connect(trial.url) as conn:
        index = patient_index(conn)
        chain, keep_going = index.chain, lambda: True
        unsteady = Unsteady(chain, index.node, random.randrange(2**32), random.random() < 0.15)
        if random.random() < 0.4:
            chain = unsteady.as_chain()
        shifts = random.random() < 0.3
        if shifts:
            happening = random.choice((trial.season.reorganise, partial(another_pass, trial)))
            chain = shifting(chain, next(moments), happening)
        if random.random() < 0.2:
            left = iter(range(next(moments)))
            keep_going = lambda: next(left, None) is not None  # noqa: E731
        if random.random() < 0.5:
            die_after(conn, random.choice((2, 8, 20, 40, 80)) - random.randrange(2))
        stands, known = on_chain(trial), reconciliations(trial)
        try:
            done: Any = run_pass(chain, index.store, index.from_block, keep_going)
        except (Died, Unavailable, LostRace) as end:
            done = repr(end)
    print(f"pass: {done}")
    trial.has_holes |= unsteady.omitted > 0
    if stands and not shifts:
        lies = unsteady.lies
        assert reconciliations(trial) == known, f"good data was rolled back because of {lies}"


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
                assert trial.has_holes or not done.healed
            case "reread" if on_chain(trial):
                subjects = [one for one in every_read(conn) if trial.random.random() < 0.5]
                print(f"{reread(index.chain, index.store, subjects)} rows read again")


def killed_process(trial: Trial) -> None:
    point, nth = trial.random.choice(POINTS), trial.random.randint(1, 3)
    command = [sys.executable, "-m", "tests.integration.indexing_process", point, str(nth)]
    code = subprocess.run(command, check=False, env=dict(os.environ)).returncode
    print(f"killed at {point}, time {nth}: exit {code}")


def random_moments(random: Random) -> Iterator[int]:
    while True:
        yield random.choice((1, 2, 3, 5, 8))


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
    assert on_chain(trial)


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


# -- What must be so ------------------------------------------------------------------------------


def assert_exact(trial: Trial) -> None:
    """The rows are those of a fresh index that made its contract reads where ours made theirs:
    what changed silently since is stale in both. Read again at the head, they are the chain's.
    """
    node = trial.season.stage.node
    ours = snapshots.take(trial.conn)
    assert ours["dead_letters"] == []
    assert_reads_are_on_chain(trial)
    start_afresh(trial.fresh)
    index = patient_index(trial.fresh)
    catch_up(replace(index, chain=replace(index.chain, read=reads_as_in(trial.conn, index))))
    assert_same(ours, snapshots.take(trial.fresh))
    again = [
        Subject(*row) for row in trial.fresh.execute("SELECT kind, id, sub_id FROM contract_reads")
    ]
    reread(index.chain, index.store, again)
    wallets = [*WALLETS, trial.suite.event_manager]
    assert chain_answers.differences(trial.fresh, node, trial.suite, wallets) == []


def reads_as_in(conn: Connection[Any], index: Index) -> Any:
    """Reads each row at the block where that database read it."""
    places = {
        Subject(kind, id_, sub_id): Cursor(number, f"0x{block_hash}")
        for kind, id_, sub_id, number, block_hash in conn.execute(
            "SELECT kind, id, sub_id, block_number, encode(block_hash, 'hex') FROM contract_reads"
        )
    }

    def read(subjects: list[Subject], at: Cursor) -> list[ContractRead]:
        by_place: dict[Cursor, list[Subject]] = {}
        for subject in subjects:
            by_place.setdefault(places.get(subject, at), []).append(subject)
        return [one for place, some in by_place.items() for one in index.chain.read(some, place)]

    return read


def every_read(conn: Connection[Any]) -> list[Subject]:
    rows = conn.execute("SELECT kind, id, sub_id FROM contract_reads ORDER BY kind, id, sub_id")
    return [Subject(*row) for row in rows]


def assert_reads_are_on_chain(trial: Trial) -> None:
    rows = trial.conn.execute(
        "SELECT DISTINCT block_number, '0x' || encode(block_hash, 'hex') FROM contract_reads"
    ).fetchall()
    headers = trial.season.stage.node.batch(
        [("eth_getBlockByNumber", [hex(number), False]) for number, _ in rows]
    )
    assert dict(rows) == {int(header["number"], 16): header["hash"] for header in headers}


def assert_same(ours: dict[str, list[Any]], wanted: dict[str, list[Any]]) -> None:
    """Row for row; only what differs is told."""
    different = {
        table: {
            "ours": [row for row in ours[table] if row not in wanted[table]],
            "fresh": [row for row in wanted[table] if row not in ours[table]],
        }
        for table in wanted
        if ours[table] != wanted[table]
    }
    assert different == {}


def on_chain(trial: Trial) -> bool:
    """Whether the block of the cursor is on the chain; so it is before anything is indexed."""
    row = trial.conn.execute(
        "SELECT block_number, '0x' || encode(block_hash, 'hex') FROM blocks_processed"
    ).fetchone()
    if row is None:
        return True
    header = trial.season.stage.node.call("eth_getBlockByNumber", [hex(row[0]), False])
    # A block that is not there yet may still come: the node may only lag.
    return header is not None and header["hash"] == row[1]


def reconciliations(trial: Trial) -> Any:
    return trial.conn.execute("SELECT count(*) FROM reconciliations").fetchone()


def patient_index(conn: Connection[Any]) -> Index:
    """As its function wires it, on that connection, but never sleeping between two tries."""
    resources.forget()
    index = open_index(conn)
    index.node.sleep = lambda _: None
    return index
