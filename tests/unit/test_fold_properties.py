"""What holds for every log and every state, however odd."""

from copy import deepcopy
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onlineticket.domain import fold
from onlineticket.domain.chain_log import LAST_SECOND, CannotProject, ChainLog
from onlineticket.domain.folding.state import Keys
from onlineticket.domain.types import UINT256_MAX
from tests.folding import (
    ALICE,
    BOB,
    MARKET,
    NOBODY,
    Ledger,
    Told,
    any_log,
    fits,
    folded,
    histories,
    loaded,
    place,
    rows,
    save,
    snapshot,
    tables,
)

ANNOUNCEMENTS = {
    "EventCreated", "TicketTypeAdded", "OrganizerAuthorized", "RevenueWithdrawn",
    "MinterAuthorized", "VerifierAuthorized", "BidBalanceDeposited", "BidBalanceWithdrawn",
    "Swap", "LiquidityAdded", "LiquidityRemoved", "ReservesUpdated", "FeeRatesUpdated",
    "PriceUpdated",
}  # fmt: skip
"""Kinds that begin what they speak of, or speak of what needs no beginning."""


@given(histories(), any_log)
def test_a_log_that_does_not_fit_leaves_no_trace(history: list[ChainLog], wild: Told) -> None:
    state = folded([])
    for log in [*history, place(*wild, 999, 0)]:
        before = snapshot(state)
        if not fits(state, log):
            assert snapshot(state) == before


@given(any_log)
def test_of_what_was_never_announced_only_announcements_fit(wild: Told) -> None:
    kind, args = wild
    is_mint = kind == "Transfer" and args[0] == NOBODY
    assert fits(folded([]), place(*wild, 1, 0)) == (is_mint or kind in ANNOUNCEMENTS)


def test_a_ticket_whose_listing_is_not_there_cannot_leave_the_marketplace() -> None:
    ledger = Ledger()
    ledger.mint(1, ALICE)
    ledger.list_ticket(1, 1, ALICE)
    state = ledger.state
    del state.listings.rows[1]
    state.tickets.dirty.clear()
    before = snapshot(state)
    with pytest.raises(CannotProject, match="never announced: Listings 1"):
        ledger.send(1, MARKET, BOB)
    assert snapshot(state) == before


@given(histories(), st.lists(st.integers(1, 6), max_size=40))
def test_batches_that_load_only_the_keys_of_their_logs_give_what_one_fold_of_all_gives(
    history: list[ChainLog], sizes: list[int]
) -> None:
    stored = folded([])
    rest = history
    for size in [*sizes, len(history)]:
        batch, rest = rest[:size], rest[size:]
        part = loaded(stored, fold.keys_of(batch))
        for log in batch:
            fits(part, log)
        save(stored, part)
    assert rows(stored) == rows(folded(history))


@given(histories(), histories(most=3))
def test_a_fold_changes_only_rows_under_the_keys_of_its_logs_and_the_listings_of_their_tickets(
    history: list[ChainLog], batch: list[ChainLog]
) -> None:
    state = folded(history)
    part = loaded(state, fold.keys_of(batch))
    for table in tables(state).values():
        table.dirty.clear()
    for log in batch:
        assert fits(state, log) == fits(part, log)
    for name, table in tables(state).items():
        other = tables(part)[name]
        assert table.dirty == other.dirty
        assert {key: table.rows[key] for key in table.dirty} == {
            key: other.rows[key] for key in other.dirty
        }


@given(histories())
def test_every_changed_row_is_called_dirty(history: list[ChainLog]) -> None:
    state = folded([])
    for log in history:
        before = deepcopy({name: table.rows for name, table in tables(state).items()})
        for table in tables(state).values():
            table.dirty.clear()
        fits(state, log)
        for name, table in tables(state).items():
            changed = {key for key, row in table.rows.items() if row != before[name].get(key)}
            assert changed <= table.dirty


@given(histories())
def test_every_number_fits_its_column(history: list[ChainLog]) -> None:
    state = folded(history)
    for table in tables(state).values():
        for row in table.rows.values():
            for name in row.__slots__:
                value = getattr(row, name)
                if type(value) is int:
                    # Only a balance may be negative: its column is signed.
                    assert value >= 0 or name in {"token_balance", "eth_balance"}
                    assert abs(value) <= UINT256_MAX
                    if name.endswith(("_time", "_at")):
                        assert value <= LAST_SECOND


@given(histories())
def test_a_ticket_names_only_listings_and_auctions_that_are_its_own(
    history: list[ChainLog],
) -> None:
    state = folded(history)
    for ticket in state.tickets.rows.values():
        if ticket.listing_id is not None:
            assert state.listings.rows[ticket.listing_id].token_id == ticket.token_id
        if ticket.auction_id is not None:
            assert state.auctions.rows[ticket.auction_id].token_id == ticket.token_id
        assert ticket.escrowed == (ticket.owner in state.marketplaces)


# -- The rows that a log wants loaded -------------------------------------------------------------

NOTHING = Keys()
SOME = Keys(
    events={1}, ticket_types={(1, 0)}, tickets={2}, listings={3}, auctions={4},
    organizers={ALICE}, verifiers={BOB}, bid_balances={ALICE}, pool=True,
)  # fmt: skip
POOL_KEYS = Keys(pool=True)
WANTED: dict[Told, Keys] = {
    ("EventCreated", (1, ALICE, "", 8, 9)): Keys(events={1}),
    ("EventUpdated", (1, 8, 9)): Keys(events={1}),
    ("EventApproved", (1, True)): Keys(events={1}),
    ("TicketTypeAdded", (1, 2, "", 8, 9)): Keys(events={1}, ticket_types={(1, 2)}),
    ("TicketPurchased", (1, 2, BOB, 8, 9, True)): Keys(events={1}, ticket_types={(1, 2)}),
    ("OrganizerAuthorized", (ALICE, True)): Keys(organizers={ALICE}),
    ("RevenueWithdrawn", (ALICE, 9, True)): Keys(organizers={ALICE}),
    ("Transfer", (ALICE, BOB, 3)): Keys(tickets={3}),
    ("TicketMinted", (3, 1, BOB, 8, 9)): Keys(tickets={3}),
    ("TicketUsed", (3, 1, BOB)): Keys(tickets={3}),
    ("TicketCancelled", (3, 1, "")): Keys(tickets={3}),
    ("TicketStatusChanged", (3, 8, 9)): Keys(tickets={3}),
    ("MinterAuthorized", (BOB, True)): Keys(verifiers={BOB}),
    ("VerifierAuthorized", (BOB, True)): Keys(verifiers={BOB}),
    ("ListingCreated", (4, 3, ALICE, 8, 8, 8)): Keys(listings={4}, tickets={3}),
    ("ListingUpdated", (4, 8, 8, 8)): Keys(listings={4}),
    ("ListingCancelled", (4,)): Keys(listings={4}),
    ("TicketSold", (4, 3, BOB, ALICE, 8, True)): Keys(listings={4}, tickets={3}),
    ("AuctionCreated", (5, 3, ALICE, 8, 8, 8, 8)): Keys(auctions={5}, tickets={3}),
    ("BidPlaced", (5, BOB, 8, True)): Keys(auctions={5}),
    ("AuctionEnded", (5, 3, BOB, 8, True)): Keys(auctions={5}),
    ("AuctionCancelled", (5,)): Keys(auctions={5}),
    ("BidBalanceDeposited", (BOB, 8, True)): Keys(bid_balances={BOB}),
    ("BidBalanceWithdrawn", (BOB, 8, True)): Keys(bid_balances={BOB}),
    ("Swap", (ALICE, NOBODY, BOB, 7, 8, 9)): POOL_KEYS,
    ("LiquidityAdded", (ALICE, 7, 8, 9)): POOL_KEYS,
    ("LiquidityRemoved", (ALICE, 7, 8, 9)): POOL_KEYS,
    ("ReservesUpdated", (8, 9)): POOL_KEYS,
    ("FeeRatesUpdated", (8, 9)): POOL_KEYS,
    ("PriceUpdated", (7, 8, 9)): POOL_KEYS,
}


@pytest.mark.parametrize("told", WANTED, ids=lambda told: str(told[0]))
def test_a_log_names_the_rows_it_wants(told: Told) -> None:
    assert fold.keys_of([place(*told, 1, 0)]) == WANTED[told]


def test_there_is_no_kind_of_log_beside_these() -> None:
    assert {kind for kind, _ in WANTED} == fold.KINDS.keys()


def test_the_keys_of_many_logs_are_those_of_each() -> None:
    all_keys = fold.keys_of(place(*told, 1, 0) for told in WANTED)
    assert all(all_keys.cover(keys) for keys in WANTED.values())
    assert (all_keys.tickets, all_keys.ticket_types) == ({3}, {(1, 2)})


def test_a_loaded_row_is_stored_and_not_dirty_until_it_changes() -> None:
    ledger = Ledger()
    ledger.announce(1)
    stored = ledger.state.events.rows
    state = folded([])
    state.events.load(deepcopy(stored).items())
    assert (state.events.rows, state.events.stored, state.events.dirty) == (stored, {1}, set())
    assert fits(state, place("EventApproved", (1, True), 200, 0))
    assert (state.events.stored, state.events.dirty) == ({1}, {1})


def test_keys_cover_themselves_and_nothing_at_all() -> None:
    assert SOME.cover(SOME)
    assert SOME.cover(NOTHING)
    assert NOTHING.cover(NOTHING)


@pytest.mark.parametrize("name", [one.name for one in fields(Keys)])
def test_keys_that_lack_a_table_do_not_cover_what_is_in_it(name: str) -> None:
    assert not NOTHING.cover(replace(NOTHING, **{name: getattr(SOME, name)}))


def test_an_events_ticket_types_are_covered_by_the_event() -> None:
    assert Keys(events={1}).cover(Keys(ticket_types={(1, 0), (1, 7)}))
    assert not Keys(events={1}).cover(Keys(ticket_types={(1, 0), (2, 0)}))
    assert not Keys(ticket_types={(1, 0)}).cover(Keys(events={1}))
