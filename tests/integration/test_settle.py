"""The stream into check_ins: every admission once, none lost."""

import json
from dataclasses import replace
from typing import Any

import pytest

from functions.settle.handler import lambda_handler, logger
from onlineticket.domain.errors import Unavailable
from onlineticket.domain.passage import Journal, Passage
from onlineticket.domain.types import TokenId
from onlineticket.dynamo import door_items
from tests.at_the_door import ALICE, EVENT, KEY, NOW, TOKEN
from tests.door_rows import CONTEXT, insert_ticket, listen, set_environment
from tests.integration import test_redemptions
from tests.integration.test_redemptions import RECORD

UUID = "6f1c1c52-91b1-4f0f-a4a4-6f6d0e8f0f0f"
OURS = replace(test_redemptions.OURS, scan_id=UUID)


@pytest.fixture
def stage(conn: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    set_environment(monkeypatch)
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
