"""Sign a wallet in: give it a challenge, then check its answer (EIP-4361)."""

from collections.abc import Callable
from dataclasses import dataclass
from secrets import token_hex

from onlineticket.domain import siwe
from onlineticket.domain.errors import Unauthorized
from onlineticket.domain.session import Role, Session
from onlineticket.domain.types import WalletAddress

KeepNonce = Callable[[str, str, int], None]
"""(nonce, digest of the message, expires_at)"""
ReadMessage = Callable[[str], siwe.Message]
IsSignedBy = Callable[[WalletAddress, str, str], bool]
"""(wallet, message, signature)"""
ConsumeNonce = Callable[[str, str, int], bool]
"""(nonce, digest of the message, now) -> was it there? True once, whoever else asks."""
Enrol = Callable[[WalletAddress, int], Role]
"""(wallet, now) -> the wallet's role, now that it is known."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """What to sign. `expires_at` in Unix seconds."""

    message: str
    nonce: str
    expires_at: int


def challenge(
    wallet: WalletAddress, chain_id: int, *, terms: siwe.Terms, now: int, keep_nonce: KeepNonce
) -> Challenge:
    """
    Raises:
        RuleBroken: `CHAIN_NOT_SUPPORTED`.
    """
    siwe.check_chain(chain_id, terms)
    message = siwe.challenge(terms, wallet, token_hex(16), now=now)
    text = siwe.compose(message)
    keep_nonce(message.nonce, siwe.digest(text), message.expires_at)
    return Challenge(text, message.nonce, message.expires_at)


def verify(
    text: str,
    signature: str,
    *,
    terms: siwe.Terms,
    now: int,
    read: ReadMessage,
    is_signed_by: IsSignedBy,
    consume_nonce: ConsumeNonce,
    enrol: Enrol,
) -> Session:
    """The session of the wallet that signed `text`, a challenge of ours that nobody used yet.

    Raises:
        Invalid: `MESSAGE_MALFORMED`.
        RuleBroken: `CHAIN_NOT_SUPPORTED`.
        Unauthorized: `DOMAIN_MISMATCH`, `URI_MISMATCH`, `MESSAGE_EXPIRED`,
            `MESSAGE_NOT_YET_VALID`, `SIGNATURE_INVALID`, `NONCE_UNKNOWN`.
    """
    message = read(text)
    siwe.check(message, terms, now=now)
    if not is_signed_by(message.wallet, text, signature):
        raise Unauthorized("SIGNATURE_INVALID", "The wallet named in the message did not sign it.")
    # After the signature, so that nobody else can burn a wallet's challenge.
    if not consume_nonce(message.nonce, siwe.digest(text), now):
        raise Unauthorized(
            "NONCE_UNKNOWN", "The challenge is not ours, is over, or was answered: ask for another."
        )
    return Session(message.wallet, enrol(message.wallet, now))
