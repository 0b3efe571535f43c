"""A terminal's reader of QR codes, written from tests/vectors/README.md alone: the standard library
and nothing of ours, so that the tests hold the page, the vectors and the backend to each other.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
OFFLINE_TAG, ONLINE_TAG = slice(27, 35), slice(35, 51)


class NotOurs(ValueError):
    """The text is no code that this reader accepts; the message says why."""


@dataclass(frozen=True)
class Read:
    key_id: int
    prefetched: bool
    event_id: int
    token_id: int
    epoch: int
    expires_at: int
    nonce: bytes


def wire_of(text: str) -> bytes:
    """The 51 bytes of either text."""
    text = text.rstrip("\r\n")
    if len(text) == 77:
        return _base45(text)
    if len(text) == 68 and all(c.isascii() and (c.isalnum() or c in "-_") for c in text):
        return base64.urlsafe_b64decode(text)
    raise NotOurs("the length is neither 77 nor 68, or a character is not of its alphabet")


def fields_of(wire: bytes) -> Read:
    if wire[0] >> 4 != 1:
        raise NotOurs("not version 1")

    def number(start: int, size: int) -> int:
        return int.from_bytes(wire[start : start + size], "big")

    return Read(
        key_id=wire[0] >> 1 & 7, prefetched=bool(wire[0] & 1), event_id=number(1, 4),
        token_id=number(5, 8), epoch=number(13, 2), expires_at=number(15, 4), nonce=wire[19:27],
    )  # fmt: skip


def pre_check(text: str, offline_keys: dict[tuple[int, int, int], bytes], now: int) -> Read:
    """What a terminal can tell without a network. `offline_keys`: by (key id, event id, day).

    Raises:
        NotOurs
    """
    wire = wire_of(text)
    read = fields_of(wire)
    key = offline_keys.get((read.key_id, read.event_id, read.expires_at // 86_400))
    if key is None:
        raise NotOurs("no key for that event, day and key id")
    if not hmac.compare_digest(offline_tag(key, wire), wire[OFFLINE_TAG]):
        raise NotOurs("the offline tag is wrong")
    if not read.expires_at - 65 <= now <= read.expires_at + 5:
        raise NotOurs("too early or too late")
    return read


def offline_tag(key: bytes, wire: bytes) -> bytes:
    return hmac.new(key, b"OT-QR-v1" + wire[:27], hashlib.sha256).digest()[:8]


def online_tag(key: bytes, wire: bytes) -> bytes:
    return hmac.new(key, b"OT-QR-v1" + wire[:35], hashlib.sha256).digest()[:16]


def handle(handle_key: bytes, token_id: int) -> str:
    """A ticket's name in a manifest."""
    digest = hmac.new(handle_key, b"OT-HANDLE-v1" + token_id.to_bytes(8, "big"), hashlib.sha256)
    return base64.urlsafe_b64encode(digest.digest()[:6]).decode()


def derived(root: bytes, kind: str, suite: dict[str, Any], event_id: int, day: int | None) -> bytes:
    """HKDF-SHA256 (RFC 5869) with an empty salt: 32 bytes, which are its first block."""
    info = kind.encode() + suite["chain_id"].to_bytes(8, "big")
    info += bytes.fromhex(suite["ticket_manager"][2:]) + event_id.to_bytes(4, "big")
    if day is not None:
        info += day.to_bytes(4, "big")
    extracted = hmac.new(b"\0" * 32, root, hashlib.sha256).digest()
    return hmac.new(extracted, info + b"\x01", hashlib.sha256).digest()


def base45_of(wire: bytes) -> str:
    text = ""
    for start in range(0, len(wire), 2):
        pair = wire[start : start + 2]
        rest = int.from_bytes(pair, "big")
        for _ in range(3 if len(pair) == 2 else 2):
            rest, digit = divmod(rest, 45)
            text += ALPHABET[digit]
    return text


def _base45(text: str) -> bytes:
    wire = b""
    for start in range(0, len(text), 3):
        digits = [ALPHABET.find(c) for c in text[start : start + 3]]
        value = sum(digit * 45**place for place, digit in enumerate(digits))
        size = len(digits) - 1
        if min(digits) < 0 or value >= 256**size:
            raise NotOurs("not base45")
        wire += value.to_bytes(size, "big")
    return wire
