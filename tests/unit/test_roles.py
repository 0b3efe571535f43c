"""Roles: what the database and the chain make of a wallet, and who may act as an organizer."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from onlineticket.domain import roles
from onlineticket.domain.errors import OnlineTicketError, Unavailable
from onlineticket.domain.roles import Standing
from onlineticket.domain.session import Role, Session
from onlineticket.domain.suite import Suite
from onlineticket.domain.types import EventId, WalletAddress
from onlineticket.usecases import authorize_organizer
from onlineticket.usecases.authorize_organizer import Authority
from onlineticket.usecases.read_standing import read_standing
from tests.at_the_door import ALICE, BOB, EVENT, NOW, SUITE

NOBODY, AUTHORIZED, OWNER = Standing(False, False), Standing(False, True), Standing(True, False)


@pytest.mark.parametrize(
    ("stored", "standing", "role"),
    [
        ("user", None, "user"),
        ("user", NOBODY, "user"),
        ("user", AUTHORIZED, "organizer"),
        ("user", OWNER, "admin"),
        ("organizer", NOBODY, "organizer"),
        ("organizer", None, "organizer"),
        ("organizer", OWNER, "admin"),
        ("admin", NOBODY, "admin"),
        ("admin", None, "admin"),
        ("admin", AUTHORIZED, "admin"),
    ],
)
def test_the_higher_of_both_roles_is_shown(
    stored: Role, standing: Standing | None, role: Role
) -> None:
    assert roles.effective(stored, standing) == role


def authority(
    organizer: WalletAddress | None = ALICE,
    stored: Role = "user",
    standing: Standing | None = NOBODY,
) -> Authority:
    """`standing` None: the node is away."""

    def ask(_: WalletAddress) -> Standing:
        if standing is None:
            raise Unavailable("RPC_UNAVAILABLE", "away")
        return standing

    return Authority(lambda _: organizer, lambda _: stored, ask)


def outcome(rule: Callable[[], None]) -> str:
    try:
        rule()
    except OnlineTicketError as error:
        return error.code
    return "ok"


def reading(caller: WalletAddress, **known: Any) -> str:
    session = Session(caller, "user")
    return outcome(
        lambda: authorize_organizer.require_organizer_of(
            session, EventId(EVENT), authority=authority(**known)
        )
    )


def writing(caller: WalletAddress, **known: Any) -> str:
    session = Session(caller, "user")
    return outcome(
        lambda: authorize_organizer.require_writing_organizer_of(
            session, EventId(EVENT), authority=authority(**known)
        )
    )


@pytest.mark.parametrize(
    ("caller", "known", "to_read", "to_write"),
    [
        (ALICE, {"standing": AUTHORIZED}, "ok", "ok"),
        (ALICE, {"standing": NOBODY}, "ok", "ORGANIZER_NOT_AUTHORIZED"),
        (ALICE, {"standing": NOBODY, "stored": "organizer"}, "ok", "ORGANIZER_NOT_AUTHORIZED"),
        (ALICE, {"standing": None}, "ok", "RPC_UNAVAILABLE"),
        (ALICE, {"standing": None, "stored": "admin"}, "ok", "ok"),
        (ALICE, {"standing": OWNER}, "ok", "ok"),
        (BOB, {"standing": AUTHORIZED}, "NOT_THE_ORGANIZER", "NOT_THE_ORGANIZER"),
        (BOB, {"stored": "organizer"}, "NOT_THE_ORGANIZER", "NOT_THE_ORGANIZER"),
        (BOB, {"standing": OWNER}, "ok", "ok"),
        (BOB, {"standing": NOBODY, "stored": "admin"}, "ok", "ok"),
        (BOB, {"standing": None, "stored": "admin"}, "ok", "ok"),
        (BOB, {"standing": None}, "RPC_UNAVAILABLE", "RPC_UNAVAILABLE"),
        (ALICE, {"organizer": None}, "EVENT_NOT_FOUND", "EVENT_NOT_FOUND"),
        (BOB, {"organizer": None, "stored": "admin"}, "EVENT_NOT_FOUND", "EVENT_NOT_FOUND"),
    ],
)
def test_an_organizer_acts_on_its_own_events_and_writes_only_with_the_chains_leave(
    caller: WalletAddress, known: dict[str, Any], to_read: str, to_write: str
) -> None:
    assert (reading(caller, **known), writing(caller, **known)) == (to_read, to_write)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"standing": AUTHORIZED}, "NOT_AN_ADMIN"),
        ({"stored": "organizer"}, "NOT_AN_ADMIN"),
        ({"standing": OWNER}, "ok"),
        ({"stored": "admin", "standing": None}, "ok"),
        ({"standing": None}, "RPC_UNAVAILABLE"),
    ],
)
def test_an_admin_is_one_of_ours_or_the_owner_of_the_contracts(
    known: dict[str, Any], expected: str
) -> None:
    caller = Session(BOB, "admin")  # what the token says of old does not count
    assert expected == outcome(
        lambda: authorize_organizer.require_admin(caller, authority=authority(**known))
    )


@dataclass
class Memory:
    kept: dict[str, tuple[Any, int]] = field(default_factory=dict)

    def find(self, key: str, *, now: int) -> Any | None:
        value, expires_at = self.kept.get(key, (None, 0))
        return value if now < expires_at else None

    def keep(self, key: str, value: Any, *, now: int, expires_at: int) -> None:
        self.kept[key] = value, expires_at


@dataclass
class Chain:
    standing: Standing
    asked: int = 0

    def ask(self, _: WalletAddress) -> Standing:
        self.asked += 1
        return self.standing


def read(cache: Memory, chain: Chain, now: int, suite: Suite = SUITE) -> Standing:
    return read_standing(ALICE, suite=suite, now=now, cache=cache, ask=chain.ask)


def test_the_chains_yes_is_believed_for_300_seconds_and_no_longer() -> None:
    cache, chain = Memory(), Chain(AUTHORIZED)
    assert read(cache, chain, NOW) == AUTHORIZED
    chain.standing = NOBODY
    assert read(cache, chain, NOW + 299) == AUTHORIZED
    assert chain.asked == 1
    assert read(cache, chain, NOW + 300) == NOBODY


def test_its_no_is_believed_for_15() -> None:
    cache, chain = Memory(), Chain(NOBODY)
    assert read(cache, chain, NOW) == NOBODY
    chain.standing = AUTHORIZED
    assert read(cache, chain, NOW + 14) == NOBODY
    assert read(cache, chain, NOW + 15) == AUTHORIZED


@pytest.mark.parametrize("junk", [None, [], [True], "admin", {"is_owner": True}, ["x", "y"], 1])
def test_what_is_no_standing_of_ours_makes_nobody_an_admin(junk: Any) -> None:
    cache, chain = Memory(), Chain(NOBODY)
    read(cache, chain, NOW)
    [key] = cache.kept
    cache.kept[key] = junk, NOW + 300
    assert read(cache, chain, NOW) == NOBODY
    assert chain.asked == 2
