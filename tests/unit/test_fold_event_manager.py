"""Events, ticket types, first sales, organizers."""

import pytest

from onlineticket.domain.chain_log import LAST_SECOND, CannotProject
from onlineticket.domain.rows import EventRow, OrganizerRow, TicketTypeRow, TradeRow
from onlineticket.domain.types import UINT256_MAX
from tests.folding import ALICE, BOB, Ledger, snapshot

STATUSES = [
    (0, "draft"), (1, "published"), (2, "presale"), (3, "onsale"), (4, "sold_out"),
    (5, "cancelled"), (6, "ended"), (7, "settled"),
]  # fmt: skip


def on_sale() -> Ledger:
    """One event with one type of two tickets, on sale."""
    ledger = Ledger()
    ledger.announce(1, ALICE)
    ledger.add_type(1, 0, price=50, supply=2)
    ledger.log("EventUpdated", 1, 1, 3)
    ledger.mine()
    return ledger


def test_until_it_is_read_an_event_is_a_draft_and_not_approved() -> None:
    ledger = Ledger(block=100)
    ledger.log("EventCreated", 4, ALICE, "Concert", 2_000_000_000, 2_000_009_000)
    assert ledger.state.events.rows == {
        4: EventRow(
            event_id=4, organizer=ALICE, name="Concert", start_time=2_000_000_000,
            end_time=2_000_009_000, status="draft", approved=False, revenue_token=0,
            revenue_eth=0, created_block=100, created_at=ledger.now, updated_block=100,
            status_logged=False, approval_logged=False, read_block=None, description=None,
            image_url=None, venue=None, requires_approval=None,
        )
    }  # fmt: skip


@pytest.mark.parametrize(("number", "status"), STATUSES)
def test_a_status_is_known_by_the_contracts_number(number: int, status: str) -> None:
    ledger = Ledger()
    ledger.announce()
    ledger.mine()
    ledger.log("EventUpdated", 1, 0, number)
    row = ledger.state.events.rows[1]
    assert (row.status, row.status_logged, row.updated_block) == (status, True, ledger.block)
    assert row.created_block == ledger.block - 1


@pytest.mark.parametrize("number", [8, 255])
def test_a_status_that_the_contract_has_not_today_is_refused(number: int) -> None:
    ledger = Ledger()
    ledger.announce()
    with pytest.raises(CannotProject, match=f"no such status: {number}"):
        ledger.log("EventUpdated", 1, 0, number)


def test_approval_taken_back_leaves_the_status_on_sale() -> None:
    ledger = on_sale()
    ledger.log("EventApproved", 1, True)
    ledger.mine()
    ledger.log("EventApproved", 1, False)
    row = ledger.state.events.rows[1]
    assert (row.status, row.approved, row.approval_logged) == ("onsale", False, True)
    assert row.updated_block == ledger.block


def test_a_draft_may_be_published_without_approval() -> None:
    ledger = Ledger()
    ledger.announce()
    ledger.log("EventUpdated", 1, 0, 1)
    row = ledger.state.events.rows[1]
    assert (row.status, row.approved, row.approval_logged) == ("published", False, False)


def test_of_two_announcements_of_one_event_the_first_stands() -> None:
    ledger = Ledger()
    ledger.announce(1, ALICE)
    with pytest.raises(CannotProject, match="announced twice: 1"):
        ledger.announce(1, BOB)
    assert ledger.state.events.rows[1].organizer == ALICE


def test_an_event_may_end_before_it_starts_and_begin_after_the_year_9999() -> None:
    ledger = Ledger()
    ledger.log("EventCreated", 1, ALICE, "Backwards", 2_000_000_000, 5)
    ledger.log("EventCreated", 2, ALICE, "Far", LAST_SECOND + 1, UINT256_MAX)
    ledger.log("EventCreated", 3, ALICE, "Last", LAST_SECOND, LAST_SECOND - 1)
    times = {key: (row.start_time, row.end_time) for key, row in ledger.state.events.rows.items()}
    assert times == {
        1: (2_000_000_000, 5),
        2: (LAST_SECOND, LAST_SECOND),
        3: (LAST_SECOND, LAST_SECOND - 1),
    }


@pytest.mark.parametrize("name", ["", "周杰伦 🎤", "Zoë\x00\t\\N\n", "é" * 10_000, "\u202eevil"])
def test_a_name_is_kept_as_the_chain_has_it(name: str) -> None:
    ledger = Ledger()
    ledger.log("EventCreated", 1, ALICE, name, 1, 2)
    ledger.log("TicketTypeAdded", 1, 0, name, 1, 2)
    assert ledger.state.events.rows[1].name == name
    assert ledger.state.ticket_types.rows[1, 0].name == name


def test_a_ticket_type_begins_unsold_and_with_nothing_read() -> None:
    ledger = Ledger(block=7)
    ledger.log("TicketTypeAdded", 3, 0, "Stalls", 50, 200)
    assert ledger.state.ticket_types.rows == {
        (3, 0): TicketTypeRow(
            event_id=3, type_id=0, name="Stalls", price=50, total_supply=200, sold=0,
            created_block=7, updated_block=7, read_block=None, eth_price=None,
            presale_start=None, sale_start=None, sale_end=None, is_transferable=None,
            presale_only=None,
        )
    }  # fmt: skip


def test_type_ids_begin_at_0_in_every_event() -> None:
    ledger = Ledger()
    for event in (1, 2):
        ledger.announce(event)
        ledger.add_type(event, 0, price=event)
    assert [row.price for row in ledger.state.ticket_types.rows.values()] == [1, 2]
    with pytest.raises(CannotProject):
        ledger.add_type(1, 0, price=9)
    assert ledger.state.ticket_types.rows[1, 0].price == 1


@pytest.mark.parametrize("in_eth", [True, False])
def test_a_purchase_counts_seats_and_revenue_in_the_currency_paid(in_eth: bool) -> None:
    ledger = on_sale()
    sale = ledger.log("TicketPurchased", 1, 0, BOB, 2, 100, in_eth)
    event, type_ = ledger.state.events.rows[1], ledger.state.ticket_types.rows[1, 0]
    assert (event.revenue_eth, event.revenue_token) == ((100, 0) if in_eth else (0, 100))
    assert type_.sold == 2
    assert event.updated_block == type_.updated_block == ledger.block
    assert ledger.state.trades == [
        TradeRow(
            block_number=ledger.block, log_index=sale.log_index, side="primary", event_id=1,
            type_id=0, quantity=2, listing_id=None, token_id=None, buyer=BOB, seller=ALICE,
            amount=100, in_eth=in_eth, traded_at=ledger.now, tx_hash=sale.tx_hash,
        )
    ]  # fmt: skip


def test_purchases_add_up_and_currencies_stay_apart() -> None:
    ledger = on_sale()
    for cost, in_eth in ((5, False), (7, True), (11, False), (13, True)):
        ledger.log("TicketPurchased", 1, 0, BOB, 1, cost, in_eth)
    row = ledger.state.events.rows[1]
    assert (row.revenue_token, row.revenue_eth) == (16, 20)
    assert ledger.state.ticket_types.rows[1, 0].sold == 4
    assert [trade.amount for trade in ledger.state.trades] == [5, 7, 11, 13]


def test_selling_out_for_eth_changes_no_status() -> None:
    ledger = on_sale()
    ledger.log("TicketPurchased", 1, 0, BOB, 2, 100, True)
    assert ledger.state.ticket_types.rows[1, 0].sold == 2
    assert ledger.state.events.rows[1].status == "onsale"


def test_selling_out_for_tokens_is_said_by_the_contract_after_the_sale() -> None:
    ledger = on_sale()
    ledger.log("TicketPurchased", 1, 0, BOB, 2, 100, False)
    assert ledger.state.events.rows[1].status == "onsale"
    ledger.log("EventUpdated", 1, 3, 4)
    assert ledger.state.events.rows[1].status == "sold_out"


@pytest.mark.parametrize(("event", "type_id"), [(2, 0), (1, 1)])
def test_a_purchase_of_what_was_never_announced_is_refused(event: int, type_id: int) -> None:
    ledger = on_sale()
    before = snapshot(ledger.state)
    with pytest.raises(CannotProject, match="never announced"):
        ledger.log("TicketPurchased", event, type_id, BOB, 1, 1, True)
    assert snapshot(ledger.state) == before


@pytest.mark.parametrize("in_eth", [True, False])
def test_revenue_is_exact_to_the_last_wei_of_a_uint256(in_eth: bool) -> None:
    ledger = on_sale()
    ledger.log("TicketPurchased", 1, 0, BOB, UINT256_MAX - 1, UINT256_MAX - 1, in_eth)
    ledger.log("TicketPurchased", 1, 0, BOB, 1, 1, in_eth)
    row = ledger.state.events.rows[1]
    assert row.revenue_token + row.revenue_eth == UINT256_MAX
    assert ledger.state.ticket_types.rows[1, 0].sold == UINT256_MAX


@pytest.mark.parametrize(
    ("quantity", "cost", "in_eth"), [(1, 0, False), (0, 1, True), (0, 1, False)]
)
def test_a_sum_that_no_uint256_holds_is_refused_rather_than_stop_every_later_pass(
    quantity: int, cost: int, in_eth: bool
) -> None:
    ledger = on_sale()
    for each in (True, False):
        ledger.log("TicketPurchased", 1, 0, BOB, 0, UINT256_MAX, each)
    ledger.log("TicketPurchased", 1, 0, BOB, UINT256_MAX, 0, False)
    ledger.state.events.dirty.clear()
    ledger.state.ticket_types.dirty.clear()
    before = snapshot(ledger.state)
    with pytest.raises(CannotProject, match="more than a uint256 holds"):
        ledger.log("TicketPurchased", 1, 0, BOB, quantity, cost, in_eth)
    assert snapshot(ledger.state) == before


def test_an_authorization_can_be_taken_back() -> None:
    ledger = Ledger(block=3)
    ledger.log("OrganizerAuthorized", BOB, True)
    assert ledger.state.organizers.rows == {BOB: OrganizerRow(BOB, True, 0, 0, updated_block=3)}
    ledger.mine()
    ledger.log("OrganizerAuthorized", BOB, False)
    assert ledger.state.organizers.rows == {BOB: OrganizerRow(BOB, False, 0, 0, updated_block=4)}


def test_the_contracts_owner_withdraws_without_ever_being_authorized() -> None:
    ledger = Ledger(block=3)
    ledger.log("RevenueWithdrawn", ALICE, 10, True)
    assert ledger.state.organizers.rows == {ALICE: OrganizerRow(ALICE, False, 0, 10, 3)}


def test_withdrawals_add_up_by_currency_and_wallet() -> None:
    ledger = Ledger()
    for wallet, amount, in_eth in (
        (ALICE, 1, True), (ALICE, 2, False), (BOB, 4, False), (ALICE, 8, True), (ALICE, 16, False),
    ):  # fmt: skip
        ledger.log("RevenueWithdrawn", wallet, amount, in_eth)
    rows = ledger.state.organizers.rows
    assert (rows[ALICE].withdrawn_eth, rows[ALICE].withdrawn_token) == (9, 18)
    assert (rows[BOB].withdrawn_eth, rows[BOB].withdrawn_token) == (0, 4)


def test_a_withdrawal_keeps_the_authorization_and_the_other_way_round() -> None:
    ledger = Ledger()
    ledger.log("OrganizerAuthorized", ALICE, True)
    ledger.log("RevenueWithdrawn", ALICE, 3, False)
    ledger.mine()
    ledger.log("OrganizerAuthorized", ALICE, True)
    row = ledger.state.organizers.rows[ALICE]
    assert row == OrganizerRow(ALICE, True, 3, 0, updated_block=ledger.block)


@pytest.mark.parametrize("in_eth", [True, False])
def test_withdrawals_past_a_uint256_are_refused(in_eth: bool) -> None:
    ledger = Ledger()
    ledger.log("RevenueWithdrawn", ALICE, UINT256_MAX, in_eth)
    before = snapshot(ledger.state)
    with pytest.raises(CannotProject):
        ledger.log("RevenueWithdrawn", ALICE, 1, in_eth)
    assert snapshot(ledger.state) == before
