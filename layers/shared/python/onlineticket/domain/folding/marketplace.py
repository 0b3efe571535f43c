"""Marketplace: listings, auctions, resales. Both put the ticket into escrow."""

from typing import Any

from onlineticket.domain.chain_log import CannotProject, ChainLog, clamp_time
from onlineticket.domain.folding.state import Keys, Kind, State, total
from onlineticket.domain.rows import AuctionRow, BidBalanceRow, BidRow, ListingRow, TradeRow


def _listing_created(
    state: State, log: ChainLog, listing_id: int, token_id: int, seller: str,
    price: int, eth_price: int, expires_at: int,
) -> None:  # fmt: skip
    if listing_id in state.listings.rows:
        raise CannotProject(f"announced twice: listing {listing_id}")
    ticket = state.tickets.change(token_id)
    ticket.listing_id, ticket.updated_block = listing_id, log.block_number
    row = ListingRow(
        listing_id, token_id, seller, price, eth_price, clamp_time(expires_at), "active",
        buyer=None, sold_price=None, sold_in_eth=None,
        created_block=log.block_number, created_at=log.block_time, closed_at=None,
        updated_block=log.block_number,
    )  # fmt: skip
    state.listings.add(listing_id, row)


def _listing_updated(
    state: State, log: ChainLog, listing_id: int, price: int, eth_price: int, expires_at: int
) -> None:
    row = state.listings.change(listing_id)
    row.price, row.eth_price, row.expires_at = price, eth_price, clamp_time(expires_at)
    row.updated_block = log.block_number


def _listing_cancelled(state: State, log: ChainLog, listing_id: int) -> None:
    row = state.listings.change(listing_id)
    row.status, row.closed_at, row.updated_block = "cancelled", log.block_time, log.block_number


def _ticket_sold(
    state: State, log: ChainLog, listing_id: int, token_id: int, buyer: str, seller: str,
    price: int, in_eth: bool,
) -> None:  # fmt: skip
    row = state.listings.change(listing_id)
    row.status, row.closed_at, row.updated_block = "sold", log.block_time, log.block_number
    row.buyer, row.sold_price, row.sold_in_eth = buyer, price, in_eth
    state.trades.append(
        TradeRow(
            log.block_number,
            log.log_index,
            "secondary",
            None,
            None,
            1,
            listing_id,
            token_id,
            buyer,
            seller,
            price,
            in_eth,
            log.block_time,
            log.tx_hash,
        )
    )


def _auction_created(
    state: State, log: ChainLog, auction_id: int, token_id: int, seller: str,
    starting_price: int, eth_starting_price: int, reserve_price: int, end_time: int,
) -> None:  # fmt: skip
    if auction_id in state.auctions.rows:
        raise CannotProject(f"announced twice: auction {auction_id}")
    ticket = state.tickets.change(token_id)
    ticket.auction_id, ticket.updated_block = auction_id, log.block_number
    row = AuctionRow(
        auction_id, token_id, seller, starting_price, eth_starting_price, reserve_price,
        clamp_time(end_time), "active", winner=None, winning_bid=None, won_in_eth=None,
        created_block=log.block_number, created_at=log.block_time, updated_block=log.block_number,
    )  # fmt: skip
    state.auctions.add(auction_id, row)


def _bid_placed(
    state: State, log: ChainLog, auction_id: int, bidder: str, amount: int, in_eth: bool
) -> None:
    row = state.auctions.change(auction_id)
    row.updated_block = log.block_number
    state.bids.append(
        BidRow(log.block_number, log.log_index, auction_id, bidder, amount, in_eth, log.block_time)
    )


def _auction_ended(
    state: State, log: ChainLog, auction_id: int, _token: int, winner: str, bid: int, in_eth: bool
) -> None:
    row = state.auctions.change(auction_id)
    row.status, row.winner, row.winning_bid, row.won_in_eth = "ended", winner, bid, in_eth
    row.updated_block = log.block_number


def _auction_cancelled(state: State, log: ChainLog, auction_id: int) -> None:
    row = state.auctions.change(auction_id)
    row.status, row.updated_block = "cancelled", log.block_number


def _deposited(state: State, log: ChainLog, wallet: str, amount: int, in_eth: bool) -> None:
    _move_balance(state, log, wallet, amount, in_eth)


def _withdrawn(state: State, log: ChainLog, wallet: str, amount: int, in_eth: bool) -> None:
    _move_balance(state, log, wallet, -amount, in_eth)


def _move_balance(state: State, log: ChainLog, wallet: str, amount: int, in_eth: bool) -> None:
    known = state.bid_balances.rows.get(wallet)
    token, eth = (known.token_balance, known.eth_balance) if known else (0, 0)
    if in_eth:
        eth = total(eth, amount)
    else:
        token = total(token, amount)
    if known is None:
        state.bid_balances.add(wallet, BidBalanceRow(wallet, 0, 0, log.block_number))
    row = state.bid_balances.change(wallet)
    row.token_balance, row.eth_balance = token, eth
    row.updated_block = log.block_number


def _listed_ticket_keys(keys: Keys, args: tuple[Any, ...]) -> None:
    keys.listings.add(args[0])
    keys.tickets.add(args[1])


def _listing_keys(keys: Keys, args: tuple[Any, ...]) -> None:
    keys.listings.add(args[0])


def _auctioned_ticket_keys(keys: Keys, args: tuple[Any, ...]) -> None:
    keys.auctions.add(args[0])
    keys.tickets.add(args[1])


def _auction_keys(keys: Keys, args: tuple[Any, ...]) -> None:
    keys.auctions.add(args[0])


def _balance_keys(keys: Keys, args: tuple[Any, ...]) -> None:
    keys.bid_balances.add(args[0])


KINDS = {
    "ListingCreated": Kind(_listing_created, _listed_ticket_keys),
    "ListingUpdated": Kind(_listing_updated, _listing_keys),
    "ListingCancelled": Kind(_listing_cancelled, _listing_keys),
    "TicketSold": Kind(_ticket_sold, _listed_ticket_keys),
    "AuctionCreated": Kind(_auction_created, _auctioned_ticket_keys),
    "BidPlaced": Kind(_bid_placed, _auction_keys),
    "AuctionEnded": Kind(_auction_ended, _auction_keys),
    "AuctionCancelled": Kind(_auction_cancelled, _auction_keys),
    "BidBalanceDeposited": Kind(_deposited, _balance_keys),
    "BidBalanceWithdrawn": Kind(_withdrawn, _balance_keys),
}
