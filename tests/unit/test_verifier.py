"""Terminals' keys: their form, their hash, and what they open."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from onlineticket.domain import verifier
from onlineticket.domain.errors import Invalid, Unauthorized
from onlineticket.domain.keyring import KeyRing
from onlineticket.domain.verifier import Verifier, VerifierKey
from tests.at_the_door import NOW, TERMINAL

OLD, NEW = sha256(b"old pepper").digest(), sha256(b"new pepper").digest()
PEPPERS = KeyRing("2", {"2": NEW, "1": OLD})
VERIFIER_ID, SECRET = verifier.new_key()
KEY = VerifierKey(TERMINAL, "2", verifier.hashed(SECRET, NEW), NOW - 9, NOW + 9, False)


def check(key: VerifierKey | None = KEY, secret: str = SECRET, now: int = NOW) -> Verifier:
    return verifier.check(key, secret, peppers=PEPPERS, now=now)


def test_a_keys_text_reads_back() -> None:
    text = verifier.key_text(VERIFIER_ID, SECRET)
    assert text.startswith("otv_")
    assert verifier.read_key(text) == (VERIFIER_ID, SECRET)


@pytest.mark.parametrize(
    "text", ["", "otv_", "x" * 80, f"otv_{'0' * 16}_{'A' * 42}", f"OTV_{'0' * 16}_{'A' * 43}", "é"]
)
def test_text_that_is_no_key_is_turned_away(text: str) -> None:
    with pytest.raises(Unauthorized):
        verifier.read_key(text)


def test_the_right_secret_lets_the_terminal_in() -> None:
    assert check() == TERMINAL


def test_a_key_made_under_the_previous_pepper_still_works() -> None:
    key = replace(KEY, pepper_id="1", secret_hash=verifier.hashed(SECRET, OLD))
    assert check(key) == TERMINAL


@pytest.mark.parametrize(
    ("key", "secret", "now"),
    [
        (None, SECRET, NOW),
        (KEY, SECRET[::-1], NOW),
        (replace(KEY, revoked=True), SECRET, NOW),
        (KEY, SECRET, KEY.expires_at),
        (replace(KEY, pepper_id="0"), SECRET, NOW),
        (replace(KEY, pepper_id="1"), SECRET, NOW),
    ],
)
def test_unknown_wrong_revoked_and_expired_keys_are_turned_away_alike(
    key: VerifierKey | None, secret: str, now: int
) -> None:
    with pytest.raises(Unauthorized) as refused:
        check(key, secret, now)
    # The word by which API Gateway knows that 401 is meant.
    assert (refused.value.code, str(refused.value)) == ("VERIFIER_KEY_INVALID", "Unauthorized")


def test_what_the_authorizer_hands_on_reads_back() -> None:
    assert verifier.from_context(TERMINAL.to_context()) == TERMINAL
    assert all(type(value) is str for value in TERMINAL.to_context().values())
    assert verifier.from_context({"verifier_id": "1"}).scopes == frozenset()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"events": frozenset()}, "events"),
        ({"events": frozenset({"1,2"})}, "events"),
        ({"gates": frozenset({"a,b"})}, "gates"),
        ({"gates": frozenset({"\0"})}, "gates"),
        ({"scopes": frozenset({"all"})}, "scopes"),
    ],
)
def test_a_terminal_whose_names_could_not_be_handed_on_gets_no_key(
    changes: dict[str, Any], field: str
) -> None:
    verifier.check_well_formed(TERMINAL)
    with pytest.raises(Invalid) as refused:
        verifier.check_well_formed(replace(TERMINAL, **changes))
    assert (refused.value.code, refused.value.details) == ("VERIFIER_MALFORMED", {"field": field})
