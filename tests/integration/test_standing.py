"""What the chain says of a wallet: a real EventManager, real caches, a clock of our own."""

from dataclasses import replace
from typing import Any

import pytest

from infra.local.blocks import call, mine
from infra.local.wallets import ARIA, NOAH, PLATFORM
from onlineticket import access, resources
from onlineticket.chain import standing
from onlineticket.chain.rpc import Node
from onlineticket.domain.errors import Forbidden, Unavailable
from onlineticket.domain.roles import Standing
from onlineticket.domain.session import Session
from onlineticket.domain.suite import Suite
from onlineticket.domain.types import WalletAddress
from onlineticket.usecases import authorize_organizer
from tests.at_the_door import NOW

WALLET = WalletAddress(ARIA.address)
NOBODY, AUTHORIZED = Standing(False, False), Standing(False, True)
NOWHERE = "http://127.0.0.1:1"


def authorize(suite: Suite, url: str, yes: bool) -> None:
    signature = "authorizeOrganizer(address,bool)"
    mine(Node(url), [call(PLATFORM.address, suite.event_manager, signature, WALLET, yes)])


def test_the_contract_is_read_as_it_is_now(suite: Suite, anvil: str) -> None:
    def read(wallet: str) -> Standing:
        return standing.read(Node(anvil), suite.event_manager, WalletAddress(wallet))

    assert read(PLATFORM.address).is_owner
    assert read(WALLET) == read(NOAH.address) == NOBODY
    authorize(suite, anvil, True)
    assert (read(WALLET), read(NOAH.address)) == (AUTHORIZED, NOBODY)
    authorize(suite, anvil, False)
    assert read(WALLET) == NOBODY


def test_an_authorization_taken_away_on_chain_ends_here_within_300_seconds(
    suite: Suite, anvil: str, dynamodb: Any
) -> None:
    authorize(suite, anvil, True)
    assert access.standing(WALLET, now=NOW) == AUTHORIZED
    authorize(suite, anvil, False)
    resources.forget()  # another process, which has only the table
    assert access.standing(WALLET, now=NOW + 299) == AUTHORIZED
    assert access.standing(WALLET, now=NOW + 300) == NOBODY
    resources.forget()
    assert access.standing(WALLET, now=NOW + 300) == NOBODY


def test_a_new_organizer_waits_for_15_seconds_at_most(
    suite: Suite, anvil: str, dynamodb: Any
) -> None:
    assert access.standing(WALLET, now=NOW) == NOBODY
    authorize(suite, anvil, True)
    assert access.standing(WALLET, now=NOW + 15) == AUTHORIZED


def test_without_the_chain_a_fresh_answer_serves_and_a_stale_one_does_not(
    suite: Suite, anvil: str, dynamodb: Any, conn: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    authorize(suite, anvil, True)
    access.standing(WALLET, now=NOW)
    monkeypatch.setenv("RPC_URL", NOWHERE)
    resources.forget()
    caller = Session(WALLET, "organizer")
    authorize_organizer.require_organizer(caller, authority=access.authority(NOW + 299))
    with pytest.raises(Unavailable) as away:
        authorize_organizer.require_organizer(caller, authority=access.authority(NOW + 300))
    assert away.value.code == "RPC_UNAVAILABLE"


def test_a_node_that_is_away_is_not_waited_for_again_and_again_for_what_is_only_shown(
    suite: Suite, anvil: str, dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    authorize(suite, anvil, True)
    owner = WalletAddress(PLATFORM.address)
    access.standing(owner, now=NOW)
    monkeypatch.setenv("RPC_URL", NOWHERE)
    resources.forget()
    assert access.known_standing(WALLET, now=NOW) is None
    monkeypatch.setenv("RPC_URL", anvil)
    resources.forget()
    assert access.known_standing(WALLET, now=NOW + 9) is None  # it is back, but we did not ask
    assert access.known_standing(owner, now=NOW + 9) == Standing(True, False)  # and this we know
    assert access.standing(WALLET, now=NOW + 9) == AUTHORIZED  # who must know asks
    assert access.known_standing(WALLET, now=NOW + 9) == AUTHORIZED


def test_without_the_cache_the_chain_is_asked(
    suite: Suite, anvil: str, dynamodb: Any, conn: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", NOWHERE)
    resources.forget()
    caller = Session(WALLET, "organizer")
    with pytest.raises(Forbidden):
        authorize_organizer.require_organizer(caller, authority=access.authority(NOW))
    authorize(suite, anvil, True)
    authorize_organizer.require_organizer(caller, authority=access.authority(NOW + 15))


def test_an_address_without_the_contract_says_nothing_about_a_wallet(
    suite: Suite, anvil: str
) -> None:
    node = Node(anvil, attempts=2, base_delay=0.01)
    elsewhere = replace(suite, event_manager=WalletAddress(NOAH.address))
    for contract in (elsewhere.event_manager, suite.ticket_manager):
        with pytest.raises(Unavailable):
            standing.read(node, contract, WALLET)
