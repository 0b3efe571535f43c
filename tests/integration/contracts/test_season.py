"""The season: it plays on a chain of today and on one that began in the past."""

import time

import pytest

from infra.local import chain, contracts, season
from infra.local.run import Run
from infra.local.season import PAST_SECONDS, Season
from infra.local.stage import CANCELLED, DAY, HOUR, ONSALE, PRESALE, PUBLISHED, SETTLED
from onlineticket.chain.rpc import Node
from onlineticket.domain import suite as suites
from tests.integration.contracts.theatre import Theatre

DRAFT, SOLD_OUT = 0, 4


@pytest.fixture(scope="module")
def old_node(services: Run) -> str:
    """A node whose chain began before the season's past."""
    return chain.start(services, "--timestamp", str(int(time.time()) - PAST_SECONDS - DAY))


@pytest.fixture(scope="module")
def played(old_node: str) -> tuple[Season, Theatre]:
    text = contracts.deploy(old_node)
    played = season.play(old_node, text)
    return played, Theatre(Node(old_node), suites.parse(text), now=int(time.time()))


def test_a_season_on_a_chain_of_today_lacks_last_month_only(
    anvil: str, contracts_file: str, played: tuple[Season, Theatre]
) -> None:
    today = season.play(anvil, contracts_file)
    assert played[0].events.keys() - today.events.keys() == {"winter"}
    assert today.events.keys() <= played[0].events.keys()
    assert len(today.token_ids) == len(played[0].token_ids) - 5


def test_seasons_are_the_same_each_time(anvil: str, contracts_file: str) -> None:
    node = Node(anvil)
    snapshot = node.call("evm_snapshot")
    first = season.play(anvil, contracts_file)
    node.call("evm_revert", [snapshot])
    assert season.play(anvil, contracts_file) == first


def test_a_node_mines_as_before_when_the_season_is_over(old_node: str, played: object) -> None:
    node = Node(old_node)
    assert node.call("anvil_getAutomine") is True
    head = node.call("eth_getBlockByNumber", ["latest", False])
    node.call("evm_mine")
    later = node.call("eth_getBlockByNumber", ["latest", False])
    assert int(later["number"], 16) == int(head["number"], 16) + 1
    assert abs(int(later["timestamp"], 16) - time.time()) < 10


def test_the_demos_ticket_is_its_holders_and_its_doors_are_open(
    played: tuple[Season, Theatre],
) -> None:
    season, theatre = played
    ticket = theatre.ask("TicketManager", "getTicketInfo", season.demo_token_id)
    assert (ticket["eventId"], ticket["status"]) == (season.demo_event_id, 0)
    assert theatre.ask("TicketManager", "ownerOf", season.demo_token_id) == season.holder
    event = theatre.ask("EventManager", "getEventInfo", season.demo_event_id)
    assert event["startTime"] - 3 * HOUR < theatre.now < event["endTime"] + 2 * HOUR


def test_events_are_left_in_the_states_they_are_named_for(played: tuple[Season, Theatre]) -> None:
    season, theatre = played
    events = {
        name: theatre.ask("EventManager", "getEventInfo", event_id)
        for name, event_id in season.events.items()
    }
    assert {name: event["status"] for name, event in events.items()} == {
        "winter": SETTLED, "door": ONSALE, "mountains": PRESALE, "draft": DRAFT,
        "called_off": CANCELLED, "renamed": PUBLISHED, "upside_down": ONSALE,
        "sold_out": SOLD_OUT, "sold_out_in_eth": ONSALE, "suspended": ONSALE, "endless": ONSALE,
    }  # fmt: skip
    assert {name for name, event in events.items() if not event["isApproved"]} == {
        "draft", "suspended",
    }  # fmt: skip
    assert events["renamed"]["name"].startswith("爵士之夜")
    assert events["upside_down"]["endTime"] < events["upside_down"]["startTime"]
    sold = theatre.ask("EventManager", "getTicketTypeInfo", season.events["sold_out_in_eth"], 0)
    assert sold["sold"] == sold["totalSupply"]


def test_listings_are_left_in_the_states_they_are_named_for(played: tuple[Season, Theatre]) -> None:
    season, theatre = played
    listings = {
        name: theatre.ask("Marketplace", "getListingInfo", listing_id)
        for name, listing_id in season.listings.items()
    }
    active, sold, cancelled, expired = range(4)
    assert {name: listing["status"] for name, listing in listings.items()} == {
        "cleaned_up": expired, "expired_in_escrow": active, "revived": sold, "in_both": active,
        "in_eth": active, "updated": active, "cancelled": cancelled, "sold_in_token": sold,
        "sold_in_eth": sold, "blocked": active, "sold_to_contract": sold, "relisted": active,
    }  # fmt: skip
    over = {name for name, each in listings.items() if each["expiresAt"] < theatre.now}
    assert over == {"cleaned_up", "expired_in_escrow", "revived", "cancelled"}


def test_tickets_are_left_in_the_states_they_are_named_for(played: tuple[Season, Theatre]) -> None:
    season, theatre = played
    statuses = {
        name: theatre.ask("TicketManager", "getTicketInfo", token_id)["status"]
        for name, token_id in season.tickets.items()
    }
    valid, used, revoked, expired = range(4)
    assert {name: status for name, status in statuses.items() if status != valid} == {
        "winter_admitted": used, "winter_missed": expired, "winter_stuck": expired, "used": used,
        "expired": expired, "revoked": revoked, "rained_off_1": revoked, "rained_off_2": revoked,
    }  # fmt: skip
    market = theatre.suite.marketplace
    escrowed = {
        name
        for name, token_id in season.tickets.items()
        if theatre.ask("TicketManager", "ownerOf", token_id) == market
    }
    assert escrowed == {
        "winter_stuck", "floor_1", "floor_2", "floor_3", "floor_5", "rained_off_1", "auctioned",
        "stranded",
    }  # fmt: skip
    for name in ("passed_on", "handed_on"):
        assert theatre.ask("TicketManager", "ownerOf", season.tickets[name]) == season.holder
    assert (
        theatre.ask("Marketplace", "auctions", season.auction_id)["tokenId"]
        == (season.tickets["auctioned"])
    )
