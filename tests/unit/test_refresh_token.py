from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onlineticket.domain import refresh_token
from onlineticket.domain.errors import Unauthorized
from onlineticket.domain.keyring import from_secret
from onlineticket.domain.types import WalletAddress

NOW = 1_800_000_000
ALICE = WalletAddress("0x" + "a1" * 20)
KEYS = from_secret({"id": "1", "secret": "a" * 64})
OTHERS = from_secret({"id": "1", "secret": "b" * 64})
SESSION = "0123456789abcdef" * 2
SEED = "5e" * 32
FAMILY, TOKEN = refresh_token.begin(SESSION, ALICE, KEYS, seed=SEED, now=NOW)


def test_a_token_is_read_as_it_was_made() -> None:
    assert refresh_token.read(TOKEN) == refresh_token.Claimed(SESSION, 0, "1")
    assert refresh_token.is_ours(TOKEN, refresh_token.read(TOKEN), KEYS)
    assert len(TOKEN) < refresh_token.MAX_LENGTH


def test_the_same_generation_is_the_same_token_and_another_is_another() -> None:
    def made(session_id: str, generation: int, before: str = SEED) -> str:
        return refresh_token.make(session_id, generation, KEYS, "1", before)

    assert made(SESSION, 0) == TOKEN
    others = {made(SESSION, 1), made(SESSION[::-1], 0), made(SESSION, 10), made(SESSION, 0, TOKEN)}
    for part in (-1, -2):
        assert len({each.split(".")[part] for each in others | {TOKEN}}) == 5


def test_whoever_knows_the_key_and_the_session_still_can_not_make_its_token() -> None:
    guessed = {refresh_token.make(SESSION, 0, KEYS, "1", before) for before in ("", "0" * 64)}
    assert FAMILY.token_hash not in {refresh_token.digest(each) for each in guessed}


def test_nothing_that_is_stored_is_the_token_or_makes_it() -> None:
    for part in TOKEN.split(".")[-2:]:
        assert part not in repr(FAMILY)
    assert FAMILY.token_hash == refresh_token.digest(TOKEN)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "otr_",
        TOKEN + "\n",
        " " + TOKEN,
        TOKEN[:-1],
        TOKEN + "A",
        TOKEN.upper(),
        TOKEN.replace(".0.", ".00."),
        TOKEN.replace(".0.", ".-1."),
        TOKEN.replace(".0.", ".0123456789."),
        TOKEN.replace(".0.", ".\u0660."),
        TOKEN.replace(".1.", "..//."),
        TOKEN.replace("otr_", "otv_"),
        "otr_" + "0" * 100_000,
    ],
)
def test_text_of_another_form_is_no_token(text: str) -> None:
    with pytest.raises(Unauthorized) as refusal:
        refresh_token.read(text)
    assert refusal.value.code == "REFRESH_TOKEN_INVALID"


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(SESSION, SESSION[::-1]),
        lambda text: text.replace(".0.", ".1."),
        lambda text: text[:-1] + ("A" if text[-1] != "A" else "Q"),
        lambda text: text[:60] + ("A" if text[60] != "A" else "E") + text[61:],
        lambda text: text.replace(".1.", ".2."),
    ],
)
def test_a_changed_token_is_not_ours(change: object) -> None:
    changed = change(TOKEN)  # type: ignore[operator]
    assert changed != TOKEN
    assert not refresh_token.is_ours(changed, refresh_token.read(changed), KEYS)


def test_a_token_under_another_key_is_not_ours() -> None:
    assert not refresh_token.is_ours(TOKEN, refresh_token.read(TOKEN), OTHERS)
    retired = from_secret({"id": "2", "secret": "a" * 64})
    assert not refresh_token.is_ours(TOKEN, refresh_token.read(TOKEN), retired)


def test_a_session_lives_30_days_from_its_last_use_and_90_in_all() -> None:
    FAMILY.check_alive(NOW + 30 * 86_400 - 1)
    with pytest.raises(Unauthorized) as refusal:
        FAMILY.check_alive(NOW + 30 * 86_400)
    assert refusal.value.code == "SESSION_EXPIRED"
    used = replace(FAMILY, expires_at=NOW + 119 * 86_400)
    assert used.good_until == NOW + 90 * 86_400
    assert not used.is_alive(NOW + 90 * 86_400)


def test_a_revoked_session_is_dead_at_once() -> None:
    with pytest.raises(Unauthorized) as refusal:
        replace(FAMILY, revoked_at=NOW).check_alive(NOW)
    assert refusal.value.code == "SESSION_REVOKED"


def test_a_used_token_may_be_repeated_for_30_seconds_until_its_successor_is_used() -> None:
    used = replace(FAMILY, token_hash="next", previous_hash=FAMILY.token_hash, used_at=NOW)
    assert used.repeats(FAMILY.token_hash, NOW + 30)
    assert not used.repeats(FAMILY.token_hash, NOW + 31)
    further = replace(used, token_hash="third", previous_hash="next")
    assert not further.repeats(FAMILY.token_hash, NOW)


@given(st.text() | st.from_regex(r"otr_[0-9a-f]{32}\.\d+\.\w+\.[\w-]{43}\.[\w-]{22}"))
def test_any_text_is_a_token_of_ours_or_refused(text: str) -> None:
    with suppress(Unauthorized):
        assert not refresh_token.is_ours(text, refresh_token.read(text), KEYS)
