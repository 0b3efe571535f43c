"""Attacks on sign-in, sessions and access tokens, one a row: what is answered, and that no session
came of it. All go through the function's handler, on real Postgres and anvil, and moto.
"""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from time import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from eth_account import Account
from eth_keys.constants import SECPK1_N

from onlineticket import settings
from onlineticket.api import session
from onlineticket.domain import refresh_token, siwe
from onlineticket.domain.keyring import from_secret
from onlineticket.domain.types import WalletAddress
from tests import signing_in
from tests.contract_wallets import BOB, IDENTITY, Wallets, wrapped
from tests.signing_in import (
    ALICE,
    TERMS,
    WALLET,
    Answer,
    bearer,
    challenged,
    post,
    refresh,
    send,
    sign,
    verify,
)

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC_PEM = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
MALLORY = Account.from_key("0x" + "66" * 32)
MALLORYS = WalletAddress(MALLORY.address.lower())


@dataclass
class Scene:
    """What an attacker may find: a chain to put contracts on, and the victim's doings."""

    wallets: Wallets
    dynamodb: Any
    monkeypatch: pytest.MonkeyPatch
    honest: int = 0
    """Sessions that came about as they should."""

    def victim(self) -> dict[str, Any]:
        """The tokens of the victim's session."""
        self.honest += 1
        return signing_in.signed_in()

    def sessions(self) -> int:
        items = self.dynamodb.scan(TableName=settings.required("SESSIONS_TABLE"))["Items"]
        return sum("token_hash" in item for item in items)

    def contract(self, name: str) -> Answer:
        """Sign in as a contract of this name."""
        return self.claim(self.wallets.create(name))

    def claim(self, wallet: WalletAddress, signature: str | None = None) -> Answer:
        message = challenged(wallet)["message"]
        return verify(message, signature or sign(message, MALLORY))


def composed(wallet: WalletAddress = WALLET, **changes: Any) -> str:
    """A message of ours, with a nonce that was given out for another one."""
    nonce = challenged()["nonce"]
    message = siwe.challenge(TERMS, wallet, nonce, now=int(time()))
    return siwe.compose(replace(message, **changes))


def signed(message: str) -> Answer:
    return verify(message, sign(message))


def edited(old: str, new: str) -> Answer:
    """A challenge changed before it is signed."""
    message = challenged()["message"]
    assert old in message
    return signed(message.replace(old, new))


# -- The message ----------------------------------------------------------------------------------


def tampered_message(scene: Scene) -> Answer:
    message = challenged()["message"]
    return verify(message.replace("Chain ID: 31337", "Chain ID: 31337 "), sign(message))


def swapped_wallet_in_a_signed_message(scene: Scene) -> Answer:
    message = challenged(MALLORY.address)["message"]
    return verify(message.replace(MALLORY.address, ALICE.address), sign(message, MALLORY))


def wrong_checksum(scene: Scene) -> Answer:
    return edited(ALICE.address, "0x" + ALICE.address[2:].swapcase())


def replayed_nonce(scene: Scene) -> Answer:
    message = challenged()["message"]
    scene.honest += 1
    assert signed(message).code == "ok"
    return signed(message)


def nonce_never_given(scene: Scene) -> Answer:
    return signed(siwe.compose(siwe.challenge(TERMS, WALLET, "f" * 32, now=int(time()))))


def nonce_of_anothers_challenge(scene: Scene) -> Answer:
    message = composed(MALLORYS)
    return verify(message, sign(message, MALLORY))


def nonce_of_a_live_session(scene: Scene) -> Answer:
    tokens = scene.victim()
    message = siwe.challenge(TERMS, MALLORYS, tokens["session_id"], now=int(time()))
    return verify(siwe.compose(message), sign(siwe.compose(message), MALLORY))


def expired_message(scene: Scene) -> Answer:
    past = int(time()) - siwe.LIFETIME
    return signed(composed(issued_at=past, expires_at=past + siwe.LIFETIME))


def future_message(scene: Scene) -> Answer:
    later = int(time()) + 60
    return signed(composed(issued_at=later, expires_at=later + siwe.LIFETIME))


def message_that_never_expires(scene: Scene) -> Answer:
    return signed(composed(expires_at=int(time()) + 10**9))


def body_of_100_kb(scene: Scene) -> Answer:
    return verify("x" * 100_000, "0x" + "11" * 65)


# -- The signature --------------------------------------------------------------------------------


def high_s(scene: Scene) -> Answer:
    message = challenged()["message"]
    raw = bytes.fromhex(sign(message)[2:])
    high = (SECPK1_N - int.from_bytes(raw[32:64])).to_bytes(32)
    return verify(message, "0x" + (raw[:32] + high + bytes([55 - raw[64]])).hex())


def signature_of_another_message(scene: Scene) -> Answer:
    first, second = challenged()["message"], challenged()["message"]
    return verify(first, sign(second))


def signature_of_another_key(scene: Scene) -> Answer:
    message = challenged()["message"]
    return verify(message, sign(message, MALLORY))


def signature_that_recovers_nobody(scene: Scene) -> Answer:
    """A checker that takes a failed recovery for the zero address lets its owner in."""
    message = challenged("0x" + "00" * 20)["message"]
    return verify(message, "0x" + "00" * 64 + "1b")


def signature_too_long_to_read(scene: Scene) -> Answer:
    return verify(challenged()["message"], "0x" + "00" * 100_000)


def the_bare_hash_signed_without_its_prefix(scene: Scene) -> Answer:
    """As a transaction would be signed: EIP-191's prefix is what keeps the two apart."""
    message = challenged()["message"]
    raw = ALICE.unsafe_sign_hash(sha256(message.encode()).digest()).signature
    return verify(message, "0x" + bytes(raw).hex())


def wallet_of_another_owner(scene: Scene) -> Answer:
    return scene.claim(scene.wallets.owned(ALICE))


def factory_of_the_attackers_own(scene: Scene) -> Answer:
    victim = scene.wallets.owned(ALICE)
    _, factory, prepare = scene.wallets.counterfactual(MALLORY)
    message = challenged(victim)["message"]
    return verify(message, wrapped(factory, prepare, sign(message, MALLORY)))


def factory_that_burns_all_gas(scene: Scene) -> Answer:
    wallet, factory, _ = scene.wallets.counterfactual(MALLORY)
    message = challenged(wallet)["message"]
    burn = bytes.fromhex("44df8e70")  # burn()
    return verify(message, wrapped(factory, burn, sign(message, MALLORY)))


def wrapped_signature_of_a_plain_account(scene: Scene) -> Answer:
    message = challenged()["message"]
    return verify(message, wrapped(IDENTITY, b"", sign(message, MALLORY)))


def wrapping_that_is_no_abi(scene: Scene) -> Answer:
    return scene.claim(scene.wallets.owned(MALLORY), "0x" + "ff" * 200 + "6492" * 16)


def node_that_is_away(scene: Scene) -> Answer:
    """It is no way in, and no way to burn another's challenge either."""
    from onlineticket import resources

    wallet = scene.wallets.owned(ALICE)
    message = challenged(wallet)["message"]
    with scene.monkeypatch.context() as patch:
        patch.setenv("RPC_URL", "http://127.0.0.1:1")
        resources.forget()
        answer = verify(message, sign(message))
    resources.forget()
    scene.honest += 1
    assert verify(message, sign(message)).code == "ok"
    return answer


# -- Refresh tokens and sessions ------------------------------------------------------------------


def stolen_refresh_token(scene: Scene) -> Answer:
    """Its owner has used it twice on since then."""
    first = scene.victim()
    second = refresh(first["refresh_token"])[1]
    refresh(second["refresh_token"])
    return refresh(first["refresh_token"])


def refresh_token_of_a_session_that_was_shut(scene: Scene) -> Answer:
    first = scene.victim()
    second = refresh(first["refresh_token"])[1]
    refresh(second["refresh_token"])
    assert refresh(first["refresh_token"]).code == "REFRESH_TOKEN_REUSED"
    return refresh(second["refresh_token"])


def refresh_token_after_the_log_out(scene: Scene) -> Answer:
    tokens = scene.victim()
    post("/auth/logout", {"refresh_token": tokens["refresh_token"]})
    return refresh(tokens["refresh_token"])


def refresh_token_made_for_a_known_session(scene: Scene) -> Answer:
    tokens = scene.victim()
    guess = from_secret({"id": "1", "secret": "g" * 64})
    answer = refresh(refresh_token.make(tokens["session_id"], 1, guess, "1", ""))
    assert refresh(tokens["refresh_token"]).code == "ok"  # and it ended nothing
    return answer


def refresh_token_moved_to_another_session(scene: Scene) -> Answer:
    mine, theirs = scene.victim(), scene.victim()
    return refresh(mine["refresh_token"].replace(mine["session_id"], theirs["session_id"]))


def refresh_token_of_a_later_generation(scene: Scene) -> Answer:
    return refresh(scene.victim()["refresh_token"].replace(".0.", ".1."))


def access_token_for_a_refresh_token(scene: Scene) -> Answer:
    return refresh(scene.victim()["access_token"][:200])


def log_out_of_another(scene: Scene) -> Answer:
    tokens = scene.victim()
    guess = from_secret({"id": "1", "secret": "g" * 64})
    forged = refresh_token.make(tokens["session_id"], 0, guess, "1", "")
    answer = post("/auth/logout", {"refresh_token": forged})
    assert refresh(tokens["refresh_token"]).code == "ok"
    return answer


def end_of_anothers_session(scene: Scene) -> Answer:
    tokens = scene.victim()
    scene.honest += 1
    mallory = signing_in.signed_in(MALLORY)
    path = f"/auth/sessions/{tokens['session_id']}"
    answer = send("DELETE", path, headers=bearer(mallory))
    assert refresh(tokens["refresh_token"]).code == "ok"
    return answer


def access_token_of_an_ended_session(scene: Scene) -> Answer:
    tokens = scene.victim()
    post("/auth/logout", {"refresh_token": tokens["refresh_token"]})
    return send("GET", "/auth/sessions", headers=bearer(tokens))


# -- Access tokens --------------------------------------------------------------------------------


def use(token: str) -> Answer:
    return send("GET", "/auth/sessions", headers={"authorization": f"Bearer {token}"})


def claims(scene: Scene, **changes: Any) -> dict[str, Any]:
    """Those of the victim's token, which anyone who saw it can read."""
    token = scene.victim()["access_token"]
    return jwt.decode(token, options={"verify_signature": False}) | changes


def minted(scene: Scene, kid: Any = "1", algorithm: str = "HS256", **changes: Any) -> Answer:
    """Signed with our own key: what only a slip of ours could bring about."""
    read = claims(scene, **changes)
    key = session.key_ring().current
    return use(jwt.encode(read, key, algorithm, headers={"kid": kid}))


def by_hand(header: dict[str, Any], body: dict[str, Any], key: bytes | None) -> str:
    def part(content: dict[str, Any]) -> bytes:
        return urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=")

    text = part(header) + b"." + part(body)
    tag = b"" if key is None else hmac.digest(key, text, "sha256")
    return (text + b"." + urlsafe_b64encode(tag).rstrip(b"=")).decode()


def unsigned(algorithm: str) -> Callable[[Scene], Answer]:
    def attack(scene: Scene) -> Answer:
        return use(by_hand({"alg": algorithm, "typ": "JWT", "kid": "1"}, claims(scene), None))

    return attack


def rsa_token_with_its_own_key(scene: Scene) -> Answer:
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(RSA_KEY.public_key()))
    headers = {"kid": "1", "jwk": jwk, "jku": "https://evil.example/keys"}
    return use(jwt.encode(claims(scene), RSA_KEY, "RS256", headers=headers))


def public_key_for_a_shared_one(scene: Scene) -> Answer:
    return use(by_hand({"alg": "HS256", "typ": "JWT", "kid": "1"}, claims(scene), PUBLIC_PEM))


def empty_key(scene: Scene) -> Answer:
    return use(by_hand({"alg": "HS256", "typ": "JWT", "kid": "1"}, claims(scene), b""))


def key_by_path(scene: Scene) -> Answer:
    """A file whose content everybody knows, as the key."""
    kid = "../../../../dev/null"
    return use(by_hand({"alg": "HS256", "typ": "JWT", "kid": kid}, claims(scene), b""))


def swapped_wallet(scene: Scene) -> Answer:
    token = scene.victim()["access_token"]
    read = jwt.decode(token, options={"verify_signature": False}) | {"sub": MALLORYS}
    swapped = by_hand({}, read, None).split(".")[1]
    header, _, tag = token.split(".")
    return use(f"{header}.{swapped}.{tag}")


def role_made_up(scene: Scene) -> Answer:
    token = scene.victim()["access_token"]
    read = jwt.decode(token, options={"verify_signature": False}) | {"role": "admin"}
    header, _, tag = token.split(".")
    return use(f"{header}.{by_hand({}, read, None).split('.')[1]}.{tag}")


def extension_that_must_be_understood(scene: Scene) -> Answer:
    header = {"alg": "HS256", "typ": "JWT", "kid": "1", "crit": ["exp2"], "exp2": 1}
    return use(by_hand(header, claims(scene), session.key_ring().current))


def refresh_token_for_an_access_token(scene: Scene) -> Answer:
    return use(scene.victim()["refresh_token"])


NOW = int(time())
ATTACKS: dict[str, tuple[Callable[[Scene], Answer], int, str]] = {
    "message for another domain": (
        lambda s: edited("tickets.example wants", "evil.example wants"), 401, "DOMAIN_MISMATCH"),
    "domain that only looks like ours": (
        lambda s: edited("tickets.example wants", "tіckets.example wants"), 401,  # noqa: RUF001
        "DOMAIN_MISMATCH"),
    "domain in capitals": (
        lambda s: edited("tickets.example wants", "Tickets.example wants"), 401, "DOMAIN_MISMATCH"),
    "message for another address of the site": (
        lambda s: edited("/login", "/transfer"), 401, "URI_MISMATCH"),
    "message for another chain": (
        lambda s: edited("Chain ID: 31337", "Chain ID: 1"), 422, "CHAIN_NOT_SUPPORTED"),
    "message of another version": (
        lambda s: edited("Version: 1", "Version: 2"), 400, "MESSAGE_MALFORMED"),
    "statement that asks for more": (
        lambda s: edited("Sign in to", "Give all to"), 400, "MESSAGE_MALFORMED"),
    "resources hidden at the end": (
        lambda s: edited("Z", "Z\nResources:\n- https://evil.example"), 400, "MESSAGE_MALFORMED"),
    "field that was not asked for": (
        lambda s: edited("\nExpiration", "\nRequest ID: 7\nExpiration"), 400, "MESSAGE_MALFORMED"),
    "time before which it is not valid": (
        lambda s: signed(challenged()["message"] + "\nNot Before: 2099-01-01T00:00:00Z"), 400,
        "MESSAGE_MALFORMED"),
    "lines that end as on Windows": (lambda s: edited("\n", "\r\n"), 400, "MESSAGE_MALFORMED"),
    "line separator of Unicode": (
        lambda s: edited("\nNonce", "\u2028Nonce"), 400, "MESSAGE_MALFORMED"),
    "invisible character": (
        lambda s: edited("Nonce: ", "Nonce: \u200b"), 400, "MESSAGE_MALFORMED"),
    "address in lower case": (
        lambda s: edited(ALICE.address, ALICE.address.lower()), 400, "MESSAGE_MALFORMED"),
    "address with a wrong checksum": (wrong_checksum, 400, "MESSAGE_MALFORMED"),
    "tampered message": (tampered_message, 400, "MESSAGE_MALFORMED"),
    "swapped wallet in a signed message": (
        swapped_wallet_in_a_signed_message, 401, "SIGNATURE_INVALID"),
    "replayed nonce": (replayed_nonce, 401, "NONCE_UNKNOWN"),
    "nonce that nobody gave": (nonce_never_given, 401, "NONCE_UNKNOWN"),
    "nonce of another wallet's challenge": (nonce_of_anothers_challenge, 401, "NONCE_UNKNOWN"),
    "nonce that has become a session": (nonce_of_a_live_session, 401, "NONCE_UNKNOWN"),
    "expired message": (expired_message, 401, "MESSAGE_EXPIRED"),
    "message of the future": (future_message, 401, "MESSAGE_NOT_YET_VALID"),
    "message that never expires": (message_that_never_expires, 400, "MESSAGE_MALFORMED"),
    "body of 100 kB": (body_of_100_kb, 400, "BAD_REQUEST"),
    "malleable signature (high s)": (high_s, 401, "SIGNATURE_INVALID"),
    "signature of another message": (signature_of_another_message, 401, "SIGNATURE_INVALID"),
    "signature of another key": (signature_of_another_key, 401, "SIGNATURE_INVALID"),
    "signature that recovers nobody": (signature_that_recovers_nobody, 401, "SIGNATURE_INVALID"),
    "signature without EIP-191's prefix": (
        the_bare_hash_signed_without_its_prefix, 401, "SIGNATURE_INVALID"),
    "signature of 100 kB": (signature_too_long_to_read, 400, "BAD_REQUEST"),
    "contract wallet of another owner": (wallet_of_another_owner, 401, "SIGNATURE_INVALID"),
    "contract wallet that answers no": (
        lambda s: s.contract("RefusingWallet"), 401, "SIGNATURE_INVALID"),
    "contract that answers true": (lambda s: s.contract("TrueWallet"), 401, "SIGNATURE_INVALID"),
    "contract that answers half the word": (
        lambda s: s.contract("SloppyWallet"), 401, "SIGNATURE_INVALID"),
    "contract that reverts with the word": (
        lambda s: s.contract("RevertingWallet"), 401, "SIGNATURE_INVALID"),
    "contract that burns all gas": (
        lambda s: s.contract("BurningWallet"), 401, "SIGNATURE_INVALID"),
    "contract that answers half a megabyte": (
        lambda s: s.contract("HugeWallet"), 401, "SIGNATURE_INVALID"),
    "contract that writes as it answers": (
        lambda s: s.contract("WritingWallet"), 401, "SIGNATURE_INVALID"),
    "contract that trusts simulations": (
        lambda s: s.contract("TrustingWallet"), 401, "SIGNATURE_INVALID"),
    "contract that is no wallet": (
        lambda s: s.contract("WalletFactory"), 401, "SIGNATURE_INVALID"),
    "precompile that echoes": (lambda s: s.claim(IDENTITY), 401, "SIGNATURE_INVALID"),
    "factory of the attacker's own": (factory_of_the_attackers_own, 401, "SIGNATURE_INVALID"),
    "factory that burns all gas": (factory_that_burns_all_gas, 401, "SIGNATURE_INVALID"),
    "plain account wrapped as EIP-6492": (
        wrapped_signature_of_a_plain_account, 401, "SIGNATURE_INVALID"),
    "wrapping that is no ABI": (wrapping_that_is_no_abi, 401, "SIGNATURE_INVALID"),
    "verify while the node is away": (node_that_is_away, 503, "RPC_UNAVAILABLE"),
    "stolen refresh token": (stolen_refresh_token, 401, "REFRESH_TOKEN_REUSED"),
    "refresh token of a shut session": (
        refresh_token_of_a_session_that_was_shut, 401, "SESSION_REVOKED"),
    "refresh token after the log-out": (refresh_token_after_the_log_out, 401, "SESSION_REVOKED"),
    "refresh token made up for a session": (
        refresh_token_made_for_a_known_session, 401, "REFRESH_TOKEN_INVALID"),
    "refresh token moved to another session": (
        refresh_token_moved_to_another_session, 401, "REFRESH_TOKEN_INVALID"),
    "refresh token counted up": (refresh_token_of_a_later_generation, 401, "REFRESH_TOKEN_INVALID"),
    "access token for a refresh token": (
        access_token_for_a_refresh_token, 401, "REFRESH_TOKEN_INVALID"),
    "log-out of another": (log_out_of_another, 401, "REFRESH_TOKEN_INVALID"),
    "end of another's session": (end_of_anothers_session, 404, "SESSION_NOT_FOUND"),
    "access token of an ended session": (access_token_of_an_ended_session, 401, "SESSION_REVOKED"),
    "alg none": (unsigned("none"), 401, "TOKEN_INVALID"),
    "alg nOnE": (unsigned("nOnE"), 401, "TOKEN_INVALID"),
    "alg left empty": (unsigned(""), 401, "TOKEN_INVALID"),
    "alg HS512 under our own key": (
        lambda s: minted(s, algorithm="HS512"), 401, "TOKEN_INVALID"),
    "alg RS256 with a key of its own": (rsa_token_with_its_own_key, 401, "TOKEN_INVALID"),
    "HS256 under a public key": (public_key_for_a_shared_one, 401, "TOKEN_INVALID"),
    "HS256 under an empty key": (empty_key, 401, "TOKEN_INVALID"),
    "kid that climbs to a file": (key_by_path, 401, "TOKEN_INVALID"),
    "kid that is SQL": (lambda s: minted(s, kid="1' OR '1'='1"), 401, "TOKEN_INVALID"),
    "kid of no key": (lambda s: minted(s, kid="7"), 401, "TOKEN_INVALID"),
    "expired token": (
        lambda s: minted(s, iat=NOW - 7200, nbf=NOW - 7200, exp=NOW - 6300), 401, "TOKEN_EXPIRED"),
    "token of the future": (
        lambda s: minted(s, nbf=NOW + 3600, exp=NOW + 4500), 401, "TOKEN_INVALID"),
    "token for another audience": (
        lambda s: minted(s, aud="onlineticket-api:prod"), 401, "TOKEN_INVALID"),
    "token of another issuer": (lambda s: minted(s, iss="evil.example"), 401, "TOKEN_INVALID"),
    "token that never expires": (lambda s: minted(s, exp=None), 401, "TOKEN_INVALID"),
    "token of a role that is none": (lambda s: minted(s, role="root"), 401, "TOKEN_INVALID"),
    "swapped wallet in a token": (swapped_wallet, 401, "TOKEN_INVALID"),
    "role made up in a token": (role_made_up, 401, "TOKEN_INVALID"),
    "extension that must be understood": (
        extension_that_must_be_understood, 401, "TOKEN_INVALID"),
    "refresh token for an access token": (
        refresh_token_for_an_access_token, 401, "TOKEN_INVALID"),
}  # fmt: skip


@pytest.fixture
def scene(
    database: str, dynamodb: Any, secrets: None, anvil: str, monkeypatch: pytest.MonkeyPatch
) -> Scene:
    signing_in.prepare(monkeypatch)
    monkeypatch.setenv("RPC_URL", anvil)
    return Scene(Wallets(anvil), dynamodb, monkeypatch)


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_refused_by_its_code_and_no_session_comes_of_it(
    attack: str, scene: Scene
) -> None:
    act, status, code = ATTACKS[attack]
    answer = act(scene)
    assert (answer[0], answer.code) == (status, code)
    assert answer[1].keys() == {"error_code", "message", "details", "request_id"}
    assert scene.sessions() == scene.honest


def test_the_honest_ways_in_still_work(scene: Scene) -> None:
    """The table above proves something only if not everything is refused."""
    owned = scene.wallets.owned(BOB)
    message = challenged(owned)["message"]
    assert verify(message, sign(message, BOB)).code == "ok"
    wallet, factory, prepare = scene.wallets.counterfactual(BOB)
    message = challenged(wallet)["message"]
    assert verify(message, wrapped(factory, prepare, sign(message, BOB))).code == "ok"
    assert len(signing_in.sessions(scene.victim())) == 1
    assert scene.sessions() == 3
