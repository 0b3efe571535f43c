"""Token buckets, written as the one number that DynamoDB can compare and add in a single update.

The generic cell rate algorithm (ITU-T I.371): a bucket is the time at which it will be full again.
A take moves that time on by one period, and is refused if it would come to lie more than a whole
bucket ahead. Headers as in the IETF draft "RateLimit header fields for HTTP"
(draft-ietf-httpapi-ratelimit-headers-10): `RateLimit-Policy: "wallet";q=30;w=60` and
`RateLimit: "wallet";r=12;t=36`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from onlineticket.domain.errors import TooMany


@dataclass(frozen=True, slots=True)
class Bucket:
    """`size` takes at once, and after that one every `seconds / size`."""

    name: str
    size: int
    seconds: int
    """In which an empty bucket fills."""

    @property
    def period_ms(self) -> int:
        return self.seconds * 1000 // self.size

    def latest_ms(self, now_ms: int) -> int:
        """A bucket that will be full again at this time or earlier still has a take."""
        return now_ms + (self.size - 1) * self.period_ms

    def level(self, full_at_ms: int, now_ms: int, *, granted: bool = True) -> "Level":
        """What is left of a bucket that will be full again at `full_at_ms`."""
        ahead = max(0, full_at_ms - now_ms)
        remaining = max(0, (self.size * self.period_ms - ahead) // self.period_ms)
        wait = 0 if remaining else ahead - (self.size - 1) * self.period_ms
        return Level(self, granted, remaining, _seconds(ahead), _seconds(wait))


@dataclass(frozen=True, slots=True)
class Level:
    """How full a bucket is: takes left, and seconds until it is full or has a take again.
    `granted`: whether the take that this is the answer to was one.
    """

    bucket: Bucket
    granted: bool
    remaining: int
    full_in: int
    retry_after: int

    def refusal(self) -> TooMany:
        return TooMany(
            "TOO_MANY_REQUESTS",
            "Too many requests: wait a little.",
            retry_after=max(1, self.retry_after),
            policy=self.bucket.name,
            limit=self.bucket.size,
            window=self.bucket.seconds,
            full_in=self.full_in,
        )

    def headers(self) -> dict[str, str]:
        bucket = self.bucket
        return _headers(bucket.name, bucket.size, bucket.seconds, self.remaining, self.full_in)


def headers_of(details: Mapping[str, int | str]) -> dict[str, str]:
    """Those of a refusal, by its details; none for a refusal of another kind."""
    if "policy" not in details:
        return {}
    names = ("limit", "window", "full_in")
    size, seconds, full_in = (int(details[name]) for name in names)
    return _headers(str(details["policy"]), size, seconds, 0, full_in)


def _headers(name: str, size: int, seconds: int, left: int, full_in: int) -> dict[str, str]:
    return {
        "RateLimit-Policy": f'"{name}";q={size};w={seconds}',
        "RateLimit": f'"{name}";r={left};t={full_in}',
    }


def _seconds(milliseconds: int) -> int:
    return -(-milliseconds // 1000)
