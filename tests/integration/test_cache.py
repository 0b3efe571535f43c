"""The table `cache` on moto, and what happens without it."""

from typing import Any

import pytest

from onlineticket import resources, settings
from onlineticket.api.http import logger
from onlineticket.dynamo.cache import LARGEST, MOST_IN_MEMORY, Cache
from tests.at_the_door import NOW
from tests.door_rows import listen


def opened(client: Any, faults: list[Exception] | None = None) -> Cache:
    """As another warm process has it: with a memory of its own."""
    return Cache(
        lambda: client,
        settings.required("CACHE_TABLE"),
        ([] if faults is None else faults).append,
    )


@pytest.fixture
def cache(dynamodb: Any) -> Cache:
    return opened(dynamodb)


@pytest.mark.parametrize("value", [{"out": str(10**30)}, [True, False], "漢字", 0, [], None])
def test_what_one_process_keeps_another_finds_until_it_expires(
    dynamodb: Any, cache: Cache, value: Any
) -> None:
    cache.keep("quote", value, now=NOW, expires_at=NOW + 5)
    for reader in (cache, opened(dynamodb)):
        assert reader.find("quote", now=NOW + 4) == value
        assert reader.find("quote", now=NOW + 5) is None


def test_a_copy_in_memory_does_not_outlive_its_original(dynamodb: Any, cache: Cache) -> None:
    cache.keep("quote", 1, now=NOW, expires_at=NOW + 5)
    late = opened(dynamodb)
    assert late.find("quote", now=NOW + 4) == 1
    assert late.find("quote", now=NOW + 5) is None


def test_a_value_found_can_be_changed_without_changing_the_cache(cache: Cache) -> None:
    cache.keep("list", [1], now=NOW, expires_at=NOW + 5)
    found: Any = cache.find("list", now=NOW)
    found.append(2)
    assert cache.find("list", now=NOW) == [1]


def test_what_is_forgotten_is_gone_for_other_processes_too(dynamodb: Any, cache: Cache) -> None:
    cache.keep("quote", 1, now=NOW, expires_at=NOW + 5)
    cache.forget("quote", now=NOW)
    assert cache.find("quote", now=NOW) is None
    assert opened(dynamodb).find("quote", now=NOW) is None


def test_long_keys_are_told_apart(dynamodb: Any, cache: Cache) -> None:
    for end in ("a", "b"):
        cache.keep("q" * 5_000 + end, end, now=NOW, expires_at=NOW + 5)
    for end in ("a", "b"):
        assert opened(dynamodb).find("q" * 5_000 + end, now=NOW) == end


def test_what_is_too_large_for_an_item_is_not_kept_and_nothing_breaks(dynamodb: Any) -> None:
    faults: list[Exception] = []
    cache = opened(dynamodb, faults)
    cache.keep("large", "x" * LARGEST, now=NOW, expires_at=NOW + 5)
    assert cache.find("large", now=NOW) is None
    assert faults == []


def test_memory_is_bounded(cache: Cache) -> None:
    for number in range(MOST_IN_MEMORY + 10):
        cache._remember(str(number), "1", NOW + 5)
    assert len(cache._memory) == MOST_IN_MEMORY
    assert "0" not in cache._memory


@pytest.mark.parametrize(
    "item", [{}, {"value": {"S": "{"}, "expires_at": {"N": "9999999999"}}, {"value": {"N": "1"}}]
)
def test_an_item_that_is_not_ours_is_a_miss(dynamodb: Any, item: dict[str, Any]) -> None:
    faults: list[Exception] = []
    cache = opened(dynamodb, faults)
    dynamodb.put_item(TableName=cache.table, Item={"pk": {"S": "odd"}} | item)
    assert cache.find("odd", now=NOW) is None
    assert len(faults) == 1


def test_without_dynamodb_memory_serves_and_nothing_raises(
    dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = listen(monkeypatch, logger)
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1")
    resources.forget()
    cache = resources.cache()
    cache.keep("quote", 1, now=NOW, expires_at=NOW + 60)
    assert cache.find("quote", now=NOW + 10) == 1
    assert cache.find("other", now=NOW + 10) is None
    assert "cache failed" in heard.getvalue()


def test_a_table_that_failed_is_left_alone_for_a_moment_and_then_asked_again(
    dynamodb: Any,
) -> None:
    faults: list[Exception] = []
    table = settings.required("CACHE_TABLE")
    cache = Cache(lambda: dynamodb, "no-such-table", faults.append)
    for now in (NOW, NOW + 1, NOW + 4):
        assert cache.find("quote", now=now) is None
    assert len(faults) == 1
    cache.table = table
    opened(dynamodb).keep("quote", 1, now=NOW, expires_at=NOW + 60)
    assert cache.find("quote", now=NOW + 4) is None
    assert cache.find("quote", now=NOW + 5) == 1
