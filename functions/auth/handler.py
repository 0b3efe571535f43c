"""Sign-in with Ethereum, and what follows: refresh, log out, see and end one's sessions."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from time import time
from typing import Annotated, Any, Literal

from annotated_types import Len
from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import StringConstraints

from onlineticket import resources, settings
from onlineticket.api import session
from onlineticket.api.http import http_app, no_content, serve
from onlineticket.api.limits import Limits
from onlineticket.chain import signatures
from onlineticket.domain import refresh_token
from onlineticket.domain.session import Role
from onlineticket.domain.siwe import MAX_LENGTH, Terms
from onlineticket.domain.types import NO_TRUTH, WalletAddress
from onlineticket.dynamo import rate_limits, sessions
from onlineticket.store import users
from onlineticket.usecases import keep_signed_in, sign_in

app = http_app()


@dataclass(frozen=True, slots=True)
class ChallengeRequest:
    address: WalletAddress
    chain_id: Annotated[int, NO_TRUTH]


@dataclass(frozen=True, slots=True)
class ChallengeAnswer:
    """`message` is to be signed as it stands, by `personal_sign`."""

    message: str
    nonce: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """`signature`: of the wallet's key, or what its contract takes for one (EIP-1271, EIP-6492)."""

    message: Annotated[str, Len(max_length=MAX_LENGTH)]
    signature: Annotated[str, Len(max_length=signatures.MAX_LENGTH)]


RefreshToken = Annotated[str, Len(max_length=refresh_token.MAX_LENGTH)]


@dataclass(frozen=True, slots=True)
class RefreshRequest:
    refresh_token: RefreshToken


@dataclass(frozen=True, slots=True)
class Tokens:
    """As RFC 6749 names them; `expires_in` seconds. The refresh token is for one use."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    refresh_token: str
    refresh_expires_at: datetime
    session_id: str
    wallet: WalletAddress
    role: Role


@dataclass(frozen=True, slots=True)
class SessionAnswer:
    """`device`: what the browser called itself at the sign-in. `current`: the caller's own."""

    session_id: str
    created_at: datetime
    refreshed_at: datetime
    expires_at: datetime
    device: str | None
    current: bool


@dataclass(frozen=True, slots=True)
class SessionsAnswer:
    """Newest first; all that are live, 100 at most."""

    items: list[SessionAnswer]
    next_page: None = None


@app.post("/auth/siwe/challenge")
def challenge(request: Annotated[ChallengeRequest, Body()]) -> Response[ChallengeAnswer]:
    limits = _limits("challenge")
    with limits.count_failures():
        limits.spend(request.address)
        given = sign_in.challenge(
            request.address,
            request.chain_id,
            terms=_terms(),
            now=int(time()),
            keep_challenge=partial(sessions.keep_challenge, *_sessions()),
        )
    return _answer(ChallengeAnswer(given.message, given.nonce, _utc(given.expires_at)), limits)


@app.post("/auth/siwe/verify")
def verify(request: Annotated[VerifyRequest, Body()]) -> Response[Tokens]:
    limits, now = _limits("verify"), int(time())
    with limits.count_failures():
        signed_in = sign_in.verify(
            request.message,
            request.signature,
            terms=_terms(),
            keys=session.key_ring(),
            now=now,
            read=signatures.read,
            spend=limits.spend,
            is_signed_by=partial(signatures.is_signed, resources.node),
            enrol=partial(users.signed_in, resources.postgres()),
            begin=partial(sessions.begin, *_sessions()),
            device=_device(),
        )
    return _answer(_tokens(signed_in, now), limits)


@app.post("/auth/refresh")
def refresh(request: Annotated[RefreshRequest, Body()]) -> Response[Tokens]:
    limits, now = _limits("refresh"), int(time())
    with limits.count_failures():
        signed_in = keep_signed_in.refresh(
            request.refresh_token,
            keys=session.key_ring(),
            now=now,
            find_family=partial(sessions.find, *_sessions()),
            spend=limits.spend,
            find_role=partial(users.role_of, resources.postgres()),
            rotate=partial(sessions.rotate, *_sessions()),
            revoke=partial(sessions.revoke, *_sessions()),
        )
    return _answer(_tokens(signed_in, now), limits)


@app.post("/auth/logout")
def log_out(request: Annotated[RefreshRequest, Body()]) -> Response[str]:
    limits = _limits("logout")
    with limits.count_failures():
        keep_signed_in.log_out(
            request.refresh_token,
            keys=session.key_ring(),
            now=int(time()),
            find_family=partial(sessions.find, *_sessions()),
            revoke=partial(sessions.revoke, *_sessions()),
        )
    return no_content()


@app.get("/auth/sessions")
def list_sessions() -> Response[SessionsAnswer]:
    caller = session.current(app)
    found = keep_signed_in.sessions_of(
        caller,
        now=int(time()),
        find_family=partial(sessions.find, *_sessions()),
        families_of=partial(sessions.of_wallet, *_sessions()),
    )
    items = [
        SessionAnswer(
            each.session_id,
            _utc(each.created_at),
            _utc(each.used_at),
            _utc(each.good_until),
            each.device,
            each.session_id == caller.session_id,
        )
        for each in found
    ]
    return Response(
        200, content_types.APPLICATION_JSON, SessionsAnswer(items), {"Cache-Control": "no-store"}
    )


@app.delete("/auth/sessions/<session_id>")
def end_session(
    session_id: Annotated[str, StringConstraints(pattern="^[0-9a-f]{32}$")],
) -> Response[str]:
    keep_signed_in.end_session(
        session.current(app),
        session_id,
        now=int(time()),
        find_family=partial(sessions.find, *_sessions()),
        revoke=partial(sessions.revoke, *_sessions()),
    )
    return no_content()


def _answer(body: Any, limits: Limits) -> Response[Any]:
    # RFC 6749, section 5.1: what holds tokens is kept nowhere on its way.
    headers: dict[str, str | list[str]] = {"Cache-Control": "no-store", **limits.headers}
    return Response(200, content_types.APPLICATION_JSON, body, headers)


def _tokens(signed_in: sign_in.SignedIn, now: int) -> Tokens:
    who = signed_in.session
    access = session.mint(who, keys=session.key_ring(), audience=session.audience(), now=now)
    return Tokens(
        access,
        "Bearer",
        session.LIFETIME,
        signed_in.refresh_token,
        _utc(signed_in.refresh_expires_at),
        str(who.session_id),
        who.wallet,
        who.role,
    )


def _limits(action: str) -> Limits:
    store = resources.impatient_dynamodb(), settings.required("RATE_LIMITS_TABLE")
    return Limits(
        app.current_event.raw_event,
        action,
        take=partial(rate_limits.take, *store),
        look=partial(rate_limits.look, *store),
    )


def _device() -> str | None:
    """The User-Agent, shortened; it is shown to the wallet's owner alone."""
    text = app.current_event.headers.get("user-agent") or ""
    return "".join(c for c in text if c.isprintable())[:160] or None


def _terms() -> Terms:
    chain_id = settings.current_suite().chain_id
    return Terms(settings.required("SIWE_DOMAIN"), settings.required("SIWE_URI"), chain_id)


def _sessions() -> tuple[Any, str]:
    return resources.dynamodb(), settings.required("SESSIONS_TABLE")


def _utc(unix_seconds: int) -> datetime:
    return datetime.fromtimestamp(unix_seconds, UTC)


lambda_handler = serve(app)
