"""Who is held to which limit; the buckets are counters here."""

from collections import Counter
from typing import Any

import pytest

from onlineticket.api.limits import FAILURES, RESERVE, WALLET, Limits
from onlineticket.domain.errors import TooMany, Unauthorized, Unavailable
from onlineticket.domain.rate_limit import Bucket, Level
from onlineticket.domain.types import WalletAddress

ALICE, BOB = WalletAddress("0x" + "a1" * 20), WalletAddress("0x" + "b0" * 20)


class Buckets:
    def __init__(self) -> None:
        self.taken: Counter[tuple[str, str]] = Counter()
        self.down = False

    def look(self, bucket: Bucket, who: str, now_ms: int) -> Level:
        if self.down:
            raise Unavailable("RATE_LIMITS_UNAVAILABLE", "away")
        taken = self.taken[bucket.name, who]
        return bucket.level(now_ms + taken * bucket.period_ms, now_ms)

    def take(self, bucket: Bucket, who: str, now_ms: int) -> Level:
        granted = self.look(bucket, who, now_ms).remaining > 0
        self.taken[bucket.name, who] += granted
        level = self.look(bucket, who, now_ms)
        return Level(bucket, granted, level.remaining, level.full_in, level.retry_after)

    def limits(self, source: str | None = "203.0.113.1", action: str = "verify") -> Limits:
        event: dict[str, Any] = {"requestContext": {"identity": {"sourceIp": source}}}
        return Limits(event, action, take=self.take, look=self.look)


def fail(limits: Limits) -> str:
    try:
        with limits.count_failures():
            raise Unauthorized("NO", "no")
    except (Unauthorized, TooMany) as refusal:
        return refusal.code


def test_a_wallet_has_its_bucket_and_then_a_reserve_at_each_network() -> None:
    buckets = Buckets()
    for _ in range(WALLET.size + RESERVE.size):
        buckets.limits("203.0.113.1").spend(ALICE)
    with pytest.raises(TooMany) as refusal:
        buckets.limits("203.0.113.1").spend(ALICE)
    assert refusal.value.details["policy"] == "wallet"
    assert refusal.value.details["retry_after"] >= 1
    # Whoever emptied it from elsewhere has not locked out the owner, nor anybody else.
    buckets.limits("203.0.113.2").spend(ALICE)
    buckets.limits("203.0.113.1").spend(BOB)
    buckets.limits("203.0.113.1", "refresh").spend(ALICE)


def test_an_answer_says_what_is_left_of_the_wallets_bucket() -> None:
    limits = Buckets().limits()
    assert limits.headers == {}
    limits.spend(ALICE)
    assert limits.headers["RateLimit"] == '"wallet";r=29;t=2'


def test_a_network_that_fails_too_often_is_refused_before_any_work() -> None:
    buckets = Buckets()
    outcomes = [fail(buckets.limits()) for _ in range(FAILURES.size + 2)]
    assert outcomes == ["NO"] * FAILURES.size + ["TOO_MANY_REQUESTS"] * 2
    with pytest.raises(TooMany), buckets.limits().count_failures():
        pytest.fail("worked all the same")
    assert fail(buckets.limits("203.0.113.2")) == "NO"


def test_success_and_refusals_by_a_limit_and_outages_are_no_failures() -> None:
    buckets = Buckets()
    with buckets.limits().count_failures():
        pass
    for error in (TooMany("TOO_MANY_REQUESTS", ""), Unavailable("AWAY", "")):
        with pytest.raises(type(error)), buckets.limits().count_failures():
            raise error
    assert not buckets.taken


def test_the_addresses_of_one_ipv6_network_share_its_bucket() -> None:
    buckets = Buckets()
    for number in range(FAILURES.size):
        assert fail(buckets.limits(f"2001:db8::{number:x}")) == "NO"
    assert fail(buckets.limits("2001:db8::ffff:1")) == "TOO_MANY_REQUESTS"
    assert fail(buckets.limits("2001:db8:0:1::1")) == "NO"


def test_buckets_that_are_away_limit_nobody() -> None:
    buckets = Buckets()
    buckets.down = True
    for _ in range(2 * FAILURES.size):
        limits = buckets.limits()
        limits.spend(ALICE)
        assert limits.headers == {}
        assert fail(limits) == "NO"


def test_a_caller_without_an_address_is_held_to_the_wallets_limits() -> None:
    buckets = Buckets()
    assert fail(buckets.limits(None)) == "NO"
    for _ in range(WALLET.size + RESERVE.size):
        buckets.limits(None).spend(ALICE)
    with pytest.raises(TooMany):
        buckets.limits(None).spend(ALICE)
