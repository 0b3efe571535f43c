"""Listings, resales, auctions: what their logs and the transfers beside them leave behind."""

import pytest

from onlineticket.domain.chain_log import LAST_SECOND, CannotProject
from onlineticket.domain.rows import AuctionRow, BidBalanceRow, BidRow, ListingRow, TradeRow
from onlineticket.domain.types import UINT256_MAX
from tests.folding import ALICE, BOB, CAROL, MARKET, Ledger, snapshot


def held(*tokens: int) -> Ledger:
    """Alice has these tickets."""
    ledger = Ledger()
    for token in tokens or (1,):
        ledger.mint(token, ALICE)
    return ledger


def listed() -> Ledger:
    """Alice has put ticket 1 on sale, as listing 7."""
    ledger = held()
    ledger.list_ticket(7, 1, ALICE, price=70)
    return ledger


def status(ledger: Ledger, listing: int = 7) -> str:
    return ledger.state.listings.rows[listing].status


# -- Listings -------------------------------------------------------------------------------------


def test_a_listing_is_active_and_its_ticket_names_it_and_is_in_escrow() -> None:
    ledger = listed()
    ticket = ledger.state.tickets.rows[1]
    assert ledger.state.listings.rows == {
        7: ListingRow(
            listing_id=7, token_id=1, seller=ALICE, price=70, eth_price=9,
            expires_at=ledger.now + 3600, status="active", buyer=None, sold_price=None,
            sold_in_eth=None, created_block=ledger.block, created_at=ledger.now, closed_at=None,
            updated_block=ledger.block, read_block=None, accepts_eth=None,
        )
    }  # fmt: skip
    assert (ticket.listing_id, ticket.escrowed, ticket.holder) == (7, True, ALICE)


def test_a_price_of_0_is_kept_in_either_currency() -> None:
    ledger = held()
    ledger.send(1, ALICE, MARKET)
    ledger.mine()
    ledger.log("ListingCreated", 7, 1, ALICE, 0, UINT256_MAX, UINT256_MAX)
    row = ledger.state.listings.rows[7]
    assert (row.price, row.eth_price, row.expires_at) == (0, UINT256_MAX, LAST_SECOND)
    assert ledger.state.tickets.rows[1].updated_block == ledger.block


def test_a_listing_is_created_once_and_for_a_ticket_that_exists() -> None:
    ledger = listed()
    before = snapshot(ledger.state)
    with pytest.raises(CannotProject, match="announced twice: listing 7"):
        ledger.log("ListingCreated", 7, 1, BOB, 1, 1, 1)
    with pytest.raises(CannotProject, match="never announced: Tickets 2"):
        ledger.log("ListingCreated", 8, 2, BOB, 1, 1, 1)
    assert snapshot(ledger.state) == before


def test_a_listing_past_its_time_stays_active_and_an_update_revives_it() -> None:
    ledger = listed()
    ledger.block += 1_000
    assert ledger.now > ledger.state.listings.rows[7].expires_at
    ledger.log("ListingUpdated", 7, 80, 10, ledger.now + 60)
    row = ledger.state.listings.rows[7]
    assert (row.price, row.eth_price, row.expires_at) == (80, 10, ledger.now + 60)
    assert (row.status, row.closed_at, row.updated_block) == ("active", None, ledger.block)
    assert row.created_block < ledger.block


def test_an_update_carries_the_expiry_in_force_even_past_the_year_9999() -> None:
    ledger = listed()
    ledger.log("ListingUpdated", 7, 70, 9, UINT256_MAX)
    assert ledger.state.listings.rows[7].expires_at == LAST_SECOND


def test_a_resale_leaves_the_listing_sold_though_the_ticket_left_escrow_first() -> None:
    ledger = listed()
    ledger.mine()
    ledger.log("Transfer", MARKET, BOB, 1)
    assert status(ledger) == "expired"
    sale = ledger.log("TicketSold", 7, 1, BOB, ALICE, 75, True)
    row, ticket = ledger.state.listings.rows[7], ledger.state.tickets.rows[1]
    assert (row.status, row.buyer, row.sold_price, row.sold_in_eth) == ("sold", BOB, 75, True)
    assert (row.price, row.closed_at, row.updated_block) == (70, ledger.now, ledger.block)
    assert (ticket.owner, ticket.holder, ticket.escrowed) == (BOB, BOB, False)
    assert (ticket.listing_id, ticket.transfers) == (None, 2)
    assert ledger.state.trades == [
        TradeRow(
            block_number=ledger.block, log_index=sale.log_index, side="secondary", event_id=None,
            type_id=None, quantity=1, listing_id=7, token_id=1, buyer=BOB, seller=ALICE,
            amount=75, in_eth=True, traded_at=ledger.now, tx_hash=sale.tx_hash,
        )
    ]  # fmt: skip


def test_a_cancellation_leaves_the_listing_cancelled_though_the_ticket_left_escrow_first() -> None:
    ledger = listed()
    ledger.cancel(7, 1, ALICE)
    row, ticket = ledger.state.listings.rows[7], ledger.state.tickets.rows[1]
    assert (row.status, row.closed_at, row.updated_block) == (
        "cancelled",
        ledger.now,
        ledger.block,
    )
    assert (row.buyer, row.sold_price, ledger.state.trades) == (None, None, [])
    assert (ticket.owner, ticket.escrowed, ticket.listing_id) == (ALICE, False, None)


def test_the_cleanup_of_an_expired_listing_is_seen_from_the_transfer_alone() -> None:
    ledger = listed()
    ledger.mine()
    ledger.log("Transfer", MARKET, ALICE, 1)
    row, ticket = ledger.state.listings.rows[7], ledger.state.tickets.rows[1]
    assert (row.status, row.closed_at, row.updated_block) == ("expired", ledger.now, ledger.block)
    assert (ticket.owner, ticket.escrowed, ticket.listing_id) == (ALICE, False, None)


def test_a_cleanup_of_many_listings_in_one_transaction_ends_each() -> None:
    ledger = held(1, 2)
    ledger.list_ticket(7, 1, ALICE)
    ledger.list_ticket(8, 2, ALICE)
    ledger.mine()
    ledger.log("Transfer", MARKET, ALICE, 1)
    ledger.log("Transfer", MARKET, ALICE, 2)
    assert (status(ledger, 7), status(ledger, 8)) == ("expired", "expired")


def test_a_ticket_listed_again_after_a_cleanup_names_the_new_listing_alone() -> None:
    ledger = listed()
    ledger.send(1, MARKET, ALICE)
    closed_at = ledger.now
    ledger.list_ticket(8, 1, ALICE)
    ledger.buy(8, 1, BOB, ALICE)
    old = ledger.state.listings.rows[7]
    assert (old.status, old.closed_at, old.buyer) == ("expired", closed_at, None)
    assert status(ledger, 8) == "sold"


def test_a_buyer_that_passes_the_ticket_on_before_the_sale_is_logged_does_not_own_it() -> None:
    ledger = listed()
    ledger.mine()
    ledger.log("Transfer", MARKET, BOB, 1)
    ledger.log("Transfer", BOB, CAROL, 1)
    ledger.log("TicketSold", 7, 1, BOB, ALICE, 70, False)
    ticket = ledger.state.tickets.rows[1]
    assert (ticket.owner, ticket.holder, ticket.transfers) == (CAROL, CAROL, 3)
    assert (status(ledger), ledger.state.listings.rows[7].buyer) == ("sold", BOB)


def test_a_buyer_that_lists_it_again_before_the_sale_is_logged_has_the_new_listing_active() -> None:
    ledger = listed()
    ledger.mine()
    ledger.log("Transfer", MARKET, BOB, 1)
    ledger.log("Transfer", BOB, MARKET, 1)
    ledger.log("ListingCreated", 8, 1, BOB, 90, 0, ledger.now + 60)
    ledger.log("TicketSold", 7, 1, BOB, ALICE, 70, False)
    ticket = ledger.state.tickets.rows[1]
    assert (status(ledger, 7), status(ledger, 8)) == ("sold", "active")
    assert (ticket.listing_id, ticket.escrowed, ticket.holder) == (8, True, BOB)
    assert ledger.state.listings.rows[8].closed_at is None


def test_only_the_ticket_that_moves_ends_its_listing() -> None:
    ledger = held(1, 2)
    ledger.list_ticket(7, 1, ALICE)
    ledger.list_ticket(8, 2, ALICE)
    ledger.buy(7, 1, BOB, ALICE)
    assert (status(ledger, 7), status(ledger, 8)) == ("sold", "active")
    assert ledger.state.tickets.rows[2].listing_id == 8


@pytest.mark.parametrize(
    ("kind", "args"),
    [
        ("ListingUpdated", (9, 1, 1, 1)),
        ("ListingCancelled", (9,)),
        ("TicketSold", (9, 1, BOB, ALICE, 1, True)),
    ],
)
def test_a_log_of_a_listing_that_was_never_created_is_refused(
    kind: str, args: tuple[object, ...]
) -> None:
    ledger = listed()
    before = snapshot(ledger.state)
    with pytest.raises(CannotProject, match="never announced: Listings 9"):
        ledger.log(kind, *args)
    assert snapshot(ledger.state) == before


# -- Auctions: declared, and created; the rest the contracts never log today ----------------------


def auctioned() -> Ledger:
    """Alice has put ticket 1 up for auction, as auction 5."""
    ledger = held()
    ledger.mine()
    ledger.log("Transfer", ALICE, MARKET, 1)
    ledger.log("AuctionCreated", 5, 1, ALICE, 10, 20, 30, UINT256_MAX)
    return ledger


def test_an_auction_is_active_and_its_ticket_names_it_and_is_in_escrow() -> None:
    ledger = auctioned()
    ticket = ledger.state.tickets.rows[1]
    assert ledger.state.auctions.rows == {
        5: AuctionRow(
            auction_id=5, token_id=1, seller=ALICE, starting_price=10, eth_starting_price=20,
            reserve_price=30, end_time=LAST_SECOND, status="active", winner=None,
            winning_bid=None, won_in_eth=None, created_block=ledger.block,
            created_at=ledger.now, updated_block=ledger.block,
        )
    }  # fmt: skip
    assert (ticket.auction_id, ticket.listing_id, ticket.escrowed) == (5, None, True)
    assert ticket.updated_block == ledger.block


def test_an_auction_is_created_once_and_for_a_ticket_that_exists() -> None:
    ledger = auctioned()
    before = snapshot(ledger.state)
    with pytest.raises(CannotProject, match="announced twice: auction 5"):
        ledger.log("AuctionCreated", 5, 1, BOB, 1, 1, 1, 1)
    with pytest.raises(CannotProject, match="never announced: Tickets 2"):
        ledger.log("AuctionCreated", 6, 2, BOB, 1, 1, 1, 1)
    assert snapshot(ledger.state) == before


def test_an_auction_past_its_end_stays_active_and_its_ticket_in_escrow() -> None:
    ledger = auctioned()
    ledger.block += 100_000
    ledger.mint(2, BOB)
    assert ledger.state.auctions.rows[5].status == "active"
    assert ledger.state.tickets.rows[1].escrowed


def test_bids_are_kept_one_by_one() -> None:
    ledger = auctioned()
    ledger.mine()
    first = ledger.log("BidPlaced", 5, BOB, 31, False)
    second = ledger.log("BidPlaced", 5, CAROL, UINT256_MAX, True)
    assert ledger.state.bids == [
        BidRow(ledger.block, first.log_index, 5, BOB, 31, False, ledger.now),
        BidRow(ledger.block, second.log_index, 5, CAROL, UINT256_MAX, True, ledger.now),
    ]
    row = ledger.state.auctions.rows[5]
    assert (row.status, row.winner, row.updated_block) == ("active", None, ledger.block)


def test_an_auction_that_ends_has_a_winner_and_its_ticket_follows_the_transfer() -> None:
    ledger = auctioned()
    ledger.mine()
    ledger.log("Transfer", MARKET, BOB, 1)
    ledger.log("AuctionEnded", 5, 1, BOB, 31, True)
    row, ticket = ledger.state.auctions.rows[5], ledger.state.tickets.rows[1]
    assert (row.status, row.winner, row.winning_bid, row.won_in_eth) == ("ended", BOB, 31, True)
    assert row.updated_block == ledger.block
    assert (ticket.owner, ticket.escrowed, ticket.auction_id) == (BOB, False, None)


def test_a_cancelled_auction_has_no_winner() -> None:
    ledger = auctioned()
    ledger.mine()
    ledger.log("Transfer", MARKET, ALICE, 1)
    ledger.log("AuctionCancelled", 5)
    row = ledger.state.auctions.rows[5]
    assert (row.status, row.winner, row.updated_block) == ("cancelled", None, ledger.block)
    assert ledger.state.tickets.rows[1].auction_id is None


@pytest.mark.parametrize(
    ("kind", "args"),
    [
        ("BidPlaced", (6, BOB, 1, True)),
        ("AuctionEnded", (6, 1, BOB, 1, True)),
        ("AuctionCancelled", (6,)),
    ],
)
def test_a_log_of_an_auction_that_was_never_created_is_refused(
    kind: str, args: tuple[object, ...]
) -> None:
    ledger = auctioned()
    before = snapshot(ledger.state)
    with pytest.raises(CannotProject, match="never announced: Auctions 6"):
        ledger.log(kind, *args)
    assert snapshot(ledger.state) == before


# -- Balances for bids ----------------------------------------------------------------------------


def test_balances_add_up_and_currencies_stay_apart() -> None:
    ledger = Ledger(block=5)
    ledger.log("BidBalanceDeposited", BOB, 10, True)
    ledger.log("BidBalanceDeposited", BOB, 4, False)
    ledger.log("BidBalanceWithdrawn", BOB, 3, True)
    ledger.log("BidBalanceDeposited", CAROL, 1, False)
    ledger.mine()
    ledger.log("BidBalanceWithdrawn", BOB, 1, False)
    assert ledger.state.bid_balances.rows == {
        BOB: BidBalanceRow(BOB, token_balance=3, eth_balance=7, updated_block=6),
        CAROL: BidBalanceRow(CAROL, token_balance=1, eth_balance=0, updated_block=5),
    }


def test_a_withdrawal_of_what_no_log_brought_in_is_kept_as_a_debt() -> None:
    ledger = Ledger()
    ledger.log("BidBalanceWithdrawn", BOB, UINT256_MAX, True)
    assert ledger.state.bid_balances.rows[BOB].eth_balance == -UINT256_MAX


@pytest.mark.parametrize("kind", ["BidBalanceDeposited", "BidBalanceWithdrawn"])
@pytest.mark.parametrize("in_eth", [True, False])
def test_a_balance_past_a_uint256_is_refused(kind: str, in_eth: bool) -> None:
    ledger = Ledger()
    ledger.log(kind, BOB, UINT256_MAX, in_eth)
    before = snapshot(ledger.state)
    with pytest.raises(CannotProject, match="more than a uint256 holds"):
        ledger.log(kind, BOB, 1, in_eth)
    assert snapshot(ledger.state) == before
