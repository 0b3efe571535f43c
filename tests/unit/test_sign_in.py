"""sign_in, with plain functions standing in for the wallet, DynamoDB and Postgres."""

import pytest

from onlineticket.domain import siwe
from onlineticket.domain.errors import Refused, RuleBroken, Unauthorized
from onlineticket.domain.keyring import from_secret
from onlineticket.domain.refresh_token import Family
from onlineticket.domain.session import Role, Session
from onlineticket.domain.types import WalletAddress
from onlineticket.usecases import sign_in

NOW = 1_767_225_600
TERMS = siwe.Terms("tickets.example", "https://tickets.example/login", 31337)
KEYS = from_secret({"id": "1", "secret": "a" * 64})
ALICE = WalletAddress("0x" + "a1" * 20)


class Site:
    """A site with its nonces and users in memory; "signed" is a good signature."""

    def __init__(self) -> None:
        self.nonces: dict[str, str] = {}
        self.messages: dict[str, siwe.Message] = {}
        self.users: dict[WalletAddress, Role] = {}
        self.spent: list[WalletAddress] = []

    def challenge(self, chain_id: int = 31337) -> sign_in.Challenge:
        def keep(nonce: str, digest: str, expires_at: int) -> None:
            self.nonces[nonce] = digest

        given = sign_in.challenge(ALICE, chain_id, terms=TERMS, now=NOW, keep_challenge=keep)
        self.messages[given.message] = siwe.challenge(TERMS, ALICE, given.nonce, now=NOW)
        return given

    def verify(self, text: str, signature: str = "signed", now: int = NOW) -> Session:
        def begin(digest: str, family: Family) -> bool:
            nonce = family.session_id
            return self.nonces.get(nonce) == digest and bool(self.nonces.pop(nonce))

        signed_in = sign_in.verify(
            text,
            signature,
            terms=TERMS,
            keys=KEYS,
            now=now,
            read=self.messages.__getitem__,
            spend=self.spent.append,
            is_signed_by=lambda wallet, text, signature: signature == "signed",
            enrol=lambda wallet, now: self.users.setdefault(wallet, "user"),
            begin=begin,
        )
        assert signed_in.refresh_expires_at == now + 30 * 86_400
        return signed_in.session


def test_a_wallet_that_signs_its_challenge_is_signed_in() -> None:
    site = Site()
    given = site.challenge()
    assert site.verify(given.message) == Session(ALICE, "user", given.nonce)
    site.users[ALICE] = "admin"
    given = site.challenge()
    assert site.verify(given.message) == Session(ALICE, "admin", given.nonce)
    assert site.spent == [ALICE, ALICE]


def test_a_challenge_is_good_for_one_sign_in() -> None:
    site = Site()
    text = site.challenge().message
    site.verify(text)
    with pytest.raises(Unauthorized) as refusal:
        site.verify(text)
    assert refusal.value.code == "NONCE_UNKNOWN"


@pytest.mark.parametrize(
    ("signature", "now", "code"),
    [("forged", NOW, "SIGNATURE_INVALID"), ("signed", NOW + 300, "MESSAGE_EXPIRED")],
)
def test_a_refused_sign_in_keeps_the_nonce_and_enrols_nobody(
    signature: str, now: int, code: str
) -> None:
    site = Site()
    text = site.challenge().message
    with pytest.raises(Refused) as refusal:
        site.verify(text, signature, now)
    assert refusal.value.code == code
    assert site.users == {}
    assert site.verify(text).wallet == ALICE


def test_two_challenges_have_two_nonces_of_16_random_bytes() -> None:
    site = Site()
    first, second = site.challenge(), site.challenge()
    assert first.nonce != second.nonce
    assert len(bytes.fromhex(first.nonce)) == 16
    assert first.expires_at == NOW + 300


def test_no_challenge_is_given_for_another_chain() -> None:
    with pytest.raises(RuleBroken) as refusal:
        Site().challenge(chain_id=1)
    assert refusal.value.code == "CHAIN_NOT_SUPPORTED"
