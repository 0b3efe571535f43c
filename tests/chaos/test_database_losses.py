"""The database goes away under a run of the indexer: the run goes on when it is back, and no row is
lost or doubled.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from psycopg import Connection

from infra.local import season
from onlineticket import resources, settings
from onlineticket.domain.errors import Unavailable
from onlineticket.domain.types import SuiteId
from onlineticket.indexer.wiring import EverySuite
from onlineticket.store import database as databases
from onlineticket.usecases.index_chain import Pass
from onlineticket.usecases.run_indexer import run
from tests import snapshots
from tests.indexing import index, start_afresh

Rows = dict[str, list[tuple[Any, ...]]]


@dataclass
class Run:
    """A run of so many rounds. `between`: what happens in the pauses, each once."""

    rounds: int = 4
    between: list[Callable[[], None]] = field(default_factory=list)
    outages: list[str] = field(default_factory=list)
    passes: list[Pass] = field(default_factory=list)
    began: int = 1

    def go(self) -> int:
        resources.forget()
        return run(
            EverySuite().passes,
            lambda: self.began < self.rounds,
            clock=lambda: 0.0,
            sleep=self.sleep,
            report=self.report,
            report_outage=lambda outage: self.outages.append(outage.code),
        )

    def sleep(self, _: float) -> None:
        self.began += 1
        if self.between:
            self.between.pop(0)()

    def report(self, _: SuiteId, done: Pass) -> None:
        self.passes.append(done)


@pytest.fixture
def played(anvil: str, contracts_file: str, registered: Connection[Any]) -> Connection[Any]:
    season.play(anvil, contracts_file)
    return registered


@pytest.fixture
def undisturbed(played: Connection[Any]) -> Rows:
    index()
    rows = snapshots.take(played)
    start_afresh(played)
    return rows


@pytest.fixture
def server(postgres_server: str) -> Any:
    """The server's own database, which no test loses."""
    with databases.connect(postgres_server.rsplit("/", 1)[0] + "/postgres") as admin:
        yield admin


def kill_connections(server: Connection[Any], but: Connection[Any] | None = None) -> None:
    name = settings.required("DB_URL").rsplit("/", 1)[1]
    spared = but.info.backend_pid if but else 0
    server.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> %s",
        [name, spared],
    )


def allow_connections(server: Connection[Any], allowed: bool) -> None:
    name = settings.required("DB_URL").rsplit("/", 1)[1]
    server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {allowed}".encode())


@pytest.mark.parametrize(
    "table",
    ["blocks_processed", "tickets", "events_raw", "trades", "blocks", "contract_reads", "events"],
)
def test_a_server_that_dies_in_the_middle_of_a_commit_costs_no_row(
    table: str, played: Connection[Any], undisturbed: Rows
) -> None:
    """It ends our connection when the table is written to, the first time."""
    played.execute("CREATE SEQUENCE written")
    played.execute(
        """
        CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF nextval('written') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
            RETURN NULL;
        END $$
        """
    )
    played.execute(
        f"CREATE TRIGGER dies AFTER INSERT OR UPDATE ON {table} EXECUTE FUNCTION die()".encode()
    )
    run = Run()
    assert run.go() == 3
    assert run.outages == ["DATABASE_UNAVAILABLE"]
    assert snapshots.take(played) == undisturbed


def test_a_run_waits_for_a_database_that_is_away_and_goes_on_where_it_was(
    played: Connection[Any], undisturbed: Rows, server: Connection[Any]
) -> None:
    def goes_away() -> None:
        allow_connections(server, False)
        kill_connections(server)

    def comes_back() -> None:
        allow_connections(server, True)

    def nothing() -> None:
        pass

    index()
    played.close()
    run = Run(rounds=6, between=[goes_away, nothing, nothing, comes_back])
    assert run.go() == 3
    assert run.outages == ["DATABASE_UNAVAILABLE"] * 3
    assert [done.blocks for done in run.passes] == [0, 0, 0]
    with databases.connect(settings.required("DB_URL")) as conn:
        assert snapshots.take(conn) == undisturbed


def test_a_database_that_is_away_at_first_is_waited_for(
    played: Connection[Any], undisturbed: Rows, server: Connection[Any]
) -> None:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DB_URL", "postgresql://127.0.0.1:1/nowhere")
        resources.forget()
        with pytest.raises(Unavailable):
            EverySuite().passes()
    allow_connections(server, False)
    kill_connections(server, but=played)
    run = Run(between=[lambda: allow_connections(server, True)])
    assert run.go() == 3
    assert run.outages == ["DATABASE_UNAVAILABLE"]
    assert snapshots.take(played) == undisturbed


def test_a_server_that_became_a_read_only_copy_is_left_for_the_one_that_took_over(
    played: Connection[Any], undisturbed: Rows
) -> None:
    def demoted() -> None:
        start_afresh(played)
        resources.postgres().execute("SET default_transaction_read_only = on")

    run = Run(between=[demoted])
    assert run.go() == 3
    assert run.outages == ["DATABASE_UNAVAILABLE"]
    assert snapshots.take(played) == undisturbed
