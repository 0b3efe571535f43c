"""Access tokens: JWT (RFC 7519) by HS256, 15 minutes, checked without asking anyone.

So a token outlives a revocation of its session (`sid`) by what is left of those minutes; what must
not (the list of sessions, their end) asks the store as well (usecases/keep_signed_in.py).
Our own clock check, not PyJWT's, so that time enters as `now`.
"""

from time import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from onlineticket import resources, settings
from onlineticket.domain.errors import Unauthorized
from onlineticket.domain.keyring import KeyRing
from onlineticket.domain.session import ROLES, Session
from onlineticket.domain.types import WalletAddress

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler import APIGatewayRestResolver

LIFETIME = 900
"""Seconds an access token is good for."""

LEEWAY = 5
"""Seconds by which the clocks of two of our own machines may differ."""

ISSUER = "onlineticket"
ALGORITHM = "HS256"
_CLAIMS = ["iss", "aud", "sub", "role", "iat", "nbf", "exp", "jti"]


def key_ring() -> KeyRing:
    """The stage's keys. New tokens are made with the current one; those of the last still pass."""
    return resources.key_ring("JWT_SECRET_ARN")


def audience() -> str:
    """This stage's API: a token of another stage is none of ours."""
    return f"onlineticket-api:{settings.required('STAGE')}"


def current(app: "APIGatewayRestResolver") -> Session:
    """Who sends the request, by its `Authorization: Bearer` header.

    Raises:
        Unauthorized: `TOKEN_MISSING`, `TOKEN_INVALID`, `TOKEN_EXPIRED`.
    """
    scheme, _, token = (app.current_event.headers.get("authorization") or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized("TOKEN_MISSING", "Sign in first: send an access token.")
    return check(token.strip(), keys=key_ring(), audience=audience(), now=int(time()))


def mint(session: Session, *, keys: KeyRing, audience: str, now: int) -> str:
    """An access token for `session`, good from `now` for LIFETIME seconds."""
    import jwt

    claims = {
        "iss": ISSUER, "aud": audience, "sub": session.wallet, "role": session.role,
        "iat": now, "nbf": now, "exp": now + LIFETIME, "jti": str(uuid4()),
    }  # fmt: skip
    if session.session_id is not None:
        claims["sid"] = session.session_id
    return jwt.encode(claims, keys.current, ALGORITHM, headers={"kid": keys.current_id})


def check(token: str, *, keys: KeyRing, audience: str, now: int) -> Session:
    """
    Raises:
        Unauthorized: `TOKEN_INVALID`, `TOKEN_EXPIRED`.
    """
    claims = _signed_claims(token, keys, audience)
    times = [claims[name] for name in ("iat", "nbf", "exp")]
    if any(type(time_) is not int for time_ in times) or claims["role"] not in ROLES:
        raise _invalid()
    issued_at, not_before, expires_at = times
    if max(issued_at, not_before) > now + LEEWAY:
        raise _invalid()
    if expires_at + LEEWAY <= now:
        raise Unauthorized("TOKEN_EXPIRED", "The access token has expired.")
    session_id = claims.get("sid")
    if session_id is not None and not isinstance(session_id, str):
        raise _invalid()
    return Session(WalletAddress(claims["sub"]), claims["role"], session_id)


def _signed_claims(token: str, keys: KeyRing, audience: str) -> dict[str, Any]:
    """The claims, if one of our keys vouches for them and they are meant for us."""
    import jwt

    try:
        key_id = jwt.get_unverified_header(token).get("kid")
        key = keys.find(key_id) if isinstance(key_id, str) else None
        if key is None:
            raise _invalid()
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            audience=audience,
            options={
                "require": _CLAIMS,
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
            },
        )
    except jwt.InvalidTokenError as error:
        raise _invalid() from error
    return claims


def _invalid() -> Unauthorized:
    """One code for all: which check failed is nobody's business."""
    return Unauthorized("TOKEN_INVALID", "The access token is not one of ours: sign in again.")
