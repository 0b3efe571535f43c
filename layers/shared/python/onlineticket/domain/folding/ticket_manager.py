"""TicketManager (ERC-721): who holds which ticket, and its status."""

from typing import Any

from onlineticket.domain.chain_log import ChainLog
from onlineticket.domain.folding.state import Keys, Kind, State, named
from onlineticket.domain.rows import TicketRow, VerifierRow
from onlineticket.domain.types import ZERO_ADDRESS

TICKET_STATUS = ("valid", "used", "revoked", "expired")
"""By the chain's numbers; CANCELLED is called revoked here and in the API."""


def _transfer(state: State, log: ChainLog, sender: str, to: str, token_id: int) -> None:
    escrowed = to in state.marketplaces
    if sender == ZERO_ADDRESS:
        row = TicketRow(
            token_id, None, owner=to, holder=to, escrowed=escrowed, transfers=0, status="valid",
            seat_number=None, original_price=None, original_buyer=None,
            listing_id=None, auction_id=None,
            minted_block=log.block_number, minted_at=log.block_time, updated_block=log.block_number,
        )  # fmt: skip
        state.tickets.add(token_id, row)
        return
    if sender in state.marketplaces:
        _leave_marketplace(state, log, state.tickets.find(token_id))
    row = state.tickets.change(token_id)
    row.owner, row.escrowed, row.updated_block = to, escrowed, log.block_number
    row.holder = sender if escrowed else to
    row.transfers += 1


def _leave_marketplace(state: State, log: ChainLog, ticket: TicketRow) -> None:
    """cleanupExpiredListings logs nothing but this transfer; a sale or a cancellation says so
    itself, later in the same transaction, and overwrites what we set here.
    """
    if ticket.listing_id is not None:
        listing = state.listings.change(ticket.listing_id)
        listing.status, listing.closed_at = "expired", log.block_time
        listing.updated_block = log.block_number
    ticket.listing_id = ticket.auction_id = None


def _ticket_minted(
    state: State, log: ChainLog, token_id: int, event_id: int, buyer: str, seat: int, price: int
) -> None:
    row = state.tickets.change(token_id)
    row.event_id, row.original_buyer, row.seat_number, row.original_price = (
        event_id, buyer, seat, price
    )  # fmt: skip
    row.updated_block = log.block_number


def _ticket_used(state: State, log: ChainLog, token_id: int, _event: int, _by: str) -> None:
    _set_ticket_status(state, log, token_id, "used")


def _ticket_cancelled(state: State, log: ChainLog, token_id: int, _event: int, _why: str) -> None:
    _set_ticket_status(state, log, token_id, "revoked")


def _ticket_status_changed(state: State, log: ChainLog, token_id: int, _old: int, new: int) -> None:
    _set_ticket_status(state, log, token_id, named(TICKET_STATUS, new))


def _set_ticket_status(state: State, log: ChainLog, token_id: int, status: str) -> None:
    row = state.tickets.change(token_id)
    row.status, row.updated_block = status, log.block_number


def _verifier_authorized(state: State, log: ChainLog, wallet: str, authorized: bool) -> None:
    _verifier(state, log, wallet).may_use = authorized


def _minter_authorized(state: State, log: ChainLog, wallet: str, authorized: bool) -> None:
    _verifier(state, log, wallet).may_mint = authorized


def _verifier(state: State, log: ChainLog, wallet: str) -> VerifierRow:
    if wallet not in state.verifiers.rows:
        state.verifiers.add(wallet, VerifierRow(wallet, False, False, log.block_number))
    row = state.verifiers.change(wallet)
    row.updated_block = log.block_number
    return row


def _transfer_keys(keys: Keys, args: tuple[Any, ...]) -> None:
    keys.tickets.add(args[2])


def _ticket_keys(keys: Keys, args: tuple[Any, ...]) -> None:
    keys.tickets.add(args[0])


def _verifier_keys(keys: Keys, args: tuple[Any, ...]) -> None:
    keys.verifiers.add(args[0])


KINDS = {
    "Transfer": Kind(_transfer, _transfer_keys),
    "TicketMinted": Kind(_ticket_minted, _ticket_keys),
    "TicketUsed": Kind(_ticket_used, _ticket_keys),
    "TicketCancelled": Kind(_ticket_cancelled, _ticket_keys),
    "TicketStatusChanged": Kind(_ticket_status_changed, _ticket_keys),
    "MinterAuthorized": Kind(_minter_authorized, _verifier_keys),
    "VerifierAuthorized": Kind(_verifier_authorized, _verifier_keys),
}
