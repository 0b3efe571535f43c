"""The code a holder shows at the gate: 51 bytes, made to be shown once and soon.

    offset  size
       0      1   header: version (4 bits, high) | key id (3 bits) | prefetched (1 bit, low)
       1      4   event id
       5      8   token id
      13      2   epoch: transfers of the ticket so far, so that a sale kills older codes
      15      4   exp: Unix seconds
      19      8   nonce
      27      8   offline tag = HMAC-SHA256(offline key, "OT-QR-v1" | bytes 0..26)[0..7]
      35     16   online tag  = HMAC-SHA256(online key,  "OT-QR-v1" | bytes 0..34)[0..15]

All integers are unsigned and big-endian, here and in the keys' derivation. Both keys are 32 bytes
of HKDF-SHA256 (RFC 5869) from the root key that the header's key id names, with an empty salt and

    offline info = "offline" | chain id (8) | TicketManager (20) | event id (4) | day (4)
    online info  = "online"  | chain id (8) | TicketManager (20) | event id (4)

where the strings are ASCII without a terminator, TicketManager is the contract's raw address, and
day is exp // 86400: the number of the UTC date on which the code expires, 1970-01-01 being 0.
A terminal may be given a day's offline key to pre-check codes; the online key never leaves us, so
whoever steals a terminal can't make a code that we accept.

As text the 51 bytes are base45 (RFC 9285): 77 characters, a version-4 QR symbol at level M; or
base64url without padding (RFC 4648, section 5): 68 characters. The lengths tell which.
"""

import hmac
import re
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass

from base45 import b45decode, b45encode

from onlineticket.domain.errors import RuleBroken
from onlineticket.domain.keyring import KeyRing
from onlineticket.domain.refusals import refusal
from onlineticket.domain.suite import Suite
from onlineticket.domain.types import EventId, TokenId

VERSION = 1
SLOT = 30
"""Seconds from the start of one code of a batch to the start of the next."""
LIFETIME = 60
"""Seconds a code is good for."""
TOLERANCE = 5
"""Seconds by which the clocks of issuer and door may differ."""
FRESH = 2
"""Codes at the head of a batch that count as issued now; those after them are prefetched."""

_PREFIX = b"OT-QR-v1"
_FIELDS = struct.Struct(">BIQHI8s")
_SIGNED_OFFLINE, _SIGNED_ONLINE = 27, 35
_LARGEST = {"event_id": 2**32 - 1, "token_id": 2**64 - 1, "epoch": 2**16 - 1}
_BASE45_LENGTH = 77
_BASE64URL = re.compile(r"[A-Za-z0-9_-]{68}")


@dataclass(frozen=True, slots=True)
class QrCode:
    """What a genuine code says. `nonce` is 8 bytes; `expires_at` (exp) in Unix seconds."""

    event_id: EventId
    token_id: TokenId
    epoch: int
    expires_at: int
    nonce: bytes
    prefetched: bool

    @property
    def not_before(self) -> int:
        return self.expires_at - LIFETIME


def batch(
    event_id: EventId,
    token_id: TokenId,
    epoch: int,
    *,
    count: int,
    now: int,
    random: Callable[[int], bytes],
) -> list[QrCode]:
    """`count` codes for consecutive slots, the first of which starts now."""
    return [
        QrCode(event_id, token_id, epoch, now + i * SLOT + LIFETIME, random(8), i >= FRESH)
        for i in range(count)
    ]


def encode(code: QrCode, keys: KeyRing, suite: Suite) -> bytes:
    """The 51 bytes, under the ring's current key (its id is one of "0" to "7").

    Raises:
        RuleBroken: `QR_ID_TOO_LARGE`, `details.field` saying which.
    """
    for field, largest in _LARGEST.items():
        if getattr(code, field) > largest:
            raise RuleBroken(
                "QR_ID_TOO_LARGE",
                f"The {field} is too large for a QR code.",
                field=field,
                largest=str(largest),
            )
    header = VERSION << 4 | _key_number(keys.current_id) << 1 | code.prefetched
    signed = _FIELDS.pack(
        header, code.event_id, code.token_id, code.epoch, code.expires_at, code.nonce
    )
    offline = _offline_tag(signed, _day_key(keys.current, suite, code))
    online = _online_tag(signed + offline, online_key(keys.current, suite, code.event_id))
    return signed + offline + online


def decode(text: str, keys: KeyRing, suite: Suite) -> QrCode:
    """Read a code that we issued for this suite; it may have expired (see check_time).

    Any text at all may come: all that is not ours is refused alike, in constant time per form.

    Raises:
        RuleBroken: `QR_FORGED`.
    """
    wire = _from_text(text)
    header, event_id, token_id, epoch, expires_at, nonce = _FIELDS.unpack_from(wire)
    root = keys.find(str(header >> 1 & 7))
    if header >> 4 != VERSION or root is None:
        raise refusal("QR_FORGED")
    code = QrCode(
        EventId(event_id), TokenId(token_id), epoch, expires_at, nonce, bool(header & 1)
    )  # fmt: skip
    offline = _offline_tag(wire[:_SIGNED_OFFLINE], _day_key(root, suite, code))
    online = _online_tag(wire[:_SIGNED_ONLINE], online_key(root, suite, event_id))
    if not hmac.compare_digest(offline + online, wire[_SIGNED_OFFLINE:]):
        raise refusal("QR_FORGED")
    return code


def check_time(code: QrCode, now: int) -> None:
    """
    Raises:
        RuleBroken: `QR_NOT_YET_VALID`, `QR_EXPIRED`.
    """
    if now < code.not_before - TOLERANCE:
        raise refusal("QR_NOT_YET_VALID")
    if now > code.expires_at + TOLERANCE:
        raise refusal("QR_EXPIRED")


def base45(wire: bytes) -> str:
    text: bytes = b45encode(wire)
    return text.decode()


def base64url(wire: bytes) -> str:
    return urlsafe_b64encode(wire).decode()


def online_key(root: bytes, suite: Suite, event_id: int) -> bytes:
    """The key of an event's online tags. It never leaves the backend."""
    return _hkdf(root, b"online" + _scope(suite, event_id))


def offline_key(root: bytes, suite: Suite, event_id: int, day: int) -> bytes:
    """The key of an event's offline tags on one UTC day: what a terminal's manifest may carry."""
    return _hkdf(root, b"offline" + _scope(suite, event_id) + day.to_bytes(4))


def _from_text(text: str) -> bytes:
    # A scanner that types like a keyboard ends with a newline; spaces are base45 digits.
    text = text.rstrip("\r\n")
    if len(text) == _BASE45_LENGTH:
        try:
            wire: bytes = b45decode(text)
        except ValueError:
            raise refusal("QR_FORGED") from None
        return wire
    if _BASE64URL.fullmatch(text):
        return urlsafe_b64decode(text)
    raise refusal("QR_FORGED")


def _day_key(root: bytes, suite: Suite, code: QrCode) -> bytes:
    return offline_key(root, suite, code.event_id, code.expires_at // 86_400)


def _scope(suite: Suite, event_id: int) -> bytes:
    address = bytes.fromhex(suite.ticket_manager[2:])
    return suite.chain_id.to_bytes(8) + address + event_id.to_bytes(4)


def _hkdf(root: bytes, info: bytes) -> bytes:
    """RFC 5869 for one block of output: an empty salt is 32 zero bytes."""
    extracted = hmac.digest(bytes(32), root, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")


def _offline_tag(signed: bytes, key: bytes) -> bytes:
    return hmac.digest(key, _PREFIX + signed, "sha256")[:8]


def _online_tag(signed: bytes, key: bytes) -> bytes:
    return hmac.digest(key, _PREFIX + signed, "sha256")[:16]


def _key_number(key_id: str) -> int:
    if key_id not in {"0", "1", "2", "3", "4", "5", "6", "7"}:
        raise ValueError(f"a QR key's id is one digit from 0 to 7, not {key_id}")
    return int(key_id)
