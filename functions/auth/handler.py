"""Sign-in with Ethereum: a challenge to sign, and an access token for its signature."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from time import time
from typing import Annotated, Literal

from annotated_types import Len
from aws_lambda_powertools.event_handler.openapi.params import Body

from onlineticket import resources, settings
from onlineticket.api import session
from onlineticket.api.http import http_app, serve
from onlineticket.chain import signatures
from onlineticket.domain.session import Role
from onlineticket.domain.siwe import MAX_LENGTH, Terms
from onlineticket.domain.types import WalletAddress
from onlineticket.dynamo import sessions
from onlineticket.store import users
from onlineticket.usecases import sign_in

app = http_app()


@dataclass(frozen=True, slots=True)
class ChallengeRequest:
    address: WalletAddress
    chain_id: int


@dataclass(frozen=True, slots=True)
class ChallengeAnswer:
    """`message` is to be signed as it stands, by `personal_sign`."""

    message: str
    nonce: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    message: Annotated[str, Len(max_length=MAX_LENGTH)]
    signature: Annotated[str, Len(max_length=MAX_LENGTH)]


@dataclass(frozen=True, slots=True)
class AccessToken:
    """As RFC 6749 names it; `expires_in` seconds."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    wallet: WalletAddress
    role: Role


@app.post("/auth/siwe/challenge")
def challenge(request: Annotated[ChallengeRequest, Body()]) -> ChallengeAnswer:
    given = sign_in.challenge(
        request.address,
        request.chain_id,
        terms=_terms(),
        now=int(time()),
        keep_nonce=partial(sessions.keep_nonce, resources.dynamodb(), _table()),
    )
    return ChallengeAnswer(
        given.message, given.nonce, datetime.fromtimestamp(given.expires_at, UTC)
    )  # fmt: skip


@app.post("/auth/siwe/verify")
def verify(request: Annotated[VerifyRequest, Body()]) -> AccessToken:
    now = int(time())
    who = sign_in.verify(
        request.message,
        request.signature,
        terms=_terms(),
        now=now,
        read=signatures.read,
        is_signed_by=signatures.is_signed_by,
        consume_nonce=partial(sessions.consume_nonce, resources.dynamodb(), _table()),
        # Connects before the nonce is consumed: a dead database must not cost a signature.
        enrol=partial(users.signed_in, resources.postgres()),
    )
    token = session.mint(who, keys=session.key_ring(), audience=session.audience(), now=now)
    return AccessToken(token, "Bearer", session.LIFETIME, who.wallet, who.role)


def _terms() -> Terms:
    chain_id = settings.current_suite().chain_id
    return Terms(settings.required("SIWE_DOMAIN"), settings.required("SIWE_URI"), chain_id)


def _table() -> str:
    return settings.required("SESSIONS_TABLE")


lambda_handler = serve(app)
