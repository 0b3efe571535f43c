"""A key ring in a store that may be away, and a clock that stands where the test puts it."""

import pytest

from onlineticket.domain.errors import Unavailable
from onlineticket.domain.keyring import KeyRing, from_secret
from onlineticket.rereading import MAX_AGE, MAX_STALE, PAUSE, SEEK_PAUSE, Rereading

FIRST = {"id": "1", "secret": "a" * 64}
ROTATED = {"id": "2", "secret": "b" * 64, "previous_id": "1", "previous_secret": "a" * 64}


class Store:
    def __init__(self) -> None:
        self.secret = FIRST
        self.fault: Exception | None = None
        self.reads = 0
        self.now = 1_800_000_000.0
        self.ring = Rereading(self._read, lambda: self.now)

    def _read(self, now: int) -> KeyRing:
        self.reads += 1
        if self.fault:
            raise self.fault
        return from_secret(self.secret, now)


def test_a_ring_is_read_on_first_use_and_once_a_minute() -> None:
    store = Store()
    assert store.reads == 0
    store.ring.get()
    store.now += MAX_AGE - 1
    store.ring.get()
    assert store.reads == 1
    store.secret = ROTATED
    store.now += 1
    assert store.ring.get().current_id == "2"
    assert store.reads == 2


def test_an_unknown_key_has_the_ring_read_at_once_but_not_at_will() -> None:
    store = Store()
    store.ring.get()
    store.secret = ROTATED
    ring = store.ring.get()
    assert ring.find("2") is not None
    for _ in range(100):
        assert ring.find("7") is None
    assert store.reads == 2
    store.now += SEEK_PAUSE
    assert ring.find("7") is None
    assert store.reads == 3


def test_a_known_key_costs_no_reading() -> None:
    store = Store()
    for _ in range(3):
        assert store.ring.get().find("1") is not None
    assert store.reads == 1


def test_a_store_that_is_away_leaves_the_ring_in_use_and_is_not_asked_each_time() -> None:
    store = Store()
    store.ring.get()
    store.fault = Unavailable("SECRETS_UNAVAILABLE", "away")
    store.now += MAX_AGE
    for _ in range(10):
        assert store.ring.get().current_id == "1"
    assert store.reads == 2
    store.now += PAUSE
    store.fault, store.secret = None, ROTATED
    assert store.ring.get().current_id == "2"


def test_a_slip_in_the_secret_leaves_the_ring_in_use() -> None:
    store = Store()
    store.ring.get()
    store.secret = {"id": "2", "secret": "short"}
    store.now += MAX_AGE
    assert store.ring.get().current_id == "1"


def test_a_key_can_not_be_called_unknown_while_the_store_is_away() -> None:
    store = Store()
    store.ring.get()
    store.fault = Unavailable("SECRETS_UNAVAILABLE", "away")
    with pytest.raises(Unavailable):
        store.ring.get().find("2")
    assert store.ring.get().find("1") is not None


@pytest.mark.parametrize("fault", [Unavailable("SECRETS_UNAVAILABLE", "away"), ValueError("no")])
def test_without_a_ring_a_fault_is_a_fault(fault: Exception) -> None:
    store = Store()
    store.fault = fault
    with pytest.raises(type(fault)):
        store.ring.get()


def test_a_ring_that_can_not_be_read_again_serves_for_an_hour() -> None:
    store = Store()
    store.ring.get()
    store.fault = Unavailable("SECRETS_UNAVAILABLE", "away")
    store.now += MAX_STALE
    store.ring.get()
    store.now += PAUSE + 1
    with pytest.raises(Unavailable):
        store.ring.get()


def test_a_clock_that_was_put_back_makes_a_ring_old() -> None:
    store = Store()
    store.ring.get()
    store.now -= 86_400
    store.ring.get()
    assert store.reads == 2
