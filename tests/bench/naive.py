"""The indexer that anyone would write first: web3.py decodes, each row is a statement of its own.

The baseline of `make bench-index`. It fills the same tables with the same rows (the benchmark
compares them), 1,000 blocks to a transaction. To its credit: it takes the block times from the logs
instead of asking for each block, and it reads no contract.

`python -m tests.bench.naive LAST_BLOCK`, with DB_URL, RPC_URL and CONTRACTS in the environment.
"""

import json
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

import psycopg
from web3 import HTTPProvider, Web3
from web3.contract.contract import ContractEvent

from onlineticket import settings
from tests.bench import measuring
from tests.emitting import topic_of

RANGE = 1000
_NAMES = ("EventManager", "TicketManager", "Marketplace", "TokenSwap")
_ZERO = "0x" + "0" * 40

_RAW = """
    INSERT INTO events_raw (suite_id, block_number, block_hash, block_time, tx_hash, log_index,
                            contract, address, event_sig, subject, topics, data, processed)
    VALUES (1, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, true)
"""
_TOUCH_EVENT = "UPDATE events SET updated_block = %(block)s"
_BALANCE = """
    INSERT INTO bid_balances (suite_id, wallet, token_balance, eth_balance, updated_block)
    VALUES (1, lower(%(user)s), {sign} CASE WHEN %(isEth)s THEN 0 ELSE %(amount)s::numeric END,
            {sign} CASE WHEN %(isEth)s THEN %(amount)s::numeric ELSE 0 END, %(block)s)
    ON CONFLICT (suite_id, wallet) DO UPDATE SET
        token_balance = bid_balances.token_balance + EXCLUDED.token_balance,
        eth_balance = bid_balances.eth_balance + EXCLUDED.eth_balance,
        updated_block = EXCLUDED.updated_block
"""
_VERIFIER = """
    INSERT INTO ticket_verifiers (suite_id, wallet, may_use, may_mint, updated_block)
    VALUES (1, lower(%(account)s), {use}, {mint}, %(block)s)
    ON CONFLICT (suite_id, wallet) DO UPDATE
    SET {column} = EXCLUDED.{column}, updated_block = EXCLUDED.updated_block
"""
_ORGANIZER = """
    INSERT INTO organizers
        (suite_id, wallet, authorized, withdrawn_token, withdrawn_eth, updated_block)
    VALUES (1, lower(%(organizer)s), {authorized}, {token}, {eth}, %(block)s)
    ON CONFLICT (suite_id, wallet) DO UPDATE SET {change}, updated_block = EXCLUDED.updated_block
"""
_TRADE = """
    INSERT INTO trades (suite_id, block_number, log_index, side, event_id, type_id, quantity,
                        listing_id, token_id, buyer, seller, amount, in_eth, traded_at, tx_hash)
    VALUES (1, %(block)s, %(index)s, {}, lower(%(buyer)s), {}, %(paidWithEth)s,
            to_timestamp(%(time)s), %(tx)s)
"""
_EVENT_OF = "(SELECT event_id FROM tickets WHERE token_id = %(tokenId)s)"
_TICKET_STATUS = "(ARRAY['valid', 'used', 'revoked', 'expired'])"
_EVENT_STATUS = (
    "(ARRAY['draft', 'published', 'presale', 'onsale', 'sold_out', 'cancelled', 'ended',"
    " 'settled'])"
)
_POOL = "INSERT INTO swap_pool VALUES (1, {}, %(block)s) ON CONFLICT (suite_id) DO UPDATE SET {}"

STATEMENTS: dict[str, tuple[str, ...]] = {
    "EventCreated": (
        """
        INSERT INTO events (suite_id, event_id, organizer, name, start_time, end_time, status,
                            approved, revenue_token, revenue_eth, created_block, created_at,
                            updated_block, status_logged, approval_logged, grams)
        VALUES (1, %(eventId)s, lower(%(organizer)s), %(name)s, to_timestamp(%(startTime)s),
                to_timestamp(%(endTime)s), 'draft', false, 0, 0, %(block)s, to_timestamp(%(time)s),
                %(block)s, false, false, search_grams(search_text(%(name)s, NULL)))
        """,
    ),
    "EventUpdated": (
        f"{_TOUCH_EVENT}, status = {_EVENT_STATUS}[%(newStatus)s + 1], status_logged = true"
        " WHERE event_id = %(eventId)s",
    ),
    "EventApproved": (
        f"{_TOUCH_EVENT}, approved = %(approved)s, approval_logged = true"
        " WHERE event_id = %(eventId)s",
    ),
    "TicketTypeAdded": (
        """
        INSERT INTO ticket_types (suite_id, event_id, type_id, name, price, total_supply, sold,
                                  created_block, updated_block)
        VALUES (1, %(eventId)s, %(typeId)s, %(name)s, %(price)s, %(totalSupply)s, 0, %(block)s,
                %(block)s)
        """,
    ),
    "TicketPurchased": (
        "UPDATE ticket_types SET sold = sold + %(quantity)s::numeric, updated_block = %(block)s"
        " WHERE event_id = %(eventId)s AND type_id = %(typeId)s",
        f"{_TOUCH_EVENT}, revenue_eth = revenue_eth"
        " + CASE WHEN %(paidWithEth)s THEN %(totalCost)s::numeric ELSE 0 END, revenue_token ="
        " revenue_token + CASE WHEN %(paidWithEth)s THEN 0 ELSE %(totalCost)s::numeric END"
        " WHERE event_id = %(eventId)s",
        _TRADE.format(
            "'primary', %(eventId)s, %(typeId)s, %(quantity)s, NULL, NULL",
            "(SELECT organizer FROM events WHERE event_id = %(eventId)s), %(totalCost)s",
        ),
    ),
    "OrganizerAuthorized": (
        _ORGANIZER.format(
            authorized="%(authorized)s", token="0", eth="0", change="authorized = %(authorized)s"
        ),
    ),
    "RevenueWithdrawn": (
        _ORGANIZER.format(
            authorized="false",
            token="CASE WHEN %(isEth)s THEN 0 ELSE %(amount)s::numeric END",
            eth="CASE WHEN %(isEth)s THEN %(amount)s::numeric ELSE 0 END",
            change="withdrawn_token = organizers.withdrawn_token + EXCLUDED.withdrawn_token,"
            " withdrawn_eth = organizers.withdrawn_eth + EXCLUDED.withdrawn_eth",
        ),
    ),
    "Mint": (
        """
        INSERT INTO tickets (suite_id, token_id, owner, holder, escrowed, transfers, status,
                             minted_block, minted_at, updated_block)
        VALUES (1, %(tokenId)s, lower(%(to)s), lower(%(to)s), %(to)s = %(market)s, 0, 'valid',
                %(block)s, to_timestamp(%(time)s), %(block)s)
        """,
    ),
    "Transfer": (
        "UPDATE market_listings SET status = 'expired', closed_at = to_timestamp(%(time)s),"
        " updated_block = %(block)s WHERE %(from)s = %(market)s AND listing_id ="
        " (SELECT listing_id FROM tickets WHERE token_id = %(tokenId)s)",
        """
        UPDATE tickets SET owner = lower(%(to)s), escrowed = %(to)s = %(market)s,
            holder = lower(CASE WHEN %(to)s = %(market)s THEN %(from)s ELSE %(to)s END),
            listing_id = CASE WHEN %(from)s = %(market)s THEN NULL ELSE listing_id END,
            auction_id = CASE WHEN %(from)s = %(market)s THEN NULL ELSE auction_id END,
            transfers = transfers + 1, updated_block = %(block)s
        WHERE token_id = %(tokenId)s
        """,
    ),
    "TicketMinted": (
        "UPDATE tickets SET event_id = %(eventId)s, original_buyer = lower(%(buyer)s),"
        " seat_number = %(seatNumber)s, original_price = %(price)s, updated_block = %(block)s"
        " WHERE token_id = %(tokenId)s",
    ),
    "TicketUsed": (
        "UPDATE tickets SET status = 'used', updated_block = %(block)s"
        " WHERE token_id = %(tokenId)s",
    ),
    "TicketCancelled": (
        "UPDATE tickets SET status = 'revoked', updated_block = %(block)s"
        " WHERE token_id = %(tokenId)s",
    ),
    "TicketStatusChanged": (
        f"UPDATE tickets SET status = {_TICKET_STATUS}[%(newStatus)s + 1],"
        " updated_block = %(block)s WHERE token_id = %(tokenId)s",
    ),
    "VerifierAuthorized": (
        _VERIFIER.format(use="%(authorized)s", mint="false", column="may_use"),
    ),
    "MinterAuthorized": (
        _VERIFIER.format(use="false", mint="%(authorized)s", column="may_mint"),
    ),
    "ListingCreated": (
        "UPDATE tickets SET listing_id = %(listingId)s, updated_block = %(block)s"
        " WHERE token_id = %(tokenId)s",
        f"""
        INSERT INTO market_listings (suite_id, listing_id, token_id, seller, price, eth_price,
                                     expires_at, status, created_block, created_at, updated_block,
                                     event_id)
        VALUES (1, %(listingId)s, %(tokenId)s, lower(%(seller)s), %(price)s, %(ethPrice)s,
                to_timestamp(%(expiresAt)s), 'active', %(block)s, to_timestamp(%(time)s), %(block)s,
                {_EVENT_OF})
        """,
    ),
    "ListingUpdated": (
        "UPDATE market_listings SET price = %(newPrice)s, eth_price = %(newEthPrice)s,"
        " expires_at = to_timestamp(%(newExpiresAt)s), updated_block = %(block)s"
        " WHERE listing_id = %(listingId)s",
    ),
    "ListingCancelled": (
        "UPDATE market_listings SET status = 'cancelled', closed_at = to_timestamp(%(time)s),"
        " updated_block = %(block)s WHERE listing_id = %(listingId)s",
    ),
    "TicketSold": (
        "UPDATE market_listings SET status = 'sold', closed_at = to_timestamp(%(time)s),"
        " buyer = lower(%(buyer)s), sold_price = %(price)s, sold_in_eth = %(paidWithEth)s,"
        " updated_block = %(block)s WHERE listing_id = %(listingId)s",
        _TRADE.format(
            f"'secondary', {_EVENT_OF}, NULL, 1, %(listingId)s, %(tokenId)s",
            "lower(%(seller)s), %(price)s",
        ),
    ),
    "AuctionCreated": (
        "UPDATE tickets SET auction_id = %(auctionId)s, updated_block = %(block)s"
        " WHERE token_id = %(tokenId)s",
        f"""
        INSERT INTO auctions (suite_id, auction_id, token_id, seller, starting_price,
                              eth_starting_price, reserve_price, end_time, status, created_block,
                              created_at, updated_block, event_id)
        VALUES (1, %(auctionId)s, %(tokenId)s, lower(%(seller)s), %(startingPrice)s,
                %(ethStartingPrice)s, %(reservePrice)s, to_timestamp(%(endTime)s), 'active',
                %(block)s, to_timestamp(%(time)s), %(block)s, {_EVENT_OF})
        """,
    ),
    "BidPlaced": (
        "UPDATE auctions SET updated_block = %(block)s WHERE auction_id = %(auctionId)s",
        "INSERT INTO bids VALUES (1, %(block)s, %(index)s, %(auctionId)s, lower(%(bidder)s),"
        " %(amount)s, %(isEth)s, to_timestamp(%(time)s))",
    ),
    "AuctionEnded": (
        "UPDATE auctions SET status = 'ended', winner = lower(%(winner)s),"
        " winning_bid = %(winningBid)s, won_in_eth = %(isEthBid)s, updated_block = %(block)s"
        " WHERE auction_id = %(auctionId)s",
    ),
    "AuctionCancelled": (
        "UPDATE auctions SET status = 'cancelled', updated_block = %(block)s"
        " WHERE auction_id = %(auctionId)s",
    ),
    "BidBalanceDeposited": (_BALANCE.format(sign=""),),
    "BidBalanceWithdrawn": (_BALANCE.format(sign="-"),),
    "Swap": (
        "INSERT INTO swaps VALUES (1, %(block)s, %(index)s, lower(%(user)s), lower(%(tokenIn)s),"
        " lower(%(tokenOut)s), %(amountIn)s, %(amountOut)s, %(fee)s, to_timestamp(%(time)s),"
        " %(tx)s)",
    ),
    "LiquidityAdded": (),
    "LiquidityRemoved": (),
    "ReservesUpdated": (
        _POOL.format(
            "%(reserveToken)s, %(reserveETH)s, 30, 5, NULL, NULL, NULL",
            "reserve_token = EXCLUDED.reserve_token, reserve_eth = EXCLUDED.reserve_eth,"
            " updated_block = EXCLUDED.updated_block",
        ),
    ),
    "FeeRatesUpdated": (
        _POOL.format(
            "0, 0, %(swapFeeRate)s, %(protocolFeeRate)s, NULL, NULL, NULL",
            "swap_fee_rate = EXCLUDED.swap_fee_rate,"
            " protocol_fee_rate = EXCLUDED.protocol_fee_rate,"
            " updated_block = EXCLUDED.updated_block",
        ),
    ),
}  # fmt: skip


def index(w3: Web3, conn: psycopg.Connection[Any], last: int) -> int:
    """Everything from the suite's first block to `last`; returns the number of logs kept."""
    suite = settings.current_suite()
    names = {Web3.to_checksum_address(suite.by_name()[name]): name for name in _NAMES}
    events = _events(w3, names)
    market = Web3.to_checksum_address(suite.marketplace)
    logs = 0
    for first in range(suite.from_block, last + 1, RANGE):
        end = min(first + RANGE - 1, last)
        query: Any = {"fromBlock": first, "toBlock": end, "address": list(names)}
        for log in w3.eth.get_logs(query):
            event = events.get((log["address"], bytes(log["topics"][0]), len(log["topics"])))
            if event is not None:
                _keep(conn, names[log["address"]], log, event.process_log(log), market)
                logs += 1
        conn.commit()
    return logs


def _events(w3: Web3, names: dict[Any, str]) -> dict[tuple[str, bytes, int], ContractEvent]:
    found = {}
    for address, name in names.items():
        abi = json.loads(Path("abis", f"{name}.json").read_text())
        contract = w3.eth.contract(address=address, abi=abi)
        for entry in abi:
            if entry["type"] == "event":
                topics = 1 + sum(one["indexed"] for one in entry["inputs"])
                key = (address, topic_of(name, entry["name"]), topics)
                found[key] = contract.events[entry["name"]]()
    return found


def _keep(
    conn: psycopg.Connection[Any], contract: str, log: Any, decoded: Any, market: str
) -> None:
    event, topics = decoded["event"], [bytes(topic) for topic in log["topics"]]
    time = int(log["blockTimestamp"], 16)
    subject = topics[3] if event == "Transfer" else topics[1] if len(topics) > 1 else None
    conn.execute(_RAW, [
        log["blockNumber"], bytes(log["blockHash"]), time, bytes(log["transactionHash"]),
        log["logIndex"], contract, bytes.fromhex(log["address"][2:]), topics[0],
        None if contract == "TokenSwap" else subject, topics, bytes(log["data"]),
    ])  # fmt: skip
    values = {
        **decoded["args"], "block": log["blockNumber"], "index": log["logIndex"], "time": time,
        "tx": bytes(log["transactionHash"]), "market": market,
    }  # fmt: skip
    if event == "Transfer" and values["from"] == _ZERO:
        event = "Mint"
    for statement in STATEMENTS[event]:
        conn.execute(statement, values)


def main(last: int) -> None:
    w3 = Web3(HTTPProvider(settings.required("RPC_URL")))
    with psycopg.connect(settings.required("DB_URL")) as conn:
        began = perf_counter()
        logs = index(w3, conn, last)
        measuring.tell(logs=logs, seconds=perf_counter() - began)


if __name__ == "__main__":
    main(int(sys.argv[1]))
