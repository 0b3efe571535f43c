"""GET /events as every visitor asks it first: kept a minute, in the process and in DynamoDB."""

import json
from typing import Any

import pytest

from onlineticket import resources
from tests.reading import ORGANIZER, Rows, call, call_warm


@pytest.fixture
def cached(dynamodb: Any, rows: Rows) -> Any:
    """The DynamoDB client of the table `cache`, and one event in Postgres."""
    rows.event(1, name="before")
    return dynamodb


def names(answer: dict[str, Any]) -> list[str]:
    assert answer["statusCode"] == 200, answer["body"]
    return [item["name"] for item in json.loads(answer["body"])["items"]]


def header(answer: dict[str, Any], name: str) -> str | None:
    return next(iter(answer["multiValueHeaders"].get(name, [])), None)


def change(rows: Rows) -> None:
    rows.conn.execute("UPDATE events SET name = 'after'")
    rows.conn.execute("UPDATE blocks_processed SET block_number = 91")


def stored(client: Any) -> list[Any]:
    import os

    items: list[Any] = client.scan(TableName=os.environ["CACHE_TABLE"])["Items"]
    return items


def test_a_kept_answer_says_its_own_block_age_and_tag(cached: Any, rows: Rows) -> None:
    first = call("/events")
    change(rows)
    for again in (call_warm("/events"), call("/events")):  # the process's copy, and the table's
        assert names(again) == ["before"]
        assert header(again, "X-Indexed-Block") == "90"
        assert header(again, "ETag") == header(first, "ETag")
        assert header(again, "Cache-Control") == "public, max-age=60"
    asked = {"If-None-Match": str(header(first, "ETag"))}
    assert call_warm("/events", asked)["statusCode"] == 304


def test_after_a_minute_it_is_asked_anew(cached: Any, rows: Rows) -> None:
    call("/events")
    change(rows)
    [item] = stored(cached)
    made = int(item["expires_at"]["N"]) - 60
    cached.put_item(
        TableName=resources.cache().table,
        Item=item | {"expires_at": {"N": str(made - 1)}},
    )
    fresh = call("/events")
    assert (names(fresh), header(fresh, "X-Indexed-Block")) == (["after"], "91")


def test_an_answer_kept_for_a_while_tells_its_age(cached: Any, rows: Rows) -> None:
    call("/events")
    [item] = stored(cached)
    value = json.loads(item["value"]["S"])
    value["made_at"] -= 25
    cached.put_item(
        TableName=resources.cache().table, Item=item | {"value": {"S": json.dumps(value)}}
    )
    age = header(call("/events"), "Age")
    assert age is not None
    assert 25 <= int(age) <= 60


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 19},
        {"q": "before"},
        {"organizer": ORGANIZER},
        {"from_": "2020-01-01T00:00:00Z"},
        {"to": "2999-01-01T00:00:00Z"},
    ],
)
def test_what_a_visitor_narrowed_down_is_not_kept(
    cached: Any, rows: Rows, query: dict[str, Any]
) -> None:
    call_warm("/events", **query)
    assert stored(cached) == []
    rows.conn.execute("UPDATE events SET approved = false")
    assert '"approved":false' in call_warm("/events", **query)["body"]


def test_lists_by_status_order_and_suite_are_kept_apart(cached: Any, rows: Rows) -> None:
    for query in ({}, {"status": "draft"}, {"sort": "-start_time"}, {"suite": 1}):
        call("/events", **query)
    assert len(stored(cached)) == 3  # suite 1 is the current one
    assert names(call_warm("/events", status="draft")) == []


def test_one_event_is_never_older_than_the_index(cached: Any, rows: Rows) -> None:
    for path in ("/events/1", "/events/1/tickets/types", "/market/listings", "/market/trades"):
        call_warm(path)
    assert stored(cached) == []


def test_with_dynamodb_away_the_list_is_right_and_the_process_still_keeps_it(rows: Rows) -> None:
    rows.event(1, name="before")
    assert names(call("/events")) == ["before"]
    change(rows)
    assert names(call_warm("/events")) == ["before"]
    assert names(call("/events")) == ["after"]


def test_what_somebody_else_wrote_into_the_table_is_a_miss(cached: Any, rows: Rows) -> None:
    call("/events")
    [item] = stored(cached)
    for value in ("", "no JSON"):
        cached.put_item(TableName=resources.cache().table, Item=item | {"value": {"S": value}})
        assert names(call("/events")) == ["before"]
