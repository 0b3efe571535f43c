"""A hundred at once, lined up before the write that decides, on a server that really races."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest

from onlineticket import settings
from onlineticket.chain import signatures
from onlineticket.domain import refresh_token
from onlineticket.domain.errors import OnlineTicketError
from onlineticket.domain.keyring import from_secret
from onlineticket.domain.rate_limit import Bucket
from onlineticket.domain.refresh_token import Family
from onlineticket.dynamo import rate_limits, sessions
from onlineticket.usecases import keep_signed_in, sign_in
from tests.signing_in import TERMS, WALLET, sign

RACERS = 100
NOW = 1_800_000_000
KEYS = from_secret({"id": "1", "secret": "a" * 64})
SESSION = "0123456789abcdef" * 2


class Store:
    """The table on ministack; `rotate` waits for all racers when a barrier is set."""

    def __init__(self, client: Any) -> None:
        self.place = client, settings.required("SESSIONS_TABLE")
        self.at_the_write: Barrier | None = None

    def begin(self) -> str:
        family, text = refresh_token.begin(SESSION, WALLET, KEYS, seed="5e", now=NOW)
        sessions.keep_challenge(*self.place, SESSION, "digest", NOW + 300)
        assert sessions.begin(*self.place, "digest", family)
        return text

    def refresh(self, text: str, now: int = NOW) -> str:
        return keep_signed_in.refresh(
            text, keys=KEYS, now=now, find_family=self.find, spend=lambda wallet: None,
            find_role=lambda wallet: "user", rotate=self._rotate,
            revoke=partial(sessions.revoke, *self.place),
        ).refresh_token  # fmt: skip

    def find(self, session_id: str) -> Family | None:
        return sessions.find(*self.place, session_id)

    def _rotate(self, session_id: str, **how: Any) -> Family | None:
        if self.at_the_write:
            self.at_the_write.wait()
        return sessions.rotate(*self.place, session_id, **how)


@pytest.fixture
def store(ministack_dynamodb: Any) -> Store:
    return Store(ministack_dynamodb)


def race(run: Callable[[int], str]) -> Counter[str]:
    """What each racer got: a value, or the code it was refused with."""

    def one(number: int) -> str:
        try:
            return run(number)
        except OnlineTicketError as refusal:
            return refusal.code

    with ThreadPoolExecutor(RACERS) as pool:
        return Counter(pool.map(one, range(RACERS)))


def test_of_100_verifies_of_one_challenge_one_begins_a_session(store: Store) -> None:
    given = sign_in.challenge(
        WALLET, 31337, terms=TERMS, now=NOW,
        keep_challenge=partial(sessions.keep_challenge, *store.place),
    )  # fmt: skip
    signature, at_the_write = sign(given.message), Barrier(RACERS)

    def begin(digest: str, family: Family) -> bool:
        at_the_write.wait()
        return sessions.begin(*store.place, digest, family)

    def verify(_: int) -> str:
        signed_in = sign_in.verify(
            given.message, signature, terms=TERMS, keys=KEYS, now=NOW, read=signatures.read,
            spend=lambda wallet: None, is_signed_by=signatures.is_signed_by,
            enrol=lambda wallet, now: "user", begin=begin,
        )  # fmt: skip
        return signed_in.refresh_token

    outcomes = race(verify)
    assert outcomes.pop("NONCE_UNKNOWN") == RACERS - 1
    [(token, once)] = outcomes.items()
    assert once == 1
    [family] = sessions.of_wallet(*store.place, WALLET, NOW)
    assert family.token_hash == refresh_token.digest(token)
    assert family.session_id == given.nonce


def test_of_100_refreshes_of_one_token_all_get_the_one_successor(store: Store) -> None:
    first = store.begin()
    store.at_the_write = Barrier(RACERS)
    outcomes = race(lambda _: store.refresh(first))
    [(successor, times)] = outcomes.items()
    assert times == RACERS
    store.at_the_write = None
    family = store.find(SESSION)
    assert family is not None
    assert (family.generation, family.token_hash) == (1, refresh_token.digest(successor))
    # No other live token: the first is dead as soon as the successor is used.
    store.refresh(successor, NOW + 1)
    with pytest.raises(OnlineTicketError) as refusal:
        store.refresh(first, NOW + 2)
    assert refusal.value.code == "REFRESH_TOKEN_REUSED"


def test_a_stolen_token_among_100_refreshes_leaves_no_live_token(store: Store) -> None:
    """Half of them come with the token in force, half with one that was used long ago."""
    old = store.begin()
    current = store.refresh(old)
    outcomes = race(lambda number: store.refresh((old, current)[number % 2], NOW + 31))
    stolen = outcomes.pop("REFRESH_TOKEN_REUSED")
    revoked = outcomes.pop("SESSION_REVOKED", 0)
    assert stolen >= 1
    assert sum(outcomes.values()) == RACERS - stolen - revoked <= RACERS // 2
    family = store.find(SESSION)
    assert family is not None
    assert family.revoked_at == NOW + 31
    for token in {old, current, *outcomes}:
        with pytest.raises(OnlineTicketError) as refusal:
            store.refresh(token, NOW + 32)
        assert refusal.value.code == "SESSION_REVOKED"


def test_of_100_takes_from_a_bucket_of_30_exactly_30_are_granted(ministack_dynamodb: Any) -> None:
    place = ministack_dynamodb, settings.required("RATE_LIMITS_TABLE")
    bucket, at_the_write = Bucket("wallet", 30, 60), Barrier(RACERS)

    def take(now_ms: int) -> str:
        at_the_write.wait()
        return str(rate_limits.take(*place, bucket, WALLET, now_ms).granted)

    assert race(lambda _: take(NOW * 1000)) == {"True": 30, "False": 70}
    assert race(lambda _: take(NOW * 1000 + 10_000)) == {"True": 5, "False": 95}
