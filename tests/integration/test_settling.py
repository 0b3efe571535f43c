"""Check-ins with their audit and their happenings: all or none, once, whatever fails in between."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any
from uuid import UUID

import boto3
import pytest

from functions.settle.handler import lambda_handler
from onlineticket import resources, settings
from onlineticket.domain.door import ScanRecord, Verdict
from onlineticket.domain.passage import Journal, Passage
from onlineticket.domain.types import TokenId
from onlineticket.door import __main__ as command
from onlineticket.door.wiring import Door, open_door
from onlineticket.dynamo import door_items
from onlineticket.store import audit, settling
from onlineticket.store import database as databases
from tests.at_the_door import EVENT, KEY, NOW, TOKEN
from tests.door_rows import CONTEXT, insert_ticket, set_environment
from tests.integration import test_redemptions

CHAIN = f"event:1:{EVENT}"
TABLES = ("check_ins", "owner_checks", "outbox", "audit_log", "audit_links")


@pytest.fixture
def stage(conn: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    set_environment(monkeypatch)
    monkeypatch.setenv("RPC_URL", "http://127.0.0.1:1")
    insert_ticket(conn)
    return conn


def line(number: int = 1, **changes: Any) -> Passage:
    given: dict[str, Any] = {
        "scan_id": str(UUID(int=number)),
        "at": NOW + number,
        "recorded_at": NOW + number,
    }
    return replace(test_redemptions.OURS, **given | changes)


def journal(token: int, *lines: Passage) -> Journal:
    """Of scans of its own: no two tickets are in one."""
    own = [
        replace(each, scan_id=str(UUID(int=token << 32 | UUID(each.scan_id).int)))
        for each in lines or (line(),)
    ]
    return Journal(replace(KEY, token_id=TokenId(token)), EVENT, tuple(own))


def refusal(number: int, code: str = "QR_FORGED") -> ScanRecord:
    scan_id = str(UUID(int=number))
    return ScanRecord("v1", scan_id, "f", "a", Verdict(scan_id, NOW, "N1", code, {}, None, None))


def rows(conn: Any) -> dict[str, int]:
    return {
        table: conn.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()[0]
        for table in TABLES
    }


def handle(*items: Any) -> list[str]:
    records = [
        {"eventName": "INSERT", "dynamodb": {"SequenceNumber": str(number), "NewImage": item}}
        for number, item in enumerate(items, 1)
    ]
    answer = lambda_handler({"Records": records}, CONTEXT)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_a_batch_is_one_link_of_each_chain_and_settled_again_it_changes_nothing(
    stage: Any,
) -> None:
    batch = [journal(n) for n in range(1, 11)], [refusal(1), refusal(2)]
    assert len(settling.write(stage, *batch).recorded) == 10
    expected = {
        "check_ins": 10, "owner_checks": 10, "outbox": 10, "audit_log": 12, "audit_links": 2,
    }  # fmt: skip
    assert rows(stage) == expected
    for _ in range(3):
        assert settling.write(stage, *batch).recorded == []
    assert rows(stage) == expected
    assert audit.verify(stage, CHAIN) is None


def test_images_of_one_journal_in_any_order_come_to_the_same(stage: Any) -> None:
    lines = (line(1), line(2, kind="exit"), line(3, offline=True, at=NOW))
    images = [journal(TOKEN, *lines[:n]) for n in (1, 2, 3)]
    for order in ([2, 0, 1], [1, 2, 0], [0, 1, 2]):
        settling.write(stage, [images[n] for n in order], [])
    standings = stage.execute("SELECT number, standing FROM check_ins ORDER BY number").fetchall()
    assert standings == list(enumerate(images[2].standings(), 1))
    assert audit.verify(stage, CHAIN) is None
    assert rows(stage)["owner_checks"] == 2


def test_a_later_line_that_makes_an_earlier_one_double_is_told(stage: Any) -> None:
    settling.write(stage, [journal(TOKEN, line(2))], [])
    settling.write(stage, [journal(TOKEN, line(2), line(1, offline=True))], [])
    told = stage.execute(
        "SELECT kind, payload->>'number', payload->>'standing' FROM outbox ORDER BY id"
    ).fetchall()
    assert told[0] == ("door.entry", "1", "regular")
    assert sorted(told[1:]) == [("door.entry", "2", "regular"), ("door.standing", "1", "double")]


class Killed(BaseException):
    """As if the process ended: nothing catches it."""


@pytest.mark.parametrize("at", range(1, 40))
def test_a_process_that_ends_at_any_statement_leaves_all_or_nothing(
    stage: Any, database: str, at: int
) -> None:
    batch = [journal(1), journal(2, line(1), line(2, kind="exit"))], [refusal(1)]
    with databases.connect(database) as doomed:
        left = at
        execute = doomed.execute

        def stumble(*args: Any, **options: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                raise Killed
            return execute(*args, **options)

        doomed.execute = stumble  # type: ignore[method-assign]
        try:
            settling.write(doomed, *batch)
            survived = True
        except Killed:
            survived = False
    whole = {
        "check_ins": 3, "owner_checks": 2, "outbox": 3, "audit_log": 4, "audit_links": 2,
    }  # fmt: skip
    assert rows(stage) == (whole if survived else dict.fromkeys(TABLES, 0))
    settling.write(stage, *batch)
    assert rows(stage) == whole
    assert audit.verify(stage, CHAIN) is None


def test_a_connection_that_dies_at_any_moment_fails_the_whole_batch(
    stage: Any, database: str
) -> None:
    with databases.connect(database) as doomed:
        [pid] = doomed.execute("SELECT pg_backend_pid()").fetchone() or (0,)
        with doomed.transaction():
            stage.execute("SELECT pg_terminate_backend(%s)", [pid])
            with pytest.raises(Exception, match=r"terminating|closed"):
                settling.write(doomed, [journal(1)], [])
            doomed.close()
    assert set(rows(stage).values()) == {0}


def test_batches_with_the_same_tickets_at_the_same_moment_settle_each_once(database: str) -> None:
    """The stream, the sweep and a redrive may all hold the same items."""
    writers = 6
    line_up = Barrier(writers)
    journals = [journal(n) for n in range(1, 9)]
    with databases.connect(database) as conn:
        insert_ticket(conn)

    def write(number: int) -> int:
        with databases.connect(database) as conn:
            line_up.wait(timeout=30)
            batch = journals if number % 2 else journals[::-1]
            return len(settling.write(conn, batch, [refusal(1)]).recorded)

    with ThreadPoolExecutor(writers) as pool:
        assert sum(pool.map(write, range(writers))) == len(journals)
    with databases.connect(database) as conn:
        assert rows(conn)["outbox"] == len(journals)
        assert rows(conn)["audit_log"] == len(journals) + 1
        assert audit.verify(conn, CHAIN) is None


def test_the_stream_settles_refusals_too_but_no_verdict_twice(stage: Any) -> None:
    let_in = replace(refusal(3), verdict=replace(refusal(3).verdict, refusal=None))
    items = [door_items.of_scan(each) for each in (refusal(1), refusal(2, "WRONG_GATE"), let_in)]
    assert handle(*items) == handle(*items) == []
    said = stage.execute("SELECT action, details->>'refusal' FROM audit_log ORDER BY id").fetchall()
    assert said == [("door.refused", "QR_FORGED"), ("door.refused", "WRONG_GATE")]


def test_the_node_being_down_leaves_the_check_in_and_an_open_question(stage: Any) -> None:
    assert handle(door_items.of_journal(journal(TOKEN))) == []
    row = stage.execute("SELECT outcome, attempts FROM owner_checks").fetchone()
    assert row == ("unchecked", 1)
    assert rows(stage)["check_ins"] == 1


def test_a_missing_setting_of_the_node_does_not_send_settled_items_again(
    stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RPC_URL")
    resources.forget()
    assert handle(door_items.of_journal(journal(TOKEN))) == []


# The sweep and the redrive, on DynamoDB


@pytest.fixture
def stored(stage: Any, dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The table with seven journals, three refusals and other items, none of them settled."""
    table = settings.required("REDEMPTIONS_TABLE")
    items = [door_items.of_journal(journal(n)) for n in range(1, 8)]
    items += [door_items.of_scan(refusal(n)) for n in range(1, 4)]
    items += [door_items.spent(table, journal(n))["Item"] for n in range(1, 8)]
    for item in items:
        dynamodb.put_item(TableName=table, Item=item)
    return dynamodb, table


def test_the_sweep_settles_what_the_stream_lost_and_then_finds_nothing(
    stored: Any, stage: Any
) -> None:
    settling.write(stage, [journal(1), journal(2)], [refusal(1)])
    found = open_door(fail).sweep(lambda: True)
    assert (found.settled, found.failed, found.whole) == (5, 0, True)
    assert rows(stage)["check_ins"] == rows(stage)["outbox"] == 7
    assert rows(stage)["audit_log"] == 10
    again = open_door(fail).sweep(lambda: True)
    assert (again.settled, again.whole) == (0, True)
    assert rows(stage)["audit_log"] == 10


def test_a_sweep_is_bounded_and_goes_on_where_it_stopped(
    stored: Any, stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onlineticket.usecases.sweep.PAGE", 5)
    rounds = [open_door(fail).sweep(lambda: False) for _ in range(4)]
    assert [one.whole for one in rounds] == [False, False, False, True]
    assert sum(one.settled for one in rounds) == 7
    assert rows(stage)["check_ins"] == 7


def test_a_sweep_that_is_killed_reads_its_page_again(stored: Any, stage: Any) -> None:
    door = open_door(fail)

    class Dying(Door):
        def settle_items(self, items: Any) -> tuple[int, int]:
            raise Killed

    with pytest.raises(Killed):
        Dying(door.conn, fail).sweep(lambda: True)
    assert stage.execute("SELECT count(*) FROM sweeps").fetchone() == (0,)
    assert door.sweep(lambda: True).settled == 7


def test_an_item_that_can_not_be_settled_is_reported_and_holds_up_no_other(
    stored: Any, stage: Any
) -> None:
    client, table = stored
    broken = door_items.of_journal(journal(99)) | {"lines": {"L": [{"S": "{}"}]}}
    client.put_item(TableName=table, Item=broken)
    heard: list[str] = []
    found = open_door(lambda name, _: heard.append(name)).sweep(lambda: True)
    assert (found.settled, found.failed) == (7, 1)
    assert heard == [broken["pk"]["S"]]


@pytest.fixture
def queue(stored: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    client = boto3.client("sqs")
    url = client.create_queue(QueueName="dead", Attributes={"VisibilityTimeout": "600"})["QueueUrl"]
    monkeypatch.setenv("SETTLE_DEAD_LETTERS_URL", url)
    return client, url


def waiting(queue: Any) -> int:
    client, url = queue
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(found[name]) for name in names)


def stream_of(stored: Any) -> tuple[str, str, list[Any]]:
    """(stream, shard, records)"""
    client, table = stored
    arn = client.describe_table(TableName=table)["Table"]["LatestStreamArn"]
    streams = boto3.client("dynamodbstreams")
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = streams.get_shard_iterator(
        StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    return arn, shard, streams.get_records(ShardIterator=iterator)["Records"]


def send(queue: Any, stored: Any, first: int, last: int, **changes: str) -> None:
    """As Lambda does when its tries are used up: where the batch stands in the stream, no item."""
    client, url = queue
    arn, shard, records = stream_of(stored)
    batch = {
        "streamArn": arn, "shardId": shard, "batchSize": last - first + 1,
        "startSequenceNumber": records[first]["dynamodb"]["SequenceNumber"],
        "endSequenceNumber": records[last]["dynamodb"]["SequenceNumber"],
    } | changes  # fmt: skip
    body = {"requestContext": {"condition": "RetryAttemptsExhausted"}, "DDBStreamBatchInfo": batch}
    client.send_message(QueueUrl=url, MessageBody=json.dumps(body))


def test_redrive_settles_the_named_part_of_the_stream_and_empties_the_queue(
    stored: Any, queue: Any, stage: Any
) -> None:
    send(queue, stored, 2, 4)
    send(queue, stored, 8, 8)
    assert command.main(["status"]) == 4
    assert command.main(["redrive"]) == 0
    assert waiting(queue) == 0
    tokens = stage.execute("SELECT token_id FROM check_ins ORDER BY token_id").fetchall()
    assert tokens == [(3,), (4,), (5,)]
    assert rows(stage)["audit_log"] == 4
    assert command.main(["redrive"]) == command.main(["status"]) == 0


def test_redrive_reads_items_as_they_are_now(stored: Any, queue: Any, stage: Any) -> None:
    client, table = stored
    longer = journal(1, line(1), line(2, kind="exit"))
    client.put_item(TableName=table, Item=door_items.of_journal(longer))
    send(queue, stored, 0, 0)
    assert command.main(["redrive"]) == 0
    assert rows(stage)["check_ins"] == 2


@pytest.mark.parametrize("body", ["", "not JSON", "[]", "{}", '{"DDBStreamBatchInfo": 7}'])
def test_a_message_that_names_nothing_makes_redrive_go_through_the_whole_table(
    stored: Any, queue: Any, stage: Any, body: str
) -> None:
    client, url = queue
    client.send_message(QueueUrl=url, MessageBody=body or " ")
    assert command.main(["redrive"]) == 0
    assert (waiting(queue), rows(stage)["check_ins"]) == (0, 7)


def test_a_part_of_the_stream_that_is_gone_makes_redrive_go_through_the_whole_table(
    stored: Any, queue: Any, stage: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    send(queue, stored, 0, 0, streamArn="arn:aws:dynamodb:us-east-1:123456789012:table/x/stream/1")
    send(queue, stored, 1, 1, endSequenceNumber=str(10**20))
    assert command.main(["redrive"]) == 0
    assert "the whole table gone through" in capsys.readouterr().out
    assert (waiting(queue), rows(stage)["check_ins"]) == (0, 7)


def test_what_still_fails_stays_in_the_queue(
    stored: Any, queue: Any, stage: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    client, table = stored
    broken = door_items.of_journal(journal(3)) | {"lines": {"L": [{"S": "{}"}]}}
    client.put_item(TableName=table, Item=broken)
    send(queue, stored, 2, 2)
    send(queue, stored, 3, 3)
    assert command.main(["redrive"]) == 4
    assert waiting(queue) == 1
    assert broken["pk"]["S"] in capsys.readouterr().err
    assert stage.execute("SELECT token_id FROM check_ins").fetchall() == [(4,)]


def test_the_sweep_command_goes_through_the_whole_table(
    stored: Any, stage: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["sweep"]) == 0
    assert "7 lines settled, 0 failed" in capsys.readouterr().out
    assert rows(stage)["check_ins"] == 7


def test_the_audit_command_walks_every_chain_and_shows_its_ends(
    stage: Any, dynamodb: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settling.write(stage, [journal(1)], [refusal(1)])
    assert command.main(["verify-audit"]) == 0
    ends = capsys.readouterr().out.split()
    assert [end.split("=")[0] for end in ends] == [CHAIN, "platform"]
    assert command.main(["verify-audit", *(f"--head={end}" for end in ends)]) == 0
    later = f"--head={CHAIN}=2:{'00' * 32}"
    assert command.main(["verify-audit", later]) == 4
    assert f"{CHAIN}: link 2: " in capsys.readouterr().err
    with pytest.raises(SystemExit):
        command.main(["verify-audit", "--head=nonsense"])


def test_the_commands_say_what_is_missing(
    conn: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CONTRACTS", raising=False)
    resources.forget()
    assert command.main(["status"]) == 1
    assert "CONTRACTS" in capsys.readouterr().err


def fail(name: str, error: Exception) -> None:
    raise AssertionError(f"{name}: {error}")
