"""Refresh tokens (RFC 6749, section 1.5), rotated at each use (RFC 9700, section 4.14.2).

    otr_<session, 32 hex digits>.<generation>.<key id>.<secret, 32 bytes>.<tag, 16 bytes>

The secret is HMAC-SHA256, under a key of the ring, over "OT-refresh-v1|<session>|<generation>|" and
the token before it (32 random bytes for the first): whoever sends that token again can be given the
same successor, which is stored nowhere, and neither our store nor our keys alone make a token. The
tag, HMAC-SHA256 over all that stands before it, says that a token was ours even when it is long out
of force. Bytes are base64url. Callers take the whole for opaque; the store keeps SHA-256 of it,
which alone decides what is in force.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256

from onlineticket.domain.errors import Unauthorized
from onlineticket.domain.keyring import KeyRing
from onlineticket.domain.types import WalletAddress

LIFETIME = 30 * 86_400
"""Seconds a token is good for, unless it is used."""
FAMILY_LIFETIME = 90 * 86_400
"""Seconds after which the wallet must sign again, however often it refreshed."""
GRACE = 30
"""Seconds in which a token that was just used gives its successor once more: its answer was lost,
or two tabs asked at once. Only while nobody used that successor.
"""
MAX_LENGTH = 200
"""Characters; ours have 110 or so."""

_FORM = re.compile(
    r"otr_([0-9a-f]{32})\.(0|[1-9][0-9]{0,8})\.([A-Za-z0-9_-]{1,16})"
    r"\.[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{22}",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Family:
    """One sign-in and the tokens that come of it: a session, as the wallet's owner sees it.

    Times in Unix seconds. `used_at` is when the token in force was given out. Nobody who holds the
    row can make a token of it: the two hashes are all it says of them.
    """

    session_id: str
    wallet: WalletAddress
    created_at: int
    used_at: int
    expires_at: int
    ends_at: int
    generation: int
    key_id: str
    token_hash: str
    previous_hash: str | None = None
    revoked_at: int | None = None
    device: str | None = None
    """What the wallet's browser called itself at the sign-in."""

    def is_alive(self, now: int) -> bool:
        return self.revoked_at is None and now < self.good_until

    @property
    def good_until(self) -> int:
        """When the token in force expires."""
        return min(self.expires_at, self.ends_at)

    def check_alive(self, now: int) -> None:
        """
        Raises:
            Unauthorized: `SESSION_REVOKED`, `SESSION_EXPIRED`.
        """
        if self.revoked_at is not None:
            raise Unauthorized("SESSION_REVOKED", "This session was ended: sign in again.")
        if not self.is_alive(now):
            raise over()

    def repeats(self, digest: str, now: int) -> bool:
        """May the token of this digest, already used, have its successor once more?"""
        return digest == self.previous_hash and now - self.used_at <= GRACE


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a token says of itself; nothing vouches for it yet."""

    session_id: str
    generation: int
    key_id: str


def begin(
    session_id: str,
    wallet: WalletAddress,
    keys: KeyRing,
    *,
    seed: str,
    now: int,
    device: str | None = None,
) -> tuple[Family, str]:
    """A new family and its first token. `seed`: 32 random bytes in hex."""
    text = make(session_id, 0, keys, keys.current_id, seed)
    family = Family(
        session_id, wallet, now, now, now + LIFETIME, now + FAMILY_LIFETIME, 0,
        keys.current_id, digest(text), device=device,
    )  # fmt: skip
    return family, text


def make(session_id: str, generation: int, keys: KeyRing, key_id: str, before: str) -> str:
    """The token that follows `before`. Raises KeyError if the ring has no such key."""
    key = keys.find(key_id)
    if key is None:
        raise KeyError(key_id)
    secret = _mac(key, f"OT-refresh-v1|{session_id}|{generation}|{before}")
    head = f"otr_{session_id}.{generation}.{key_id}.{_text(secret)}"
    return f"{head}.{_tag(head, key)}"


def read(text: str) -> Claimed:
    """
    Raises:
        Unauthorized: `REFRESH_TOKEN_INVALID`.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise invalid()
    return Claimed(found[1], int(found[2]), found[3])


def is_ours(text: str, claimed: Claimed, keys: KeyRing) -> bool:
    """Did we make it, at any time? Without this, whoever knows a session's id could end it."""
    key = keys.find(claimed.key_id)
    head, _, tag = text.rpartition(".")
    return key is not None and hmac.compare_digest(_tag(head, key), tag)


def digest(text: str) -> str:
    """What is stored of a token. It has 256 random bits: no salt and no slow hash is needed."""
    return sha256(text.encode()).hexdigest()


def _tag(head: str, key: bytes) -> str:
    return _text(_mac(key, f"OT-refresh-tag-v1|{head}")[:16])


def _mac(key: bytes, message: str) -> bytes:
    return hmac.digest(key, message.encode(), "sha256")


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def invalid() -> Unauthorized:
    return Unauthorized("REFRESH_TOKEN_INVALID", "The refresh token is not one of ours.")


def over() -> Unauthorized:
    return Unauthorized("SESSION_EXPIRED", "This session is over: sign in again.")
