"""Who holds which ticket, and its status."""

import pytest

from onlineticket.domain.chain_log import CannotProject
from onlineticket.domain.rows import TicketRow, VerifierRow
from onlineticket.domain.types import UINT256_MAX
from tests.folding import ALICE, BOB, CAROL, MARKET, NOBODY, OLD_MARKET, Ledger, snapshot


def minted(token: int = 1, to: str = ALICE) -> Ledger:
    ledger = Ledger()
    ledger.mint(token, to)
    ledger.mine()
    return ledger


def test_a_mint_is_a_transfer_from_nobody_and_then_what_was_minted() -> None:
    ledger = Ledger(block=5)
    ledger.log("Transfer", NOBODY, ALICE, 9)
    ticket = ledger.state.tickets.rows[9]
    assert ticket == TicketRow(
        token_id=9, event_id=None, owner=ALICE, holder=ALICE, escrowed=False, transfers=0,
        status="valid", seat_number=None, original_price=None, original_buyer=None,
        listing_id=None, auction_id=None, minted_block=5, minted_at=ledger.now, updated_block=5,
        read_block=None, category=None, seat_section=None, valid_from=None, valid_until=None,
        is_transferable=None,
    )  # fmt: skip
    ledger.mine()
    ledger.log("TicketMinted", 9, 2, ALICE, 12, 50)
    assert (ticket.event_id, ticket.original_buyer, ticket.seat_number) == (2, ALICE, 12)
    assert (ticket.original_price, ticket.minted_block, ticket.updated_block) == (50, 5, 6)


def test_a_buyer_that_passes_the_ticket_on_while_it_is_minted_does_not_own_it_after() -> None:
    ledger = Ledger()
    ledger.log("Transfer", NOBODY, ALICE, 1)
    ledger.log("Transfer", ALICE, BOB, 1)
    ledger.log("TicketMinted", 1, 2, ALICE, 0, 50)
    ticket = ledger.state.tickets.rows[1]
    assert (ticket.owner, ticket.holder, ticket.original_buyer) == (BOB, BOB, ALICE)
    assert (ticket.event_id, ticket.transfers) == (2, 1)


def test_a_ticket_may_be_of_an_event_that_nobody_announced() -> None:
    ledger = minted()
    assert ledger.state.events.rows == {}
    assert ledger.state.tickets.rows[1].event_id == 1


def test_the_price_of_a_ticket_paid_in_eth_is_the_types_token_price() -> None:
    ledger = Ledger()
    ledger.announce()
    ledger.add_type(price=50)
    ledger.mint(1, BOB, price=50)
    ledger.log("TicketPurchased", 1, 0, BOB, 1, 3, True)
    assert ledger.state.tickets.rows[1].original_price == 50
    assert ledger.state.trades[0].amount == 3


def test_seat_0_is_kept_as_0_and_is_not_an_unknown_seat() -> None:
    assert minted().state.tickets.rows[1].seat_number == 0


def test_every_number_of_a_ticket_may_be_the_largest_uint256() -> None:
    ledger = Ledger()
    ledger.log("Transfer", NOBODY, ALICE, UINT256_MAX)
    ledger.log("TicketMinted", UINT256_MAX, UINT256_MAX, ALICE, UINT256_MAX, UINT256_MAX)
    ticket = ledger.state.tickets.rows[UINT256_MAX]
    assert ticket.event_id == ticket.seat_number == ticket.original_price == UINT256_MAX


def test_a_transfer_moves_the_ticket_and_is_counted() -> None:
    ledger = minted()
    ledger.send(1, ALICE, BOB)
    ticket = ledger.state.tickets.rows[1]
    assert (ticket.owner, ticket.holder, ticket.escrowed, ticket.transfers) == (BOB, BOB, False, 1)
    assert (ticket.updated_block, ticket.minted_block) == (ledger.block, ledger.block - 2)


def test_a_transfer_to_oneself_counts_too_since_it_ends_the_codes_of_before() -> None:
    ledger = minted()
    ledger.send(1, ALICE, ALICE)
    ledger.send(1, ALICE, ALICE)
    assert ledger.state.tickets.rows[1].transfers == 2


def test_a_ticket_is_minted_once() -> None:
    ledger = minted()
    before = snapshot(ledger.state)
    with pytest.raises(CannotProject, match="announced twice: 1"):
        ledger.log("Transfer", NOBODY, BOB, 1)
    assert snapshot(ledger.state) == before


@pytest.mark.parametrize(
    ("kind", "args"),
    [
        ("Transfer", (ALICE, BOB, 2)),
        ("Transfer", (MARKET, BOB, 2)),
        ("TicketMinted", (2, 1, ALICE, 0, 0)),
        ("TicketUsed", (2, 1, BOB)),
        ("TicketCancelled", (2, 1, "")),
        ("TicketStatusChanged", (2, 0, 1)),
    ],
)
def test_a_log_of_a_ticket_that_was_never_minted_is_refused(
    kind: str, args: tuple[object, ...]
) -> None:
    ledger = minted()
    before = snapshot(ledger.state)
    with pytest.raises(CannotProject, match="never announced: Tickets 2"):
        ledger.log(kind, *args)
    assert snapshot(ledger.state) == before


# -- Status ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "status"), [(0, "valid"), (1, "used"), (2, "revoked"), (3, "expired")]
)
def test_a_status_is_known_by_the_contracts_number(number: int, status: str) -> None:
    ledger = minted()
    ledger.log("TicketStatusChanged", 1, 0, number)
    ticket = ledger.state.tickets.rows[1]
    assert (ticket.status, ticket.updated_block) == (status, ledger.block)


def test_a_status_that_the_contract_has_not_today_is_refused() -> None:
    ledger = minted()
    with pytest.raises(CannotProject, match="no such status: 4"):
        ledger.log("TicketStatusChanged", 1, 0, 4)
    assert ledger.state.tickets.rows[1].status == "valid"


@pytest.mark.parametrize(
    ("own", "number", "status"),
    [
        (("TicketUsed", 1, 1, BOB), 1, "used"),
        (("TicketCancelled", 1, 1, "stolen"), 2, "revoked"),
    ],
)
@pytest.mark.parametrize("own_log_first", [True, False])
def test_use_and_cancellation_come_with_a_change_of_status_in_either_order(
    own: tuple[str, int, int, str], number: int, status: str, own_log_first: bool
) -> None:
    ledger = minted()
    changed = ("TicketStatusChanged", 1, 0, number)
    for one in [own, changed] if own_log_first else [changed, own]:
        ledger.log(*one)
        ticket = ledger.state.tickets.rows[1]
        assert (ticket.status, ticket.updated_block) == (status, ledger.block)


def test_expiry_is_told_by_the_change_of_status_alone() -> None:
    ledger = minted()
    ledger.log("TicketStatusChanged", 1, 0, 3)
    assert ledger.state.tickets.rows[1].status == "expired"


@pytest.mark.parametrize("status", [1, 2, 3])
def test_what_befalls_an_escrowed_ticket_leaves_it_in_escrow_and_its_listing_active(
    status: int,
) -> None:
    ledger = minted()
    ledger.list_ticket(7, 1, ALICE)
    ledger.mine()
    ledger.log("TicketStatusChanged", 1, 0, status)
    ticket, listing = ledger.state.tickets.rows[1], ledger.state.listings.rows[7]
    assert (ticket.escrowed, ticket.owner, ticket.listing_id) == (True, MARKET, 7)
    assert ticket.status != "valid"
    assert (listing.status, listing.closed_at) == ("active", None)


# -- Escrow ---------------------------------------------------------------------------------------


def test_while_the_marketplace_owns_it_the_one_who_gave_it_is_the_holder() -> None:
    ledger = minted()
    ledger.send(1, ALICE, MARKET)
    ticket = ledger.state.tickets.rows[1]
    assert (ticket.owner, ticket.holder, ticket.escrowed) == (MARKET, ALICE, True)


def test_a_ticket_sent_straight_to_the_marketplace_is_held_with_no_listing() -> None:
    ledger = minted()
    ledger.send(1, ALICE, MARKET)
    assert ledger.state.tickets.rows[1].listing_id is None
    assert ledger.state.listings.rows == {}


def test_a_ticket_minted_to_the_marketplace_has_no_other_holder() -> None:
    ledger = minted(to=MARKET)
    ticket = ledger.state.tickets.rows[1]
    assert (ticket.owner, ticket.holder, ticket.escrowed) == (MARKET, MARKET, True)


def test_every_marketplace_of_the_suite_is_escrow() -> None:
    ledger = minted()
    ledger.send(1, ALICE, OLD_MARKET)
    assert ledger.state.tickets.rows[1].escrowed
    ledger.send(1, OLD_MARKET, CAROL)
    assert ledger.state.tickets.rows[1].owner == ledger.state.tickets.rows[1].holder == CAROL
    assert not ledger.state.tickets.rows[1].escrowed


def test_a_ticket_that_leaves_escrow_unlisted_touches_no_listing() -> None:
    ledger = minted()
    ledger.send(1, ALICE, MARKET)
    ledger.send(1, MARKET, BOB)
    assert ledger.state.tickets.rows[1].owner == BOB
    assert ledger.state.listings.dirty == set()


# -- Accounts that may use or mint ----------------------------------------------------------------


def test_the_right_to_use_and_the_right_to_mint_are_apart() -> None:
    ledger = Ledger(block=5)
    ledger.log("VerifierAuthorized", BOB, True)
    assert ledger.state.verifiers.rows == {BOB: VerifierRow(BOB, True, False, 5)}
    ledger.mine()
    ledger.log("MinterAuthorized", BOB, True)
    assert ledger.state.verifiers.rows == {BOB: VerifierRow(BOB, True, True, 6)}
    ledger.mine()
    ledger.log("VerifierAuthorized", BOB, False)
    assert ledger.state.verifiers.rows == {BOB: VerifierRow(BOB, False, True, 7)}
    ledger.log("MinterAuthorized", BOB, False)
    assert ledger.state.verifiers.rows == {BOB: VerifierRow(BOB, False, False, 7)}


def test_each_account_has_its_own_rights() -> None:
    ledger = Ledger()
    ledger.log("MinterAuthorized", CAROL, True)
    ledger.log("VerifierAuthorized", BOB, True)
    rights = {key: (row.may_use, row.may_mint) for key, row in ledger.state.verifiers.rows.items()}
    assert rights == {CAROL: (False, True), BOB: (True, False)}
