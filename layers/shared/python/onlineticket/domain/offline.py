"""What a terminal needs to judge codes without asking us, and how it judges.

A manifest is about one event and carries no personal data: no owner, no seat, no token id. Tickets
appear as *handles*, 6 bytes of HMAC-SHA256(handle key, "OT-HANDLE-v1" | token id (8 bytes)) in
base64url, which the terminal computes from the code that it is shown. It lists

    admitted   handles that have no entry left, or are in already
    revoked    handles of tickets that may not enter: revoked, expired, or up for sale
    moved      handle -> transfers so far: a code with a lower epoch was made by an earlier owner

A ticket of which nothing is said has never been sold on, and may enter. Who steals a manifest can
test a token id for these three facts, and make codes that pass pre_check; the server refuses them
all, because their online tag takes a key that no manifest carries (domain/qr.py).

**Since.** Handles fall into 128 buckets by the 7 highest bits of their first byte. A cursor holds a
digest of each bucket as the terminal has it; an answer carries the buckets that differ, whole.
Nothing has to be remembered or dated for that, so a reorg, an undo or a new rule is a change like
any other. `more` says that buckets were left for the next request, with the new cursor.

A terminal drops all handles in the buckets named by `buckets`, then adds those of the answer.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from onlineticket.domain import qr
from onlineticket.domain.errors import Invalid, RuleBroken
from onlineticket.domain.keyring import KeyRing
from onlineticket.domain.suite import Suite
from onlineticket.domain.types import EventId, TokenId

BUCKETS = 128
MOST_HANDLES = 25_000
"""In one answer: 400 kB of JSON."""
DAY = 86_400

_DIGEST = 4
_CURSOR_VERSION = b"\x01"
_NO_TICKETS = bytes(_DIGEST)
_NAME = b"OT-HANDLE-v1"

Denied = Literal["admitted", "revoked"]


@dataclass(frozen=True, slots=True)
class TicketMark:
    """A ticket of which a terminal must know something: it is denied, or was sold on."""

    token_id: TokenId
    denied: Denied | None
    transfers: int


@dataclass(frozen=True, slots=True)
class DayKey:
    """An event-day key of offline tags (32 bytes in base64url), and under which root it is made.

    `day` is the number of the UTC date on which the codes expire, 1970-01-01 being 0.
    """

    key_id: str
    day: int
    key: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """`opens_at`, `closes_at` and `tolerance_seconds` in Unix seconds; keys in base64url."""

    event_id: EventId
    opens_at: int
    closes_at: int
    tolerance_seconds: int
    keys: list[DayKey]
    handle_key: str
    buckets: list[int]
    admitted: list[str]
    revoked: list[str]
    moved: dict[str, int]
    cursor: str
    more: bool


def handle_key(root: bytes, suite: Suite, event_id: int) -> bytes:
    """Of an event, as long as the root key lasts. The offline key that it is made from is that of
    1970-01-01, so of no code.
    """
    return hmac.digest(qr.offline_key(root, suite, event_id, 0), _NAME, "sha256")


def handle(key: bytes, token_id: int) -> str:
    return urlsafe_b64encode(hmac.digest(key, _NAME + token_id.to_bytes(8), "sha256")[:6]).decode()


def day_keys(
    keys: KeyRing, suite: Suite, event_id: int, *, opens_at: int, closes_at: int, now: int
) -> list[DayKey]:
    """Those of the UTC dates, of today and tomorrow, on which codes shown at the doors expire."""
    first = max(now - qr.TOLERANCE, opens_at) // DAY
    last = min(now + DAY, closes_at + qr.LIFETIME) // DAY
    return [
        DayKey(key_id, day, _text(qr.offline_key(root, suite, event_id, day)))
        for day in range(first, last + 1)
        for key_id, root in sorted(keys.keys.items())
    ]


def manifest(
    event_id: EventId,
    marks: Iterable[TicketMark],
    *,
    keys: KeyRing,
    suite: Suite,
    opens_at: int,
    closes_at: int,
    now: int,
    since: str | None,
) -> Manifest:
    """What changed since the cursor `since`; all there is without one, or after a change of keys.

    Raises:
        Invalid: `CURSOR_INVALID`.
        RuleBroken: `QR_ID_TOO_LARGE`, there are no codes for such an event.
    """
    if event_id >= 2**32:
        raise RuleBroken(
            "QR_ID_TOO_LARGE", "The event_id is too large for a QR code.", field="event_id"
        )
    key = handle_key(keys.current, suite, event_id)
    buckets: list[dict[str, TicketMark]] = [{} for _ in range(BUCKETS)]
    for mark in marks:
        # An id that no code can carry is never shown.
        if mark.token_id < 2**64:
            name = handle(key, mark.token_id)
            buckets[bucket_of(name)][name] = mark
    held = _read_cursor(since, key)
    answered, count, more = [], 0, False
    for number, bucket in enumerate(buckets):
        digest = _digest(bucket)
        if held is not None and held[number] == digest:
            continue
        if count and count + len(bucket) > MOST_HANDLES:
            more = True
            continue
        answered.append(number)
        count += len(bucket)
    sent = {name: mark for number in answered for name, mark in sorted(buckets[number].items())}
    known = held or [_NO_TICKETS] * BUCKETS
    digests = [_digest(buckets[n]) if n in set(answered) else known[n] for n in range(BUCKETS)]
    return Manifest(
        event_id=event_id,
        opens_at=opens_at,
        closes_at=closes_at,
        tolerance_seconds=qr.TOLERANCE,
        keys=day_keys(keys, suite, event_id, opens_at=opens_at, closes_at=closes_at, now=now),
        handle_key=_text(key),
        buckets=answered,
        admitted=[name for name, mark in sent.items() if mark.denied == "admitted"],
        revoked=[name for name, mark in sent.items() if mark.denied == "revoked"],
        moved={name: m.transfers for name, m in sent.items() if not m.denied and m.transfers},
        cursor=_text(_CURSOR_VERSION + _fingerprint(key) + b"".join(digests)),
        more=more,
    )


def bucket_of(name: str) -> int:
    return urlsafe_b64decode(name)[0] >> 1


def _digest(bucket: Mapping[str, TicketMark]) -> bytes:
    if not bucket:
        return _NO_TICKETS
    lines = (f"{name} {mark.denied} {mark.transfers}" for name, mark in sorted(bucket.items()))
    digest = sha256("\n".join(lines).encode()).digest()[:_DIGEST]
    return digest if digest != _NO_TICKETS else b"\x00\x00\x00\x01"


def _read_cursor(text: str | None, key: bytes) -> list[bytes] | None:
    """A digest for each bucket; None if there is none to compare with."""
    if text is None:
        return None
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise _invalid() from error
    start = len(_CURSOR_VERSION) + _DIGEST
    if len(raw) != start + BUCKETS * _DIGEST or not raw.startswith(_CURSOR_VERSION):
        raise _invalid()
    if raw[len(_CURSOR_VERSION) : start] != _fingerprint(key):
        return None
    return [raw[i : i + _DIGEST] for i in range(start, len(raw), _DIGEST)]


def _fingerprint(key: bytes) -> bytes:
    return sha256(key).digest()[:_DIGEST]


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _invalid() -> Invalid:
    return Invalid("CURSOR_INVALID", "`since` is not the `cursor` of a manifest.")
