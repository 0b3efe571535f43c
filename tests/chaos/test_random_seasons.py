"""Random seasons with reorganisations, crashes and lies mixed in: whatever happened on the way, the
rows end up as those of a database that has only seen the chain as it is, and as the chain itself.

`make test` plays 20 seeds, `make test-long` 220; the id of a test is its seed, and one seed is one
season in each of the two. Its steps are printed when it fails; to play it again:
`pytest tests/chaos/test_random_seasons.py -k 'seed-17]'`, with HYPOTHESIS_PROFILE=long if it was.
"""

from collections.abc import Iterator
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import settings as hypothesis_settings
from psycopg import Connection

from infra.local.blocks import mined_by_hand
from onlineticket.chain.rpc import Node
from onlineticket.domain.suite import Suite
from onlineticket.store import database as databases
from onlineticket.store import registry
from tests import snapshots
from tests.chaos import random_season
from tests.chaos.exactness import differences
from tests.chaos.random_draw import WALLETS
from tests.chaos.random_trial import Trial, disturb, settle

IS_LONG = hypothesis_settings.get_current_profile_name() == "long"
SEEDS = range(220 if IS_LONG else 20)
ROUNDS = 2
OWN_TRUTH = ("check_ins", "users", "contracts_registry")


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


@pytest.mark.parametrize("seed", SEEDS, ids="seed-{}".format)
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
            trial = Trial(season, random, suite, database, registered, fresh, IS_LONG)
            for number in range(ROUNDS):
                print(f"-- round {number}")
                season.burst()
                for _ in range(random.randint(2, 5)):
                    disturb(trial)
                settle(trial)
                assert differences(trial) == []
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
