"""Sign a wallet in: give it a challenge, then check its answer (EIP-4361)."""

from collections.abc import Callable
from dataclasses import dataclass
from secrets import token_hex

from onlineticket.domain import refresh_token, siwe
from onlineticket.domain.errors import Unauthorized
from onlineticket.domain.keyring import KeyRing
from onlineticket.domain.refresh_token import Family
from onlineticket.domain.session import Role, Session
from onlineticket.domain.types import WalletAddress

KeepChallenge = Callable[[str, str, int], None]
"""(nonce, digest of the message, expires_at)"""
ReadMessage = Callable[[str], siwe.Message]
IsSignedBy = Callable[[WalletAddress, str, str], bool]
"""(wallet, message, signature)"""
Begin = Callable[[str, Family], bool]
"""(digest of the message, the session): was the challenge there? True once, whoever else asks."""
Enrol = Callable[[WalletAddress, int], Role]
"""(wallet, now) -> the wallet's role, now that it is known."""
Spend = Callable[[WalletAddress], None]
"""Count a request against the wallet's limit. Raises TooMany."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """What to sign. `expires_at` in Unix seconds."""

    message: str
    nonce: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session, and the refresh token in force, good until `refresh_expires_at` (Unix seconds)."""

    session: Session
    refresh_token: str
    refresh_expires_at: int


def challenge(
    wallet: WalletAddress,
    chain_id: int,
    *,
    terms: siwe.Terms,
    now: int,
    keep_challenge: KeepChallenge,
) -> Challenge:
    """
    Raises:
        RuleBroken: `CHAIN_NOT_SUPPORTED`.
    """
    siwe.check_chain(chain_id, terms)
    message = siwe.challenge(terms, wallet, token_hex(16), now=now)
    text = siwe.compose(message)
    keep_challenge(message.nonce, siwe.digest(text), message.expires_at)
    return Challenge(text, message.nonce, message.expires_at)


def verify(
    text: str,
    signature: str,
    *,
    terms: siwe.Terms,
    keys: KeyRing,
    now: int,
    read: ReadMessage,
    spend: Spend,
    is_signed_by: IsSignedBy,
    enrol: Enrol,
    begin: Begin,
    device: str | None = None,
) -> SignedIn:
    """The session of the wallet that signed `text`, a challenge of ours that nobody used yet.

    Raises:
        Invalid: `MESSAGE_MALFORMED`.
        RuleBroken: `CHAIN_NOT_SUPPORTED`.
        TooMany: `TOO_MANY_REQUESTS`.
        Unauthorized: `DOMAIN_MISMATCH`, `URI_MISMATCH`, `MESSAGE_EXPIRED`,
            `MESSAGE_NOT_YET_VALID`, `SIGNATURE_INVALID`, `NONCE_UNKNOWN`.
        Unavailable: the node or a store is away; the challenge is still good.
    """
    message = read(text)
    siwe.check(message, terms, now=now)
    # Before the signature: that of a contract wallet costs a call to the node.
    spend(message.wallet)
    if not is_signed_by(message.wallet, text, signature):
        raise Unauthorized("SIGNATURE_INVALID", "The wallet named in the message did not sign it.")
    # Before the challenge is taken: a database that is away must not cost a signature. To enrol
    # twice is no harm.
    role = enrol(message.wallet, now)
    family, token = refresh_token.begin(
        message.nonce, message.wallet, keys, seed=token_hex(32), now=now, device=device
    )
    # Last, so that nobody else can burn a wallet's challenge; it decides who of many gets in.
    if not begin(siwe.digest(text), family):
        raise Unauthorized(
            "NONCE_UNKNOWN", "The challenge is not ours, is over, or was answered: ask for another."
        )
    return SignedIn(Session(message.wallet, role, family.session_id), token, family.good_until)
