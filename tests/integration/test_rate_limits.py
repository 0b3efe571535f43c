"""Token buckets in DynamoDB (moto), and the routes that take from them."""

from typing import Any

import boto3
import pytest
from eth_account import Account

from onlineticket import settings
from onlineticket.domain.errors import Unavailable
from onlineticket.domain.rate_limit import Bucket
from onlineticket.dynamo import rate_limits
from tests import signing_in
from tests.signing_in import ALICE, challenged, post, refresh, sign, signed_in, verify

BUCKET = Bucket("wallet", size=3, seconds=30)
NOW = 1_800_000_000_000


@pytest.fixture
def place(dynamodb: Any) -> tuple[Any, str]:
    return dynamodb, settings.required("RATE_LIMITS_TABLE")


@pytest.fixture
def stage(database: str, dynamodb: Any, secrets: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    signing_in.prepare(monkeypatch)
    return dynamodb


def test_a_bucket_gives_its_size_and_then_one_each_period(place: tuple[Any, str]) -> None:
    def granted(now: int) -> bool:
        return rate_limits.take(*place, BUCKET, "alice", now).granted

    assert [granted(NOW) for _ in range(5)] == [True, True, True, False, False]
    assert [granted(NOW + 9_999), granted(NOW + 10_000)] == [False, True]
    assert [granted(NOW + 10_000), granted(NOW + 20_000)] == [False, True]
    assert [granted(NOW + 600_000) for _ in range(4)] == [True, True, True, False]


def test_each_has_a_bucket_of_their_own(place: tuple[Any, str]) -> None:
    for _ in range(3):
        rate_limits.take(*place, BUCKET, "alice", NOW)
    assert rate_limits.take(*place, BUCKET, "bob", NOW).granted
    assert rate_limits.take(*place, Bucket("failures", 3, 30), "alice", NOW).granted


def test_to_look_takes_nothing(place: tuple[Any, str]) -> None:
    for _ in range(9):
        assert rate_limits.look(*place, BUCKET, "alice", NOW).remaining == 3
    left = [rate_limits.take(*place, BUCKET, "alice", NOW).remaining for _ in range(3)]
    assert left == [2, 1, 0]
    assert rate_limits.look(*place, BUCKET, "alice", NOW).retry_after == 10


def test_a_refused_take_costs_nothing_and_says_how_long_to_wait(place: tuple[Any, str]) -> None:
    for _ in range(3):
        rate_limits.take(*place, BUCKET, "alice", NOW)
    for _ in range(3):
        level = rate_limits.take(*place, BUCKET, "alice", NOW + 1)
        assert (level.granted, level.retry_after) == (False, 10)


def test_an_item_expires_soon_after_its_bucket_is_full(place: tuple[Any, str]) -> None:
    rate_limits.take(*place, BUCKET, "alice", NOW)
    client, table = place
    [item] = client.scan(TableName=table)["Items"]
    assert int(item["ttl"]["N"]) == NOW // 1000 + 60


def test_a_table_that_is_missing_is_an_outage(dynamodb: Any) -> None:
    for ask in (rate_limits.take, rate_limits.look):
        with pytest.raises(Unavailable) as fault:
            ask(dynamodb, "no-such-table", BUCKET, "alice", NOW)
        assert fault.value.code == "RATE_LIMITS_UNAVAILABLE"


# -- The routes ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("stage")
def test_a_wallet_that_asks_too_often_waits_unless_it_asks_from_elsewhere() -> None:
    asked = {"address": ALICE.address, "chain_id": 31337}
    outcomes = (post("/auth/siwe/challenge", asked) for _ in range(500))
    answer = next(each for each in outcomes if each.code != "ok")
    status, body = answer
    assert (status, body["error_code"]) == (429, "TOO_MANY_REQUESTS")
    assert int(answer.headers["Retry-After"]) == body["details"]["retry_after"] >= 1
    assert answer.headers["RateLimit-Policy"] == '"wallet";q=30;w=60'
    assert answer.headers["RateLimit"].startswith('"wallet";r=0;t=')
    assert post("/auth/siwe/challenge", asked, source="192.0.2.9").code == "ok"


@pytest.mark.usefixtures("stage")
def test_an_answer_says_what_is_left() -> None:
    answer = post("/auth/siwe/challenge", {"address": ALICE.address, "chain_id": 31337})
    assert answer.headers["RateLimit"] == '"wallet";r=29;t=2'
    assert answer.headers["RateLimit-Policy"] == '"wallet";q=30;w=60'


@pytest.mark.usefixtures("stage")
def test_a_network_that_fails_too_often_is_refused_and_others_are_not() -> None:
    message = challenged()["message"]
    wrong = message.replace("tickets.example wants", "evil.example wants")
    codes = [verify(wrong, sign(wrong)).code for _ in range(40)]
    assert set(codes) == {"DOMAIN_MISMATCH", "TOO_MANY_REQUESTS"}
    answer = refresh("otr_nonsense")
    assert answer.code == "TOO_MANY_REQUESTS"
    assert answer.headers["RateLimit-Policy"] == '"failures";q=30;w=60'
    assert verify(message, sign(message), source="192.0.2.9").code == "ok"


@pytest.mark.usefixtures("stage")
def test_limits_that_are_away_keep_nobody_from_signing_in(
    caplog: pytest.LogCaptureFixture,
) -> None:
    boto3.client("dynamodb").delete_table(TableName=settings.required("RATE_LIMITS_TABLE"))
    tokens = signed_in(Account.create())
    assert refresh(tokens["refresh_token"]).code == "ok"
    assert "nothing is limited" in caplog.text
