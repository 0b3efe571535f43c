"""The worker's round on a real chain: what no log tells ends up in the rows all the same."""

from types import SimpleNamespace
from typing import Any

import pytest
from psycopg import Connection

from functions.worker.handler import lambda_handler
from infra.local import chain, season
from infra.local.blocks import calldata
from onlineticket import resources
from onlineticket.domain.suite import Suite
from onlineticket.store import registry
from tests import snapshots
from tests.indexing import index

UPDATE = "updateEvent(uint256,string,string,string,string,uint256,uint256)"


@pytest.fixture
def played(
    anvil: str, suite: Suite, contracts_file: str, conn: Connection[Any], dynamodb: Any
) -> season.Season:
    registry.register(conn, suite)
    return season.play(anvil, contracts_file)


def work() -> dict[str, int]:
    resources.forget()
    context: Any = SimpleNamespace(
        function_name="worker", memory_limit_in_mb=1, invoked_function_arn="", aws_request_id=""
    )
    done: dict[str, int] = lambda_handler({}, context)
    return done


def test_a_silent_update_of_an_event_is_seen_by_the_next_round(
    played: season.Season, anvil: str, suite: Suite, conn: Connection[Any]
) -> None:
    index()
    [[event_id, organizer]] = conn.execute(
        "SELECT event_id, organizer FROM events WHERE status = 'published' LIMIT 1"
    ).fetchall()
    data = calldata(UPDATE, event_id, "改名", "", "", "Elsewhere", 0, 2**40)
    request = {"from": organizer, "to": suite.event_manager, "data": data}
    chain.call(anvil, "eth_sendTransaction", request)
    index()
    work()
    row = conn.execute("SELECT name, venue FROM events WHERE event_id = %s", [event_id]).fetchone()
    assert row == ("改名", "Elsewhere")


def test_a_round_over_a_sound_index_changes_no_row(
    played: season.Season, conn: Connection[Any]
) -> None:
    index()
    tables = (*snapshots.DERIVED, "events_raw", "dead_letters")
    rows = snapshots.take(conn, tables)
    assert work() == {"healed": 0, "dead_letters": 0}
    assert snapshots.take(conn, tables) == rows


def test_a_round_before_anything_is_indexed_does_nothing(played: season.Season) -> None:
    assert work() == {"healed": 0, "dead_letters": 0}
