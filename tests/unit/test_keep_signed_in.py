"""Refresh, log out and end sessions, with a store in memory. The real store: test_session_races."""

from dataclasses import replace

import pytest

from onlineticket.domain import refresh_token
from onlineticket.domain.errors import OnlineTicketError, TooMany, Unavailable
from onlineticket.domain.keyring import KeyRing, from_secret
from onlineticket.domain.refresh_token import Family
from onlineticket.domain.session import Role, Session
from onlineticket.domain.types import WalletAddress
from onlineticket.usecases import keep_signed_in
from onlineticket.usecases.sign_in import SignedIn

NOW = 1_800_000_000
DAY = 86_400
ALICE, BOB = WalletAddress("0x" + "a1" * 20), WalletAddress("0x" + "b0" * 20)
OLD = {"id": "1", "secret": "a" * 64}
KEYS = from_secret(OLD)
ROTATED = from_secret(
    {"id": "2", "secret": "b" * 64, "previous_id": "1", "previous_secret": OLD["secret"]}
)


class Store:
    """As dynamo/sessions.py, without DynamoDB."""

    def __init__(self) -> None:
        self.families: dict[str, Family] = {}
        self.roles: dict[WalletAddress, Role] = {}
        self.spent: list[WalletAddress] = []
        self.database_is_down = False
        self.answers_are_lost = False
        self.limit_is_used_up = False

    def begin(self, wallet: WalletAddress = ALICE, number: int = 1, now: int = NOW) -> str:
        family, text = refresh_token.begin(f"{number:032x}", wallet, KEYS, seed="5e" * 32, now=now)
        self.families[family.session_id] = family
        return text

    def refresh(self, text: str, now: int = NOW, keys: KeyRing = KEYS) -> SignedIn:
        return keep_signed_in.refresh(
            text, keys=keys, now=now, find_family=self.families.get, spend=self._spend,
            find_role=self._role, rotate=self.rotate, revoke=self.revoke,
        )  # fmt: skip

    def log_out(self, text: str, now: int = NOW) -> None:
        keep_signed_in.log_out(
            text, keys=KEYS, now=now, find_family=self.families.get, revoke=self.revoke
        )

    def end(self, caller: Session, session_id: str, now: int = NOW) -> None:
        keep_signed_in.end_session(
            caller, session_id, now=now, find_family=self.families.get, revoke=self.revoke
        )

    def list(self, caller: Session, now: int = NOW) -> list[Family]:
        return keep_signed_in.sessions_of(
            caller, now=now, find_family=self.families.get,
            families_of=lambda wallet, now: [
                each for each in self.families.values()
                if each.wallet == wallet and each.is_alive(now)
            ],
        )  # fmt: skip

    def rotate(
        self, session_id: str, *, token_hash: str, successor_hash: str, key_id: str, now: int
    ) -> Family | None:
        standing = self.families[session_id]
        if standing.token_hash != token_hash or not standing.is_alive(now):
            return standing
        self.families[session_id] = replace(
            standing, token_hash=successor_hash, previous_hash=token_hash, key_id=key_id,
            used_at=now, expires_at=now + 30 * DAY, generation=standing.generation + 1,
        )  # fmt: skip
        if self.answers_are_lost:
            raise Unavailable("DYNAMODB_UNAVAILABLE", "away")
        return None

    def revoke(self, session_id: str, wallet: WalletAddress, now: int) -> bool:
        family = self.families.get(session_id)
        if family is None or family.wallet != wallet:
            return False
        self.families[session_id] = replace(family, revoked_at=family.revoked_at or now)
        return True

    def _spend(self, wallet: WalletAddress) -> None:
        if self.limit_is_used_up:
            raise TooMany("TOO_MANY_REQUESTS", "wait")
        self.spent.append(wallet)

    def _role(self, wallet: WalletAddress) -> Role:
        if self.database_is_down:
            raise Unavailable("DATABASE_UNAVAILABLE", "away")
        return self.roles.get(wallet, "user")


def refusal_of(store: Store, text: str, now: int = NOW, keys: KeyRing = KEYS) -> str:
    try:
        store.refresh(text, now, keys)
    except OnlineTicketError as refusal:
        return refusal.code
    return "ok"


def test_a_refresh_gives_a_new_token_and_the_role_of_now() -> None:
    store = Store()
    first = store.begin()
    store.roles[ALICE] = "organizer"
    given = store.refresh(first, NOW + DAY)
    assert given.session == Session(ALICE, "organizer", f"{1:032x}")
    assert given.refresh_token != first
    assert given.refresh_expires_at == NOW + 31 * DAY
    assert store.spent == [ALICE]
    assert store.refresh(given.refresh_token, NOW + 2 * DAY).session.wallet == ALICE


def test_a_repeated_refresh_gets_the_same_successor_for_30_seconds() -> None:
    store = Store()
    first = store.begin()
    given = store.refresh(first)
    for later in (0, 1, 30):
        again = store.refresh(first, NOW + later)
        assert again.refresh_token == given.refresh_token
        assert again.refresh_expires_at == given.refresh_expires_at
    assert refusal_of(store, first, NOW + 31) == "REFRESH_TOKEN_REUSED"
    assert refusal_of(store, given.refresh_token, NOW + 31) == "SESSION_REVOKED"


def test_a_stolen_token_ends_its_session_though_the_limit_is_used_up() -> None:
    store = Store()
    first = store.begin()
    store.refresh(first)
    store.limit_is_used_up = True
    assert refusal_of(store, first, NOW + 30) == "TOO_MANY_REQUESTS"
    assert refusal_of(store, first, NOW + 31) == "REFRESH_TOKEN_REUSED"
    assert store.families[f"{1:032x}"].revoked_at == NOW + 31


def test_the_grace_ends_when_the_successor_is_used() -> None:
    store = Store()
    first = store.begin()
    second = store.refresh(first).refresh_token
    third = store.refresh(second, NOW + 1).refresh_token
    assert refusal_of(store, first, NOW + 2) == "REFRESH_TOKEN_REUSED"
    for token in (second, third):
        assert refusal_of(store, token, NOW + 2) == "SESSION_REVOKED"


def test_a_write_whose_answer_was_lost_costs_nothing() -> None:
    store = Store()
    first = store.begin()
    store.answers_are_lost = True
    assert refusal_of(store, first) == "DYNAMODB_UNAVAILABLE"
    store.answers_are_lost = False
    successor = store.refresh(first, NOW + 5).refresh_token
    assert store.refresh(successor, NOW + 60).session.wallet == ALICE


def test_a_dead_database_costs_no_token() -> None:
    store = Store()
    first = store.begin()
    store.database_is_down = True
    assert refusal_of(store, first) == "DATABASE_UNAVAILABLE"
    store.database_is_down = False
    assert store.refresh(first, NOW + 3_600).session.wallet == ALICE


def test_a_session_outlives_the_rotation_of_the_keys() -> None:
    store = Store()
    first = store.begin()
    second = store.refresh(first, NOW, ROTATED).refresh_token
    assert ".2." in second
    assert store.refresh(first, NOW + 5, ROTATED).refresh_token == second
    only_new = from_secret({"id": "3", "secret": "c" * 64})
    assert store.refresh(second, NOW + DAY, only_new).session.wallet == ALICE


def test_the_grace_waits_for_a_process_that_does_not_know_the_key_yet() -> None:
    store = Store()
    first = store.begin()
    store.refresh(first, NOW, ROTATED)
    assert refusal_of(store, first, NOW + 1, KEYS) == "KEY_NOT_YET_KNOWN"
    assert store.families[f"{1:032x}"].revoked_at is None


def test_a_forged_token_ends_no_session() -> None:
    store = Store()
    first = store.begin()
    forged = refresh_token.make(f"{1:032x}", 7, from_secret(OLD | {"secret": "x" * 64}), "1", "")
    assert refusal_of(store, forged) == "REFRESH_TOKEN_INVALID"
    with pytest.raises(OnlineTicketError) as refusal:
        store.log_out(forged)
    assert refusal.value.code == "REFRESH_TOKEN_INVALID"
    assert refusal_of(store, first) == "ok"


def test_a_token_of_a_session_long_forgotten_is_over() -> None:
    store = Store()
    text = store.begin()
    store.families.clear()
    assert refusal_of(store, text) == "SESSION_EXPIRED"


@pytest.mark.parametrize("days", [30, 400])
def test_an_unused_token_expires_after_30_days(days: int) -> None:
    store = Store()
    assert refusal_of(store, store.begin(), NOW + days * DAY) == "SESSION_EXPIRED"


def test_no_session_lives_for_more_than_90_days() -> None:
    store = Store()
    token = store.begin()
    for day in (29, 58, 87):
        given = store.refresh(token, NOW + day * DAY)
        token = given.refresh_token
    assert given.refresh_expires_at == NOW + 90 * DAY
    assert refusal_of(store, token, NOW + 90 * DAY) == "SESSION_EXPIRED"


def test_a_log_out_ends_the_session_by_any_of_its_tokens() -> None:
    store = Store()
    first = store.begin()
    second = store.refresh(first).refresh_token
    store.log_out(first)
    assert refusal_of(store, second) == "SESSION_REVOKED"
    store.log_out(second)


def test_a_revocation_at_the_moment_of_a_refresh_wins() -> None:
    store = Store()
    first = store.begin()
    rotate = store.rotate

    def late(session_id: str, **how: object) -> Family | None:
        store.revoke(session_id, ALICE, NOW)
        return rotate(session_id, **how)  # type: ignore[arg-type]

    store.rotate = late  # type: ignore[method-assign]
    assert refusal_of(store, first) == "SESSION_REVOKED"


def test_one_sees_and_ends_ones_own_sessions_only() -> None:
    store = Store()
    store.begin(number=1)
    second = store.begin(number=2)
    theirs = store.begin(BOB, number=3)
    caller = Session(ALICE, "user", f"{1:032x}")
    assert {each.session_id for each in store.list(caller)} == {f"{1:032x}", f"{2:032x}"}
    store.end(caller, f"{2:032x}")
    assert refusal_of(store, second) == "SESSION_REVOKED"
    for other in (f"{3:032x}", f"{4:032x}"):
        with pytest.raises(OnlineTicketError) as refusal:
            store.end(caller, other)
        assert refusal.value.code == "SESSION_NOT_FOUND"
    assert refusal_of(store, theirs) == "ok"


def test_the_access_token_of_an_ended_session_ends_no_other() -> None:
    store = Store()
    store.begin(number=1)
    second = store.begin(number=2)
    caller = Session(ALICE, "user", f"{1:032x}")
    store.end(caller, f"{1:032x}")
    for caller_, code in (
        (caller, "SESSION_REVOKED"),
        (Session(ALICE, "user", None), "SESSION_EXPIRED"),
        (Session(ALICE, "user", f"{9:032x}"), "SESSION_EXPIRED"),
    ):
        with pytest.raises(OnlineTicketError) as refusal:
            store.end(caller_, f"{2:032x}")
        assert refusal.value.code == code
        with pytest.raises(OnlineTicketError):
            store.list(caller_)
    assert refusal_of(store, second) == "ok"
