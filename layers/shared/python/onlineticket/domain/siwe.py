"""Sign-in with Ethereum (EIP-4361): the message we ask a wallet to sign, and our rules over it.

We accept only messages in the exact form that `compose` gives them: two readings of one signed
text are how sign-ins are phished. Reading one and checking its signature is chain/signatures.py.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from onlineticket.domain import address
from onlineticket.domain.errors import Invalid, RuleBroken, Unauthorized
from onlineticket.domain.types import WalletAddress

LIFETIME = 300
"""Seconds from challenge to verify; the nonce is kept as long."""

CLOCK_LEEWAY = 5
"""Seconds by which the clocks of two of our own machines may differ."""

MAX_LENGTH = 2000
"""Characters. Ours have about 350; parsers of longer ones can be kept busy for seconds."""

STATEMENT = "Sign in to OnlineTicket."


@dataclass(frozen=True, slots=True)
class Terms:
    """What every message of this stage must name: who asks, for what, on which chain."""

    domain: str
    uri: str
    chain_id: int


@dataclass(frozen=True, slots=True)
class Message:
    """The fields of an EIP-4361 message that we use. Times in Unix seconds."""

    domain: str
    wallet: WalletAddress
    uri: str
    chain_id: int
    nonce: str
    issued_at: int
    expires_at: int
    statement: str = STATEMENT


def challenge(terms: Terms, wallet: WalletAddress, nonce: str, *, now: int) -> Message:
    return Message(
        terms.domain, wallet, terms.uri, terms.chain_id, nonce, now, now + LIFETIME
    )  # fmt: skip


def compose(message: Message) -> str:
    """The text to sign: no scheme, no request id, no resources, times in whole seconds UTC."""
    return (
        f"{message.domain} wants you to sign in with your Ethereum account:\n"
        f"{address.checksum(message.wallet)}\n"
        "\n"
        f"{message.statement}\n"
        "\n"
        f"URI: {message.uri}\n"
        "Version: 1\n"
        f"Chain ID: {message.chain_id}\n"
        f"Nonce: {message.nonce}\n"
        f"Issued At: {_rfc3339(message.issued_at)}\n"
        f"Expiration Time: {_rfc3339(message.expires_at)}"
    )


def check(message: Message, terms: Terms, *, now: int) -> None:
    """Everything but the signature and the nonce.

    Raises:
        Unauthorized: `DOMAIN_MISMATCH`, `URI_MISMATCH`, `MESSAGE_EXPIRED`, `MESSAGE_NOT_YET_VALID`.
        RuleBroken: `CHAIN_NOT_SUPPORTED`.
        Invalid: `MESSAGE_MALFORMED`: its statement or lifetime is not what a challenge gives.
    """
    if message.domain != terms.domain:
        raise Unauthorized("DOMAIN_MISMATCH", "The message was made for another site.")
    if message.uri != terms.uri:
        raise Unauthorized("URI_MISMATCH", "The message was made for another address of the site.")
    check_chain(message.chain_id, terms)
    if message.statement != STATEMENT:
        raise malformed("its statement is not ours")
    if message.expires_at - message.issued_at != LIFETIME:
        raise malformed("its times are not those of a challenge")
    if message.issued_at > now + CLOCK_LEEWAY:
        raise Unauthorized("MESSAGE_NOT_YET_VALID", "The message was issued in the future.")
    if message.expires_at <= now:
        raise Unauthorized("MESSAGE_EXPIRED", "The message has expired: ask for a new challenge.")


def check_chain(chain_id: int, terms: Terms) -> None:
    """
    Raises:
        RuleBroken: `CHAIN_NOT_SUPPORTED`.
    """
    if chain_id != terms.chain_id:
        raise RuleBroken(
            "CHAIN_NOT_SUPPORTED",
            f"Sign in on chain {terms.chain_id}.",
            supported=[terms.chain_id],
        )


def digest(text: str) -> str:
    """What is stored beside a nonce, so that it is good for this very text and no other."""
    return sha256(text.encode()).hexdigest()


def malformed(why: str) -> Invalid:
    return Invalid(
        "MESSAGE_MALFORMED", f"Sign the message exactly as the challenge gave it: {why}."
    )


def _rfc3339(unix_seconds: int) -> str:
    return datetime.fromtimestamp(unix_seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
