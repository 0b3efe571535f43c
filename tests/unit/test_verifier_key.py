"""Terminals' keys: their form, their hash, their rotation, and that all refusals are alike."""

import ast
import inspect
from dataclasses import dataclass, field, replace
from hashlib import sha256
from types import ModuleType
from typing import Any

import pytest

from onlineticket.domain import verifier_key
from onlineticket.domain.errors import Conflict, Invalid, Unauthorized
from onlineticket.domain.keyring import KeyRing
from onlineticket.domain.verifier import Verifier
from onlineticket.domain.verifier_key import SECRETS, KeptSecret, VerifierKey
from onlineticket.usecases import authenticate_verifier
from tests.at_the_door import ALICE, NOW, SUITE, TERMINAL

OLD, NEW = sha256(b"old pepper").digest(), sha256(b"new pepper").digest()
PEPPERS = KeyRing("2", {"2": NEW, "1": OLD})
SECRET = verifier_key.new_secret()
KEY = VerifierKey(
    verifier=TERMINAL, secrets=(verifier_key.kept(SECRET, PEPPERS),), organizer=ALICE,
    suite=SUITE.identity, tier="standard", created_at=NOW - 9, created_by=ALICE,
    expires_at=NOW + 9_999,
)  # fmt: skip
AT_THE_HALL = replace(KEY, verifier=replace(TERMINAL, cidrs=frozenset({"192.0.2.0/24"})))


def check(
    key: VerifierKey | None = KEY,
    secret: str = SECRET,
    now: int = NOW,
    peppers: KeyRing = PEPPERS,
    address: str | None = "192.0.2.7",
) -> Verifier:
    return verifier_key.check(
        key, secret, peppers=peppers, suite=SUITE.identity, address=address, now=now
    )


def rotated(key: VerifierKey = KEY, overlap: int = 600, now: int = NOW) -> tuple[VerifierKey, str]:
    secret = verifier_key.new_secret()
    after = verifier_key.rotated(key, secret, peppers=PEPPERS, overlap_seconds=overlap, now=now)
    return after, secret


def is_let_in(key: VerifierKey, secret: str, now: int = NOW) -> bool:
    try:
        check(key, secret, now)
    except Unauthorized:
        return False
    return True


def test_a_keys_text_reads_back() -> None:
    verifier_id = verifier_key.new_id()
    text = verifier_key.key_text(verifier_id, SECRET)
    assert text.startswith("otv_")
    assert verifier_key.read_key(text) == (verifier_id, SECRET)


@pytest.mark.parametrize(
    "text",
    ["", "otv_", "x" * 80, f"otv_{'0' * 16}_{'A' * 42}", f"OTV_{'0' * 16}_{'A' * 43}", "é",
     f"otv_{'0' * 16}_{'A' * 43}\n", "otv_" + "\u0660" * 16 + "_" + "A" * 43,
     "otv_" + "0" * 100_000],
)  # fmt: skip
def test_text_that_is_no_key_is_none(text: str) -> None:
    assert verifier_key.read_key(text) is None


def test_the_gateways_key_says_nothing_of_the_secret() -> None:
    name = verifier_key.usage_key("0123456789abcdef")
    assert name.isalnum()
    assert 20 <= len(name) <= 128


def test_the_right_secret_lets_the_terminal_in() -> None:
    assert check() == TERMINAL
    assert check(AT_THE_HALL) == AT_THE_HALL.verifier
    assert check(replace(KEY, suite=None)) == TERMINAL


def test_a_key_made_under_the_previous_pepper_still_works() -> None:
    old = KeptSecret("1", verifier_key.hashed(SECRET, OLD))
    assert check(replace(KEY, secrets=(old,))) == TERMINAL


REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("unknown", {"key": None}),
    ("wrong secret", {"secret": SECRET[::-1]}),
    ("revoked", {"key": replace(KEY, revoked_at=NOW + 5)}),
    ("expired", {"now": KEY.expires_at}),
    ("of a pepper that is gone", {"peppers": KeyRing("3", {"3": NEW})}),
    ("of a pepper swapped for another", {"peppers": KeyRing("2", {"2": OLD, "1": NEW})}),
    ("filed under the wrong pepper",
     {"key": replace(KEY, secrets=(replace(KEY.secrets[0], pepper_id="1"),))}),
    ("without a secret", {"key": replace(KEY, secrets=())}),
    ("with no secret's hash", {"key": replace(KEY, secrets=(KeptSecret("2", "0" * 64),))}),
    ("of another suite", {"key": replace(KEY, suite="31337:0x" + "9" * 40)}),
    ("from elsewhere", {"key": AT_THE_HALL, "address": "198.51.100.7"}),
    ("from nowhere", {"key": AT_THE_HALL, "address": None}),
]  # fmt: skip


@pytest.mark.parametrize(("what", "changes"), REFUSED, ids=[what for what, _ in REFUSED])
def test_all_keys_that_do_not_fit_are_turned_away_alike(what: str, changes: dict[str, Any]) -> None:
    with pytest.raises(Unauthorized) as refused:
        check(**changes)
    # The word by which API Gateway knows that 401 is meant.
    assert (refused.value.code, str(refused.value)) == ("VERIFIER_KEY_INVALID", "Unauthorized")
    assert refused.value.details == {}


def test_the_last_key_works_beside_the_new_one_until_the_overlap_ends() -> None:
    after, secret = rotated(overlap=600)
    assert after.version == KEY.version + 1
    assert after.rotated_at == NOW
    assert is_let_in(after, secret)
    assert is_let_in(after, SECRET, NOW + 599)
    assert not is_let_in(after, SECRET, NOW + 600)
    assert is_let_in(after, secret, NOW + 600)


def test_without_an_overlap_the_last_key_stops_at_once() -> None:
    after, secret = rotated(overlap=0)
    assert not is_let_in(after, SECRET)
    assert is_let_in(after, secret)


def test_a_rotation_whose_answer_was_lost_and_is_repeated_locks_no_terminal_out() -> None:
    lost, _ = rotated()
    after, secret = rotated(lost, now=NOW + 5)
    assert is_let_in(after, secret, NOW + 6)
    assert is_let_in(after, SECRET, NOW + 599)
    assert not is_let_in(after, SECRET, NOW + 600)


def test_a_shorter_overlap_ends_the_longer_ones_before_it_too() -> None:
    first, _ = rotated(overlap=600)
    after, _ = rotated(first, overlap=10, now=NOW + 1)
    assert is_let_in(after, SECRET, NOW + 10)
    assert not is_let_in(after, SECRET, NOW + 11)
    gone, _ = rotated(after, overlap=0, now=NOW + 2)
    assert len(gone.secrets) == 1


def test_however_often_a_key_is_rotated_few_secrets_work() -> None:
    after = KEY
    for turn in range(6):
        after, _ = rotated(after, now=NOW + turn)
    assert len(after.secrets) == SECRETS
    assert not is_let_in(after, SECRET, NOW + 6)


def test_a_rotation_hashes_under_the_current_pepper() -> None:
    old = replace(KEY, secrets=(KeptSecret("1", verifier_key.hashed(SECRET, OLD)),))
    after, _ = rotated(old)
    assert [each.pepper_id for each in after.secrets] == ["2", "1"]


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (replace(KEY, revoked_at=NOW), "VERIFIER_KEY_REVOKED"),
        (replace(KEY, expires_at=NOW), "VERIFIER_KEY_EXPIRED"),
    ],
)
def test_a_key_that_is_over_is_not_rotated(key: VerifierKey, code: str) -> None:
    with pytest.raises(Conflict) as refused:
        rotated(key)
    assert refused.value.code == code


def test_terms_are_changed_one_by_one() -> None:
    after = verifier_key.amended(KEY, {"gates": ["S1", "S1"], "expires_at": NOW + 5})
    assert after.verifier == replace(TERMINAL, gates=frozenset({"S1"}))
    assert after.expires_at == NOW + 5
    assert verifier_key.amended(KEY, {}) == KEY


def test_a_key_lasts_a_minute_at_least_and_400_days_at_most() -> None:
    for seconds in (60, 400 * 86_400):
        verifier_key.check_life(NOW, NOW + seconds)
    for seconds in (-1, 0, 59, 400 * 86_400 + 1):
        with pytest.raises(Invalid) as refused:
            verifier_key.check_life(NOW, NOW + seconds)
        assert refused.value.details == {"field": "expires_at"}


def test_what_is_no_key_is_looked_up_and_hashed_like_one() -> None:
    """So that neither reads nor hashes tell it from a key with a wrong secret."""
    asked = []

    def find(verifier_id: str) -> None:
        asked.append(verifier_id)

    for text in ("", "nonsense", "é" * 500, verifier_key.key_text("0" * 16, "A" * 43)):
        with pytest.raises(Unauthorized):
            authenticate_verifier.authenticate_verifier(
                text,
                peppers=PEPPERS,
                suite=SUITE.identity,
                address=None,
                now=NOW,
                find_key=find,
            )
    assert len(asked) == 4


@dataclass(frozen=True)
class Counting(KeyRing):
    """Notes every pepper asked for: check takes one for each hash."""

    asked: list[str] = field(default_factory=list)

    def find(self, key_id: str) -> bytes | None:
        self.asked.append(key_id)
        return super().find(key_id)


@pytest.mark.parametrize("key", [None, KEY, rotated()[0], replace(KEY, secrets=())])
def test_every_check_costs_the_same_number_of_hashes(key: VerifierKey | None) -> None:
    peppers = Counting(PEPPERS.current_id, PEPPERS.keys)
    with pytest.raises(Unauthorized):
        check(key, SECRET[::-1], peppers=peppers)
    assert len(peppers.asked) == SECRETS


def comparisons(module: ModuleType) -> list[str]:
    """The text of every == and != of the module, and of every `in`."""
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.Compare)
        and any(isinstance(op, ast.Eq | ast.NotEq | ast.In | ast.NotIn) for op in node.ops)
    ]


def test_hashes_and_secrets_are_compared_in_constant_time_only() -> None:
    source = inspect.getsource(verifier_key.check)
    assert "hmac.compare_digest(" in source
    for module in (verifier_key, authenticate_verifier):
        for text in comparisons(module):
            assert "hash" not in text, text
            assert "secret" not in text, text
