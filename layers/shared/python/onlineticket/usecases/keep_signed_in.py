"""Keep a wallet signed in: rotate its refresh token, and end the session when one was stolen.

A token that was already used gives its successor once more for 30 seconds, until that successor is
used: answers get lost. After that its coming back means that two have it, and nobody can tell which
of them is the wallet's owner: the session ends, within that request.
"""

from collections.abc import Callable
from typing import Protocol

from onlineticket.domain import refresh_token
from onlineticket.domain.errors import NotFound, Unauthorized, Unavailable
from onlineticket.domain.keyring import KeyRing
from onlineticket.domain.refresh_token import Family
from onlineticket.domain.session import Role, Session
from onlineticket.domain.types import WalletAddress
from onlineticket.usecases.sign_in import SignedIn, Spend

FindFamily = Callable[[str], Family | None]
FindRole = Callable[[WalletAddress], Role]
Revoke = Callable[[str, WalletAddress, int], bool]
"""(session id, its wallet, now) -> was it that wallet's?"""
FamiliesOf = Callable[[WalletAddress, int], list[Family]]


class Rotate(Protocol):
    def __call__(
        self, session_id: str, *, token_hash: str, successor_hash: str, key_id: str, now: int
    ) -> Family | None:
        """None if the successor took the token's place, else the family that stood against it."""


def refresh(
    text: str,
    *,
    keys: KeyRing,
    now: int,
    find_family: FindFamily,
    spend: Spend,
    find_role: FindRole,
    rotate: Rotate,
    revoke: Revoke,
) -> SignedIn:
    """The session that the refresh token `text` belongs to, with the token's successor.

    Raises:
        Unauthorized: `REFRESH_TOKEN_INVALID`, `REFRESH_TOKEN_REUSED`, `SESSION_REVOKED`,
            `SESSION_EXPIRED`.
        TooMany: `TOO_MANY_REQUESTS`.
        Unavailable: a store is away; the same token may be sent again.
    """
    family, digest = _family_of(text, keys, find_family)
    family.check_alive(now)
    # Before the limit, so that a stolen token ends its session in this very request.
    if digest != family.token_hash and not family.repeats(digest, now):
        raise _stolen(family, revoke, now)
    spend(family.wallet)
    # Before the rotation: a database that is away must not cost the token.
    role = find_role(family.wallet)
    generation = refresh_token.read(text).generation + 1
    successor = refresh_token.make(family.session_id, generation, keys, keys.current_id, text)
    standing = rotate(
        family.session_id,
        token_hash=digest,
        successor_hash=refresh_token.digest(successor),
        key_id=keys.current_id,
        now=now,
    )
    session = Session(family.wallet, role, family.session_id)
    if standing is None:
        return SignedIn(
            session, successor, min(now + refresh_token.LIFETIME, family.ends_at)
        )  # fmt: skip
    standing.check_alive(now)
    if not standing.repeats(digest, now):
        raise _stolen(standing, revoke, now)
    return SignedIn(session, _once_more(standing, keys, text), standing.good_until)


def log_out(text: str, *, keys: KeyRing, now: int, find_family: FindFamily, revoke: Revoke) -> None:
    """End the session that the refresh token belongs to; one that has ended stays so.

    Raises:
        Unauthorized: `REFRESH_TOKEN_INVALID`.
        Unavailable: it goes on until this is asked again.
    """
    family, _ = _family_of(text, keys, find_family)
    revoke(family.session_id, family.wallet, now)


def sessions_of(
    caller: Session, *, now: int, find_family: FindFamily, families_of: FamiliesOf
) -> list[Family]:
    """The live sessions of the caller's wallet, newest first.

    Raises:
        Unauthorized: `SESSION_REVOKED`, `SESSION_EXPIRED`: the caller's own.
    """
    _check_own(caller, now, find_family)
    return families_of(caller.wallet, now)


def end_session(
    caller: Session, session_id: str, *, now: int, find_family: FindFamily, revoke: Revoke
) -> None:
    """End one of the caller's wallet's sessions, the caller's own too.

    Raises:
        Unauthorized: `SESSION_REVOKED`, `SESSION_EXPIRED`: the caller's own.
        NotFound: `SESSION_NOT_FOUND`.
    """
    _check_own(caller, now, find_family)
    if not revoke(session_id, caller.wallet, now):
        raise NotFound("SESSION_NOT_FOUND", "You have no session of that id.")


def _check_own(caller: Session, now: int, find_family: FindFamily) -> None:
    """An access token outlives its session by minutes; here it must not, or a thief who was shut
    out could still end the owner's sessions.
    """
    own = find_family(caller.session_id) if caller.session_id else None
    if own is None:
        raise refresh_token.over()
    own.check_alive(now)


def _family_of(text: str, keys: KeyRing, find_family: FindFamily) -> tuple[Family, str]:
    """The session of a token that we made, whether in force or not, and the token's digest."""
    claimed = refresh_token.read(text)
    family = find_family(claimed.session_id)
    digest = refresh_token.digest(text)
    known = family is not None and digest in (family.token_hash, family.previous_hash)
    # What is stored needs no key: a token outlives the rotation of the keys.
    if not known and not refresh_token.is_ours(text, claimed, keys):
        raise refresh_token.invalid()
    if family is None:
        raise refresh_token.over()
    return family, digest


def _stolen(family: Family, revoke: Revoke, now: int) -> Unauthorized:
    """End the session, then say so."""
    revoke(family.session_id, family.wallet, now)
    return Unauthorized(
        "REFRESH_TOKEN_REUSED",
        "This refresh token was used before, so its session was ended: sign in again.",
    )


def _once_more(family: Family, keys: KeyRing, before: str) -> str:
    """The token in force, for the one who sends the token before it: that answer was lost."""
    try:
        return refresh_token.make(family.session_id, family.generation, keys, family.key_id, before)
    except KeyError:
        raise Unavailable("KEY_NOT_YET_KNOWN", "The keys were just changed: try again.") from None
