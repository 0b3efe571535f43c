"""Keyset pages: `next_page` names the last row shown, so that rows added meanwhile neither shift a
page nor repeat on the next.

The token is opaque to callers and good only for the list and filters that it came from; it holds
nothing secret, and forging one shows nothing that the same list would not.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Generic, TypeVar, cast

from annotated_types import Interval
from aws_lambda_powertools.event_handler.openapi.params import Query

from onlineticket.domain.errors import Invalid
from onlineticket.domain.types import UINT256_MAX

Limit = Annotated[int, Interval(ge=1, le=100), Query()]
PageToken = Annotated[str | None, Query()]

Key = tuple[int, ...]
AnyKey = TypeVar("AnyKey", bound=Key)
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """`next_page` is None on the last page."""

    items: list[Row]
    next_page: str | None = None


def page(
    fetch: Callable[[AnyKey | None, int], list[Row]],
    key: Callable[[Row], AnyKey],
    *,
    of: str,
    limit: int,
    token: str | None,
    parts: int = 2,
) -> Page[Row]:
    """`fetch(after, limit)` gives the rows after a key, in order; `key` is a row's own, of so many
    `parts`. `of` names the list with all its filters.

    Raises:
        Invalid: `PAGE_INVALID`: the token is not one of ours, or comes from another list.
    """
    after = None if token is None else cast(AnyKey, read(token, of, parts))
    rows = fetch(after, limit + 1)
    more = len(rows) > limit
    return Page(rows[:limit], write(key(rows[limit - 1]), of) if more else None)


def write(key: Key, of: str) -> str:
    text = ".".join([_fingerprint(of), *(f"{part:x}" for part in key)])
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read(token: str, of: str, parts: int = 2) -> Key:
    """
    Raises:
        Invalid: `PAGE_INVALID`.
    """
    try:
        text = urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
        fingerprint, *written = text.split(".")
        key = tuple(int(part, 16) for part in written)
    except ValueError as error:
        raise _invalid() from error
    # Written again, it must be the same: base64 and int() are forgiving, we are not.
    honest = len(key) == parts and max(key) <= UINT256_MAX and write(key, of) == token
    if fingerprint != _fingerprint(of) or not honest:
        raise _invalid()
    return key


def _fingerprint(of: str) -> str:
    return sha256(of.encode()).hexdigest()[:8]


def _invalid() -> Invalid:
    return Invalid("PAGE_INVALID", "`page` is not the `next_page` of this list.")
