"""Of which event a listing, an auction and a resale are: their ticket's."""

from onlineticket.domain.types import SuiteId
from onlineticket.store import projections
from tests.folding import ALICE, BOB, MARKET, NOBODY, Ledger

SUITE = SuiteId(1)


def test_what_is_listed_auctioned_or_resold_is_of_its_tickets_event() -> None:
    ledger = Ledger()
    ledger.mint(1, ALICE, event=7)
    ledger.mint(2, BOB, event=8)
    ledger.list_ticket(5, 1, ALICE)
    ledger.buy(5, 1, BOB, ALICE)
    ledger.log("Transfer", BOB, MARKET, 2)
    ledger.log("AuctionCreated", 6, 2, BOB, 1, 1, 1, 9)
    projections.changes(SUITE, ledger.state)
    assert ledger.state.listings.rows[5].event_id == 7
    assert ledger.state.auctions.rows[6].event_id == 8
    assert [trade.event_id for trade in ledger.state.trades] == [7]


def test_a_ticket_listed_while_it_is_handed_over_counts_to_the_event_told_after_it() -> None:
    """A contract may list it when it is called back, before TicketMinted."""
    ledger = Ledger()
    ledger.log("Transfer", NOBODY, ALICE, 1)
    ledger.log("Transfer", ALICE, MARKET, 1)
    ledger.log("ListingCreated", 5, 1, ALICE, 70, 9, ledger.now + 3600)
    ledger.log("TicketMinted", 1, 7, ALICE, 0, 50)
    projections.changes(SUITE, ledger.state)
    assert ledger.state.listings.rows[5].event_id == 7
