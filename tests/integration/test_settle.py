"""The stream into check_ins: every admission once, none lost."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from functions.settle.handler import lambda_handler, logger
from onlineticket.domain.errors import Unavailable
from onlineticket.domain.passage import Journal, Passage
from onlineticket.domain.types import TokenId
from onlineticket.dynamo import door_items
from onlineticket.store import check_ins as check_in_store
from onlineticket.store import database as databases
from onlineticket.store import migrate
from onlineticket.store.check_ins import Settled
from tests.at_the_door import ALICE, EVENT, KEY, NOW, TOKEN
from tests.door_rows import CONTEXT, insert_ticket, listen, set_environment
from tests.integration import test_redemptions
from tests.integration.test_redemptions import RECORD

MIGRATIONS = Path(migrate.__file__).parent / "migrations"
UUID = "6f1c1c52-91b1-4f0f-a4a4-6f6d0e8f0f0f"
OURS = replace(test_redemptions.OURS, scan_id=UUID)


@pytest.fixture
def stage(conn: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    set_environment(monkeypatch)
    monkeypatch.setenv("RPC_URL", "http://127.0.0.1:1")
    insert_ticket(conn)
    return conn


def change(number: int, item: Any, event_name: str = "INSERT") -> dict[str, Any]:
    image = {"NewImage": item} if event_name != "REMOVE" else {"OldImage": item}
    sequence = {"SequenceNumber": str(number), "Keys": {"pk": item["pk"]}}
    return {"eventName": event_name, "dynamodb": sequence | image}


def ticket_item(*lines: Passage, **key: Any) -> Any:
    return door_items.of_journal(Journal(replace(KEY, **key), EVENT, lines))


def settle(*changes: dict[str, Any]) -> list[str]:
    answer = lambda_handler({"Records": list(changes)}, CONTEXT)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def check_ins(conn: Any) -> list[Any]:
    rows = conn.execute(
        "SELECT suite_id, verifier_id, scan_id::text, token_id, event_id, gate, holder, "
        "ticket_check, extract(epoch FROM admitted_at)::bigint FROM check_ins ORDER BY token_id"
    )
    return list(rows.fetchall())


def test_an_admission_becomes_a_check_in_and_the_ticket_reads_used(stage: Any) -> None:
    assert settle(change(1, ticket_item(OURS))) == []
    assert check_ins(stage) == [
        (
            1, "v1", UUID, TOKEN, EVENT, "N1", ALICE, "done", NOW,
        )
    ]  # fmt: skip
    [status] = stage.execute("SELECT effective_status FROM ticket_states").fetchone()
    assert status == "used"


def test_the_same_change_again_changes_nothing(stage: Any) -> None:
    for _ in range(3):
        assert settle(*[change(n, ticket_item(OURS)) for n in range(3)]) == []
    assert len(check_ins(stage)) == 1


def test_nonces_verdicts_and_removals_are_no_check_ins(stage: Any) -> None:
    nonce = door_items.spent("", Journal(KEY, EVENT, (OURS,)))["Item"]
    others = [nonce, door_items.of_scan(RECORD)]
    removal = change(9, ticket_item(OURS), "REMOVE")
    assert settle(*[change(n, item) for n, item in enumerate(others)], removal) == []
    assert check_ins(stage) == []


def test_a_deferred_admission_without_gate_of_a_huge_token_is_kept(stage: Any) -> None:
    token_id = TokenId(2**256 - 1)
    bare = replace(OURS, gate=None, holder=None, ticket_check="deferred")
    assert settle(change(1, ticket_item(bare, token_id=token_id))) == []
    assert check_ins(stage)[0][3:8] == (token_id, EVENT, None, None, "deferred")


def test_one_that_fails_is_named_and_those_after_it_are_written(
    stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = listen(monkeypatch, logger)
    broken = ticket_item(OURS) | {"lines": {"L": [{"S": "{}"}]}}
    unknown_suite = ticket_item(OURS, chain_id=1)
    failed = settle(change(1, broken), change(2, unknown_suite), change(3, ticket_item(OURS)))
    assert failed == ["1", "2"]
    assert len(check_ins(stage)) == 1
    errors = [json.loads(line) for line in heard.getvalue().splitlines()]
    assert str(OURS.holder) not in heard.getvalue()
    assert [e["sequence_number"] for e in errors if e["level"] == "ERROR"] == ["1", "2"]


def test_a_second_admission_of_one_ticket_is_never_silent(stage: Any) -> None:
    """The door's store allows none; if there is one all the same, people must hear of it."""
    other = replace(OURS, scan_id="00000000-0000-4000-8000-000000000000")
    assert settle(change(1, ticket_item(OURS)), change(2, ticket_item(other))) == ["2"]


def test_without_postgres_the_whole_batch_comes_again(
    stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DB_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(Unavailable):
        settle(change(1, ticket_item(OURS)))


def test_images_of_one_journal_in_any_order_leave_the_newest_standings(stage: Any) -> None:
    lines = [
        replace(OURS, at=NOW + 60),
        replace(OURS, scan_id=str(uuid4()), gate="N2", offline=True),
        replace(OURS, kind="undo", scan_id=str(uuid4()), undoes=2, reason="x"),
    ]
    images = [ticket_item(*lines[:count]) for count in (1, 2, 3)]
    for order in permutations(range(3)):
        assert settle(*[change(n, images[n]) for n in order]) == []
        rows = stage.execute("SELECT kind, standing, gate FROM check_ins ORDER BY number")
        assert rows.fetchall() == [
            ("entry", "regular", "N1"),
            ("entry", "undone", "N2"),
            ("undo", "regular", "N1"),
        ]
        stage.execute("DELETE FROM check_ins")


def test_recording_tells_what_is_new_and_what_reads_otherwise_now(stage: Any) -> None:
    late = replace(OURS, at=NOW + 60)
    early = replace(OURS, scan_id=str(uuid4()), offline=True)
    journal = Journal(KEY, EVENT, (late,))
    [first] = check_in_store.record(stage, journal)
    assert (first.number, first.standing, first.was) == (1, "regular", None)
    changed = check_in_store.record(stage, journal.with_line(early))
    assert [(one.number, one.standing, one.was) for one in changed] == [
        (1, "double", "regular"),
        (2, "regular", None),
    ]
    assert check_in_store.record(stage, journal.with_line(early)) == []
    assert check_in_store.record(stage, journal) == []


def test_the_same_journal_settled_by_many_at_once_is_recorded_once(
    stage: Any, database: str
) -> None:
    lines = [replace(OURS, scan_id=str(uuid4()), at=NOW + n, offline=True) for n in range(4)]
    journals = [Journal(KEY, EVENT, tuple(lines[: n % 4 + 1])) for n in range(8)]
    line = Barrier(len(journals))

    def record(journal: Journal) -> list[Settled]:
        with databases.connect(database) as conn:
            line.wait(timeout=30)
            return check_in_store.record(conn, journal)

    with ThreadPoolExecutor(len(journals)) as pool:
        told = [one for changed in pool.map(record, journals) for one in changed]
    assert sorted(one.number for one in told if one.was is None) == [1, 2, 3, 4]
    rows = stage.execute("SELECT standing, version FROM check_ins ORDER BY number").fetchall()
    assert rows == [("regular", 4), ("double", 4), ("double", 4), ("double", 4)]


def test_the_door_migration_goes_back_only_where_nothing_is_lost(stage: Any) -> None:
    rollback = (MIGRATIONS / "0003.door.rollback.sql").read_text()
    later = (MIGRATIONS / "0004.audit_and_outbox.rollback.sql").read_text()
    settle(change(1, ticket_item(OURS, replace(OURS, kind="exit", scan_id=str(uuid4())))))
    stage.execute(later.encode())
    with pytest.raises(psycopg.errors.RaiseException), stage.transaction():
        stage.execute(rollback.encode())
    stage.execute("DELETE FROM check_ins WHERE kind = 'exit'")
    with stage.transaction():
        stage.execute(rollback.encode())
        stage.execute((MIGRATIONS / "0003.door.sql").read_text().encode())
    assert len(check_ins(stage)) == 1
