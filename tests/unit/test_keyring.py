"""Keys in rotation: the new one signs, both are accepted, and a poor secret makes no key."""

from hashlib import sha256

import pytest

from onlineticket.domain import keyring
from onlineticket.domain.keyring import KeyRing

NEW, OLD = "n" * 32, "ö" * 40


def test_a_key_is_the_sha_256_of_its_secret_and_found_by_its_id() -> None:
    ring = keyring.from_secret({"id": "1", "secret": NEW})
    assert ring == KeyRing("1", {"1": sha256(NEW.encode()).digest()})
    assert ring.find("1") == ring.current
    assert len(ring.current) == 32


def test_in_a_rotation_the_new_key_is_current_and_the_old_one_still_found() -> None:
    ring = keyring.from_secret(
        {"id": "2", "secret": NEW, "previous_id": "1", "previous_secret": OLD}
    )
    assert ring.current == sha256(NEW.encode()).digest()
    assert ring.find("1") == sha256(OLD.encode()).digest()
    assert ring.find("0") is None


def test_an_empty_previous_id_means_that_there_is_none() -> None:
    ring = keyring.from_secret({"id": "2", "secret": NEW, "previous_id": "", "previous_secret": ""})
    assert set(ring.keys) == {"2"}


@pytest.mark.parametrize(
    "secret",
    [
        {},
        {"id": "1"},
        {"secret": NEW},
        {"id": "", "secret": NEW},
        {"id": "1", "secret": ""},
        {"id": "1", "secret": NEW[:31]},
        {"id": "1", "secret": NEW, "previous_id": "0"},
        {"id": "1", "secret": NEW, "previous_id": "0", "previous_secret": OLD[:31]},
    ],
)
def test_a_missing_or_short_secret_is_refused_without_being_told(secret: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="32 or more characters") as refused:
        keyring.from_secret(secret)
    assert NEW[:31] not in str(refused.value)
    assert OLD[:31] not in str(refused.value)


def test_a_previous_key_never_takes_the_place_of_the_current_one() -> None:
    secret = {"id": "1", "secret": NEW, "previous_id": "1", "previous_secret": OLD}
    with pytest.raises(ValueError, match="one id"):
        keyring.from_secret(secret)


def test_a_new_key_is_used_only_when_every_process_has_read_it() -> None:
    secret = keyring.rotated({"id": "1", "secret": OLD}, NEW, 1000)
    just_now, later = (
        keyring.from_secret(secret, now) for now in (1000, 1000 + keyring.SPREAD)
    )  # fmt: skip
    assert (just_now.current_id, later.current_id) == ("1", "2")
    assert just_now.keys == later.keys
    assert keyring.from_secret(secret).current_id == "2"


def test_a_rotation_keeps_the_last_key_and_counts_to_seven() -> None:
    secret = {"id": "7", "secret": OLD, "previous_id": "6", "previous_secret": "x" * 32}
    assert keyring.rotated(secret, NEW, 1000) == {
        "id": "0", "secret": NEW, "previous_id": "7", "previous_secret": OLD, "rotated_at": "1000",
    }  # fmt: skip


@pytest.mark.parametrize("secret", [{"id": "a", "secret": "x" * 32}, {"id": "1", "secret": "x"}])
def test_what_is_no_ring_of_numbered_keys_is_not_rotated(secret: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"key ring|int\(\)"):
        keyring.rotated(secret, NEW, 1000)
