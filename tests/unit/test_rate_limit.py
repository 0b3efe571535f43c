import pytest

from onlineticket.domain.rate_limit import Bucket, headers_of

BUCKET = Bucket("wallet", size=10, seconds=60)
NOW = 1_800_000_000_000


def test_a_full_bucket_has_all_its_takes() -> None:
    level = BUCKET.level(NOW - 5, NOW)
    assert (level.remaining, level.full_in, level.retry_after) == (10, 0, 0)


@pytest.mark.parametrize(
    ("ahead_ms", "remaining", "full_in", "retry_after"),
    [
        (6_000, 9, 6, 0),
        (6_001, 8, 7, 0),
        (54_000, 1, 54, 0),
        (54_001, 0, 55, 1),
        (60_000, 0, 60, 6),
        (90_000, 0, 90, 36),
    ],
)
def test_a_bucket_is_as_empty_as_it_is_long_until_it_is_full(
    ahead_ms: int, remaining: int, full_in: int, retry_after: int
) -> None:
    level = BUCKET.level(NOW + ahead_ms, NOW)
    assert (level.remaining, level.full_in, level.retry_after) == (remaining, full_in, retry_after)
    assert (NOW + ahead_ms <= BUCKET.latest_ms(NOW)) == (remaining > 0)


def test_a_refusal_says_when_to_come_back() -> None:
    refusal = BUCKET.level(NOW + 60_000, NOW, granted=False).refusal()
    assert refusal.code == "TOO_MANY_REQUESTS"
    assert refusal.details["retry_after"] == 6
    assert headers_of(refusal.details) == {
        "RateLimit-Policy": '"wallet";q=10;w=60',
        "RateLimit": '"wallet";r=0;t=60',
    }


def test_a_grant_says_what_is_left() -> None:
    assert BUCKET.level(NOW + 6_000, NOW).headers()["RateLimit"] == '"wallet";r=9;t=6'


def test_other_refusals_have_no_such_headers() -> None:
    assert headers_of({"retry_after": 1}) == {}
