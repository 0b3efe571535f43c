"""Suites side by side: on a real chain, indexed by one run as if each were alone."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from psycopg import Connection

from functions.indexer.handler import lambda_handler
from functions.worker import handler as worker
from infra.local import chain, contracts, season
from infra.local.blocks import calldata
from onlineticket import resources
from onlineticket.domain import suite as suites
from onlineticket.domain.errors import Invalid
from onlineticket.indexer import __main__ as command_line
from onlineticket.store import registry
from tests import snapshots
from tests.indexing import index, start_afresh

pytestmark = pytest.mark.slow

ROWS = (*snapshots.DERIVED, "events_raw", "dead_letters")


def run_once() -> dict[str, int]:
    """The indexer's function, with time for one round only."""
    resources.forget()
    context: Any = SimpleNamespace(
        function_name="indexer", memory_limit_in_mb=1, invoked_function_arn="", aws_request_id="",
        get_remaining_time_in_millis=lambda: 60_000,
    )  # fmt: skip
    done: dict[str, int] = lambda_handler({"run_seconds": 2}, context)
    return done


@pytest.fixture
def two_suites(
    anvil: str, contracts_file: str, conn: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """The contracts files of an older suite and of the current one, a season played on each."""
    newer = contracts.deploy(anvil)
    for file in (contracts_file, newer):
        season.play(anvil, file)
        registry.register(conn, suites.parse(file))
    monkeypatch.setenv("CONTRACTS", newer)
    monkeypatch.setenv("RPC_URL", anvil)
    return [contracts_file, newer]


def one_by_one(
    conn: Connection[Any], files: list[str], monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """The rows of indexes of each suite alone."""
    start_afresh(conn)
    for file in files:
        monkeypatch.setenv("CONTRACTS", file)
        index()
    return snapshots.take(conn)


def test_one_run_indexes_every_suite_as_if_it_were_alone(
    two_suites: list[str],
    anvil: str,
    conn: Connection[Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_once()["passes"] >= 2
    rows = snapshots.take(conn)
    counted = conn.execute("SELECT suite_id, count(*) FROM tickets GROUP BY 1 ORDER BY 1")
    [(first, sold), (second, sold_again)] = counted.fetchall()
    assert (first, second) == (1, 2)
    assert sold == sold_again > 20
    assert conn.execute("SELECT count(*) FROM dead_letters").fetchone() == (0,)
    assert rows == one_by_one(conn, two_suites, monkeypatch)
    # People see both, and mend both at once.
    capsys.readouterr()
    assert command_line.main(["status"]) == 0
    assert [line for line in capsys.readouterr().out.splitlines() if "suite" in line] == [
        "suite          2", "suite          1",
    ]  # fmt: skip
    conn.execute("UPDATE tickets SET status = 'used', holder = owner")
    assert command_line.main(["rebuild"]) == 0
    assert snapshots.take(conn) == rows
    assert command_line.main(["--suite", "3", "status"]) == 2


def test_a_reorg_is_undone_in_every_suite(
    two_suites: list[str], anvil: str, conn: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_once()
    chain.call(anvil, "anvil_reorg", 9, [])
    chain.call(anvil, "anvil_mine", "0x2")
    run_once()
    assert conn.execute("SELECT suite_id, depth FROM reconciliations ORDER BY 1").fetchall() == [
        (1, 9), (2, 9),
    ]  # fmt: skip
    rows = snapshots.take(conn)
    assert rows == one_by_one(conn, two_suites, monkeypatch)


def test_the_worker_looks_after_every_suite(
    two_suites: list[str], anvil: str, conn: Connection[Any], dynamodb: Any
) -> None:
    run_once()
    older = suites.parse(two_suites[0])
    [(event_id, organizer)] = conn.execute(
        "SELECT event_id, organizer FROM events WHERE status = 'published' AND suite_id = 1 LIMIT 1"
    ).fetchall()
    update = "updateEvent(uint256,string,string,string,string,uint256,uint256)"
    data = calldata(update, event_id, "改名", "", "", "", 0, 2**40)
    request = {"from": organizer, "to": older.event_manager, "data": data}
    chain.call(anvil, "eth_sendTransaction", request)
    run_once()
    resources.forget()
    context: Any = SimpleNamespace(
        function_name="worker", memory_limit_in_mb=1, invoked_function_arn="", aws_request_id=""
    )
    assert worker.lambda_handler({}, context) == {"healed": 0, "dead_letters": 0}
    renamed = conn.execute("SELECT suite_id, event_id FROM events WHERE name = '改名'").fetchall()
    assert renamed == [(1, event_id)]


def test_a_new_suite_may_keep_the_platform_token_but_no_address_that_we_index(
    conn: Connection[Any], contracts_file: str
) -> None:
    file = json.loads(contracts_file)
    registry.register(conn, suites.parse(contracts_file))
    new = {name: f"0x{place:040x}" for place, name in enumerate(file["contracts"], 1)}
    kept = new | {"PlatformToken": file["contracts"]["PlatformToken"]}
    assert registry.register(conn, suites.parse(json.dumps(file | {"contracts": kept}))) == 2
    new = {name: address.replace("0x00", "0x77") for name, address in new.items()}
    for name in ("EventManager", "Marketplace", "TokenSwap"):
        stolen = json.dumps(file | {"contracts": new | {name: file["contracts"][name]}})
        with pytest.raises(Invalid, match=f"{name} .* is another suite's"):
            registry.register(conn, suites.parse(stolen))
    assert registry.suites_on(conn, 31337) == [2, 1]
