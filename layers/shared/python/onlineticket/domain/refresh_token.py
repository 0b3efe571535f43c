"""Refresh tokens (RFC 6749, section 1.5), rotated at each use (RFC 9700, section 4.14.2).

    otr_<session, 32 hex digits>.<generation>.<key id>.<base64url of 32 bytes>

The last part is HMAC-SHA256 under a key of the ring over "OT-refresh-v1|<session>|<generation>": a
successor can be made a second time when its answer was lost, without being stored. Callers take the
whole for opaque. The store keeps SHA-256 of the text, which alone decides what is in force.
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
"""Characters; ours have 85 or so."""

_FORM = re.compile(
    r"otr_([0-9a-f]{32})\.(0|[1-9][0-9]{0,8})\.([A-Za-z0-9_-]{1,16})\.[A-Za-z0-9_-]{43}",
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
    session_id: str, wallet: WalletAddress, keys: KeyRing, *, now: int, device: str | None = None
) -> tuple[Family, str]:
    """A new family and its first token."""
    text = make(session_id, 0, keys, keys.current_id)
    family = Family(
        session_id, wallet, now, now, now + LIFETIME, now + FAMILY_LIFETIME, 0,
        keys.current_id, digest(text), device=device,
    )  # fmt: skip
    return family, text


def make(session_id: str, generation: int, keys: KeyRing, key_id: str) -> str:
    """The token. Raises KeyError if the ring has no such key."""
    message = f"OT-refresh-v1|{session_id}|{generation}".encode()
    tag = hmac.digest(keys.keys[key_id], message, "sha256")
    encoded = urlsafe_b64encode(tag).decode().rstrip("=")
    return f"otr_{session_id}.{generation}.{key_id}.{encoded}"


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
    if keys.find(claimed.key_id) is None:
        return False
    ours = make(claimed.session_id, claimed.generation, keys, claimed.key_id)
    return hmac.compare_digest(ours, text)


def digest(text: str) -> str:
    """What is stored of a token. It has 256 random bits: no salt and no slow hash is needed."""
    return sha256(text.encode()).hexdigest()


def invalid() -> Unauthorized:
    return Unauthorized("REFRESH_TOKEN_INVALID", "The refresh token is not one of ours.")


def over() -> Unauthorized:
    return Unauthorized("SESSION_EXPIRED", "This session is over: sign in again.")
