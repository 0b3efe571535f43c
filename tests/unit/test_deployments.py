"""Which address is in force where, and what a second Marketplace's ids become."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onlineticket.domain.chain_log import ChainLog, Chunk, DeadLetter, RawLog
from onlineticket.domain.deployments import MARKET_STRIDE, Deployment, Deployments, checked, merged
from onlineticket.domain.errors import Invalid

NAMES = ("EventManager", "TicketManager", "Marketplace", "TokenSwap", "PlatformToken")


def contract(name: str, address: str, from_block: int = 10, to_block: int | None = None) -> Any:
    made: Any = Deployment
    return made(name, address, from_block, to_block)


PLAIN = [contract(name, f"0x{place}") for place, name in enumerate(NAMES)]
EVENTS, TICKETS, MARKET, SWAP, TOKEN = (one.address for one in PLAIN)
SECOND = contract("Marketplace", "0xb", 50)
NEW_EVENTS = contract("EventManager", "0xe", 80)


def replaced(**to_blocks: int | None) -> list[Any]:
    """The plain five, some of them retired."""
    return [contract(one.name, one.address, 10, to_blocks.get(one.name)) for one in PLAIN]


# -- Bounds ---------------------------------------------------------------------------------------


@given(st.integers(0, 9), st.integers(0, 9) | st.none(), st.integers(0, 9), st.integers(0, 9))
def test_bounds_are_the_blocks_from_the_first_to_the_last_one(
    from_block: int, to_block: int | None, first: int, last: int
) -> None:
    one = contract("TokenSwap", "0x1", from_block, to_block)
    covered = [
        block
        for block in range(first, last + 1)
        if block >= from_block and (to_block is None or block <= to_block)
    ]
    if first <= last and (to_block is None or from_block <= to_block):
        assert one.is_in_force(first, last) == bool(covered)
        assert one.is_in_force_throughout(first, last) == (len(covered) == last - first + 1)


def test_a_node_is_asked_for_the_addresses_that_may_log_in_the_range() -> None:
    some = Deployments([*replaced(EventManager=79), NEW_EVENTS, SECOND])
    usual = {TICKETS: "TicketManager", MARKET: "Marketplace", SWAP: "TokenSwap"}
    assert some.asked_for(10, 49) == usual | {EVENTS: "EventManager"}
    assert some.asked_for(50, 79) == usual | {EVENTS: "EventManager", "0xb": "Marketplace"}
    assert some.asked_for(80, 99) == usual | {"0xe": "EventManager", "0xb": "Marketplace"}
    assert some.asked_for(79, 80).keys() == {*usual, EVENTS, "0xe", "0xb"}
    assert some.from_block == 10


def test_a_node_is_never_asked_for_no_address_which_would_mean_all_there_are() -> None:
    some = Deployments(PLAIN)
    assert some.asked_for(0, 9) == some.asked_for(10, 20) != {}


def test_the_token_whose_logs_mean_nothing_is_not_asked_for_and_starts_nothing() -> None:
    older = contract("PlatformToken", TOKEN, 1)
    some = Deployments([*PLAIN[:4], older])
    assert TOKEN not in some.asked_for(0, 99)
    assert some.from_block == 10


def test_the_address_in_force_is_the_newest_that_has_begun() -> None:
    some = Deployments([NEW_EVENTS, *replaced(EventManager=70)])
    places = {block: some.in_force("EventManager", block) for block in (0, 10, 70, 75, 80, 99)}
    assert places == {0: EVENTS, 10: EVENTS, 70: EVENTS, 75: EVENTS, 80: "0xe", 99: "0xe"}
    assert some.on_chain("EventManager", 7, 79) == (EVENTS, 7)
    assert some.on_chain("EventManager", 7, 80) == ("0xe", 7)


# -- Ids ------------------------------------------------------------------------------------------


def raw(address: str, name: str, block: int, index: int = 0) -> RawLog:
    return RawLog(block, f"0x{block}", 1, "0x", index, name, address, [], "0x")


def log(kind: str, *args: Any, block: int, index: int = 0) -> ChainLog:
    return ChainLog(block, index, kind, args, 1, "0x")


def chunk(pairs: list[tuple[RawLog, ChainLog]], first: int = 10, last: int = 99) -> Chunk:
    return Chunk(first, last, [], [one for one, _ in pairs], [one for _, one in pairs])


def test_a_second_marketplaces_listings_and_auctions_get_ids_of_our_own() -> None:
    some = Deployments([*PLAIN, SECOND])
    pairs = [
        (raw(MARKET, "Marketplace", 60), log("ListingCreated", 1, 5, block=60)),
        (raw("0xb", "Marketplace", 61), log("ListingCreated", 1, 6, block=61)),
        (raw("0xb", "Marketplace", 62), log("BidPlaced", 3, "0xa1", block=62)),
        (raw("0xb", "Marketplace", 63), log("BidBalanceDeposited", "0xa1", 4, block=63)),
        (raw(TICKETS, "TicketManager", 64), log("TicketMinted", 9, 1, block=64)),
    ]
    done = some.project(chunk(pairs))
    assert [one.args for one in done.logs] == [
        (1, 5), (MARKET_STRIDE + 1, 6), (MARKET_STRIDE + 3, "0xa1"), ("0xa1", 4), (9, 1),
    ]  # fmt: skip
    assert done.malformed == []
    assert some.with_our_ids(done.raw, [one for _, one in pairs]) == done.logs


@given(st.integers(0, MARKET_STRIDE - 1), st.integers(0, 2))
def test_an_id_of_ours_leads_back_to_its_marketplace_and_the_id_there(id_: int, place: int) -> None:
    addresses = [MARKET, "0xb", "0xc"]
    some = Deployments([*PLAIN, SECOND, contract("Marketplace", "0xc", 70)])
    source = raw(addresses[place], "Marketplace", 90)
    [made] = some.with_our_ids([source], [log("ListingCancelled", id_, block=90)])
    assert some.on_chain("Marketplace", made.args[0], 90) == (addresses[place], id_)


def test_an_id_that_would_be_taken_for_another_marketplaces_is_a_dead_letter() -> None:
    some = Deployments([*PLAIN, SECOND])
    source = raw(MARKET, "Marketplace", 60)
    done = some.project(chunk([(source, log("ListingCancelled", MARKET_STRIDE, block=60))]))
    assert done.logs == []
    assert done.malformed == [
        DeadLetter(source, f"an id of no Marketplace's count: {MARKET_STRIDE}")
    ]


@given(st.integers(0, 2**256 - 1))
def test_a_marketplace_on_its_own_keeps_every_id(id_: int) -> None:
    some = Deployments(PLAIN)
    logs = [log("ListingCancelled", id_, block=60)]
    assert some.with_our_ids([raw(MARKET, "Marketplace", 60)], logs) == logs
    assert some.on_chain("Marketplace", id_, 60) == (MARKET, id_)


def test_the_blocks_are_known_in_which_a_new_pool_takes_over() -> None:
    newer = contract("TokenSwap", "0x5a", 90)
    assert Deployments([newer, *replaced(TokenSwap=80)]).pool_starts == (90,)
    assert Deployments(PLAIN).pool_starts == ()


def test_escrow_is_with_any_marketplace_there_ever_was() -> None:
    some = Deployments([*replaced(Marketplace=60), SECOND])
    assert some.marketplaces == {MARKET, "0xb"}


# -- Logs out of bounds ---------------------------------------------------------------------------


def test_logs_of_an_address_out_of_its_bounds_are_not_projected() -> None:
    some = Deployments([*replaced(EventManager=79), NEW_EVENTS])
    places = [(EVENTS, 79), (EVENTS, 80), ("0xe", 79), ("0xe", 80), (SWAP, 81)]
    pairs = [
        (raw(address, "any", block, index), log("Swap", block=block, index=index))
        for index, (address, block) in enumerate(places)
    ]
    mixed = chunk(pairs, 70, 90)
    mixed.unlisted = list(mixed.raw)
    mixed.malformed = [DeadLetter(one, "") for one in mixed.raw]
    done = some.project(mixed)
    left = [(EVENTS, 79), ("0xe", 80), (SWAP, 81)]
    assert [(one.address, one.block_number) for one in done.raw] == left
    assert [one.block_number for one in done.logs] == [79, 80, 81]
    assert done.unlisted == done.raw == [letter.log for letter in done.malformed]
    assert some.within_bounds([one for one, _ in pairs]) == done.raw


def test_a_log_of_no_contract_of_the_suite_is_out_of_all_bounds() -> None:
    assert Deployments(PLAIN).within_bounds([raw("0x99", "Marketplace", 20)]) == []


# -- What can be one suite ------------------------------------------------------------------------


def refused(contracts: list[Any], registered: list[Any] | None = None) -> str:
    with pytest.raises(Invalid) as refusal:
        checked(contracts) if registered is None else merged(registered, contracts)
    assert refusal.value.code == "BAD_CONTRACTS_FILE"
    return str(refusal.value)


def test_marketplaces_may_be_in_force_side_by_side() -> None:
    assert checked([SECOND, *PLAIN]) == [*PLAIN, SECOND]


def test_no_other_contract_may() -> None:
    assert "EventManager 0x0 has no to_block below 80" in refused([*PLAIN, NEW_EVENTS])
    assert "no to_block below 80" in refused([*replaced(EventManager=80), NEW_EVENTS])
    assert checked([*replaced(EventManager=79), NEW_EVENTS])


def test_two_addresses_of_one_name_cannot_begin_in_one_block() -> None:
    assert "Marketplace has two addresses from block 10 on" in refused(
        [*PLAIN, contract("Marketplace", "0xb", 10)]
    )


def test_an_address_cannot_be_two_contracts() -> None:
    twice = contract("Marketplace", EVENTS, 50)
    assert "two contracts have one address" in refused([*PLAIN, twice])


def test_an_address_cannot_end_before_it_begins() -> None:
    assert "TokenSwap ends before it begins" in refused(replaced(TokenSwap=9))


def test_a_version_that_we_have_no_decoders_for_is_refused_by_name() -> None:
    made: Any = Deployment
    newer = made("Marketplace", "0xb", 50, None, 2)
    assert "Marketplace has abi_version 2, which is unknown" in refused([*PLAIN, newer])


def test_what_a_file_no_longer_names_stays_registered() -> None:
    assert merged([*PLAIN, SECOND], PLAIN) == [*PLAIN, SECOND]


def test_an_address_can_be_retired_later() -> None:
    assert merged(PLAIN, replaced(TokenSwap=99)) == replaced(TokenSwap=99)


def test_the_first_block_of_a_registered_address_stands() -> None:
    moved = contract("TokenSwap", SWAP, 11)
    assert "TokenSwap 0x3 is registered from block 10 on" in refused([moved], PLAIN)


def test_a_registered_address_keeps_its_name() -> None:
    renamed = contract("Marketplace", SWAP)
    assert "0x3 is registered as TokenSwap, not as Marketplace" in refused([renamed], PLAIN)


def test_a_new_address_that_contradicts_the_registered_ones_is_refused() -> None:
    assert "EventManager 0x0 has no to_block below 80" in refused([NEW_EVENTS], PLAIN)
