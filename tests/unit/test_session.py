import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from types import SimpleNamespace
from typing import Any

import jwt
import pytest

from onlineticket.api import session
from onlineticket.domain.errors import Unauthorized
from onlineticket.domain.keyring import KeyRing, from_secret
from onlineticket.domain.session import Session
from onlineticket.domain.types import WalletAddress

NOW = 1_767_225_600
AUDIENCE = "onlineticket-api:test"
ALICE = Session(WalletAddress("0x" + "a1" * 20), "organizer")
KEYS = from_secret({"id": "1", "secret": "a" * 64})
ROTATED = from_secret(
    {"id": "2", "secret": "b" * 64, "previous_id": "1", "previous_secret": "a" * 64}
)
CLAIMS: dict[str, Any] = {
    "iss": "onlineticket",
    "aud": AUDIENCE,
    "sub": ALICE.wallet,
    "role": "user",
    "iat": NOW,
    "nbf": NOW,
    "exp": NOW + 900,
    "jti": "one",
}


def check(token: str, keys: KeyRing = KEYS, now: int = NOW) -> Session:
    return session.check(token, keys=keys, audience=AUDIENCE, now=now)


def minted(keys: KeyRing = KEYS) -> str:
    return session.mint(ALICE, keys=keys, audience=AUDIENCE, now=NOW)


def forged(claims: dict[str, Any], algorithm: str = "HS256", kid: Any = "1") -> str:
    return jwt.encode(claims, KEYS.current, algorithm, headers={"kid": kid})


def refusal_of(token: str, now: int = NOW, keys: KeyRing = KEYS) -> str:
    with pytest.raises(Unauthorized) as refusal:
        check(token, keys, now)
    return refusal.value.code


def test_a_minted_token_says_who_it_is_until_it_expires() -> None:
    token = minted()
    for now in (NOW - 5, NOW, NOW + session.LIFETIME + 4):
        assert check(token, now=now) == ALICE
    assert refusal_of(token, NOW + session.LIFETIME + 5) == "TOKEN_EXPIRED"
    assert refusal_of(token, NOW - 6) == "TOKEN_INVALID"


def test_a_token_names_its_key_and_no_secret() -> None:
    assert jwt.get_unverified_header(minted()) == {"alg": "HS256", "typ": "JWT", "kid": "1"}
    claims = jwt.decode(minted(), options={"verify_signature": False})
    assert claims.keys() == {"iss", "aud", "sub", "role", "iat", "nbf", "exp", "jti"}
    assert minted() != minted()


def test_a_rotation_of_the_keys_signs_nobody_out() -> None:
    old = minted(KEYS)
    assert check(old, ROTATED) == ALICE
    new = minted(ROTATED)
    assert check(new, ROTATED) == ALICE
    assert refusal_of(new, keys=KEYS) == "TOKEN_INVALID"


def test_a_token_of_a_retired_key_is_refused() -> None:
    assert refusal_of(minted(KEYS), keys=from_secret({"id": "2", "secret": "b" * 64})) == (
        "TOKEN_INVALID"
    )


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize("algorithm", ["HS384", "HS512", "none"])
def test_no_other_algorithm_is_accepted(algorithm: str) -> None:
    key = None if algorithm == "none" else KEYS.current
    token = jwt.encode(CLAIMS, key, algorithm, headers={"kid": "1"})  # type: ignore[arg-type]
    assert refusal_of(token) == "TOKEN_INVALID"


@pytest.mark.parametrize("kid", ["2", "", "../../dev/null", "1 ", "' OR 1=1", None])
def test_an_unknown_key_id_is_refused(kid: Any) -> None:
    headers = {} if kid is None else {"kid": kid}
    token = jwt.encode(CLAIMS, KEYS.current, "HS256", headers=headers)
    assert refusal_of(token) == "TOKEN_INVALID"


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "onlineticket-api:prod"},
        {"aud": ["a", "b"]},
        {"iss": "another"},
        {"role": "root"},
        {"role": ["admin"]},
        {"exp": str(NOW + 900)},
        {"exp": NOW + 0.5},
        {"exp": True},
        {"iat": NOW + 60},
        {"nbf": NOW + 60},
        {"sub": 7},
    ],
)
def test_foreign_or_odd_claims_are_refused_though_signed(change: dict[str, Any]) -> None:
    assert refusal_of(forged(CLAIMS | change)) == "TOKEN_INVALID"


@pytest.mark.parametrize("claim", sorted(CLAIMS))
def test_every_claim_is_required(claim: str) -> None:
    claims = {name: value for name, value in CLAIMS.items() if name != claim}
    assert refusal_of(forged(claims)) == "TOKEN_INVALID"


def test_a_swapped_wallet_breaks_the_signature() -> None:
    header, payload, signature = minted().split(".")
    claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    claims["sub"] = "0x" + "b0" * 20
    swapped = urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    assert refusal_of(f"{header}.{swapped}.{signature}") == "TOKEN_INVALID"


@pytest.mark.parametrize("token", ["x", "a.b.c", "é.é.é", "..", "a" * 10_000])
def test_what_is_no_token_is_refused(token: str) -> None:
    assert refusal_of(token) == "TOKEN_INVALID"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic abc", "abc"])
def test_a_request_without_a_token_is_told_to_sign_in(header: str | None) -> None:
    app: Any = SimpleNamespace(current_event=SimpleNamespace(headers={"authorization": header}))
    with pytest.raises(Unauthorized) as refusal:
        session.current(app)
    assert refusal.value.code == "TOKEN_MISSING"


def test_a_token_says_which_sign_in_it_comes_from() -> None:
    alice = Session(ALICE.wallet, "user", "0123456789abcdef" * 2)
    token = session.mint(alice, keys=KEYS, audience=AUDIENCE, now=NOW)
    assert check(token) == alice
    assert refusal_of(forged(CLAIMS | {"sid": 7})) == "TOKEN_INVALID"
