"""What the chain itself says, by eth_call and eth_getLogs, in the form the API should answer it.

Shares nothing with the indexer: other decoding, no database, no fold over logs. Only what no view
tells is taken from logs: a ticket's moves, and who bought a listing for how much.
"""

from dataclasses import dataclass, field
from typing import Any

from eth_utils.address import to_checksum_address

from infra.local.views import Views
from onlineticket.domain.suite import Suite

EVENT_STATUS = (
    "draft", "published", "presale", "onsale", "sold_out", "cancelled", "ended", "settled",
)  # fmt: skip
TICKET_STATUS = ("valid", "used", "revoked", "expired")
LISTING_STATUS = ("active", "sold", "cancelled", "expired")
AUCTION_STATUS = ("active", "ended", "cancelled")

Row = dict[str, Any]
"""A JSON object as the API should answer it, but for times, which are `Time`."""


@dataclass(frozen=True, slots=True)
class Time:
    """Unix seconds, for RFC 3339 in an answer."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Truth:
    """Everything under its id, at one block."""

    block: int
    events: dict[int, Row] = field(default_factory=dict)
    ticket_types: dict[int, list[Row]] = field(default_factory=dict)
    """Under the event's id, by type id."""
    tickets: dict[int, Row] = field(default_factory=dict)
    listings: dict[int, Row] = field(default_factory=dict)
    primary: dict[tuple[int, int], Row] = field(default_factory=dict)
    """Ticket types on sale, under (event id, type id)."""
    auctions: dict[int, Row] = field(default_factory=dict)
    trades: list[Row] = field(default_factory=list)
    """In chain order."""

    def holders(self) -> dict[str, list[int]]:
        """The tickets that each wallet has, or has in escrow, the newest first."""
        found: dict[str, list[int]] = {}
        for token_id in sorted(self.tickets, reverse=True):
            found.setdefault(self.tickets[token_id]["holder"], []).append(token_id)
        return found


def read(rpc_url: str, suite: Suite, *, block: int, now: int) -> Truth:
    """Everything the suite holds at `block`; `now` (Unix seconds) says what is on sale."""
    node = Views(rpc_url, suite, block)
    truth = Truth(block)
    for event_id, event in node.events():
        types = list(node.ticket_types(event_id, event))
        truth.events[event_id] = _event(event_id, event, types)
        rows = [_ticket_type(event_id, event, each, now) for each in types]
        truth.ticket_types[event_id] = rows
        for row in rows:
            if row["on_sale_now"]:
                truth.primary[event_id, int(row["type_id"])] = _on_sale(truth.events[event_id], row)
    listings = dict(node.listings())
    auctions, trades = dict(node.auctions()), list(node.trades())
    sales = {
        each["ids"][0]: (each["buyer"], each["amount"], each["in_eth"])
        for each in trades
        if "seller" in each
    }
    for token_id, moves in node.moves().items():
        ticket = _ticket(token_id, node, moves, listings, truth, now)
        truth.tickets[token_id] = ticket | {"auction_id": _auction_of(token_id, auctions)}
    for auction_id, auction in auctions.items():
        ticket = truth.tickets[auction["tokenId"]]
        truth.auctions[auction_id] = _auction(auction_id, auction, ticket, now)
    truth.trades.extend(_trade(trade, truth) for trade in trades)
    for listing_id, listing in listings.items():
        ticket = truth.tickets[listing["tokenId"]]
        truth.listings[listing_id] = _listing(listing_id, listing, ticket, sales, now)
    return truth


def _event(event_id: int, event: Row, types: list[Row]) -> Row:
    return {
        "suite_id": 1,
        "event_id": str(event_id),
        "organizer": to_checksum_address(event["organizer"]),
        "name": event["name"],
        "description": event["description"],
        "image_url": event["imageURI"],
        "venue": event["venue"],
        "start_time": Time(event["startTime"]),
        "end_time": Time(event["endTime"]),
        "status": EVENT_STATUS[event["status"]],
        "total_supply": str(sum(each["totalSupply"] for each in types)),
        "sold": str(sum(each["sold"] for each in types)),
        "sold_out": bool(types) and all(each["sold"] >= each["totalSupply"] for each in types),
        "requires_approval": event["requiresApproval"],
        "approved": event["isApproved"],
        "revenue_token": str(event["totalRevenue"]),
        "revenue_eth": str(event["totalEthRevenue"]),
        "created_at": Time(event["createdAt"]),
    }


def _ticket_type(event_id: int, event: Row, each: Row, now: int) -> Row:
    status = EVENT_STATUS[event["status"]]
    for_sale = (
        event["isApproved"]
        and each["sold"] < each["totalSupply"]
        and (each["price"] > 0 or each["ethPrice"] > 0)
    )
    return {
        "event_id": str(event_id),
        "type_id": str(each["typeId"]),
        "name": each["name"],
        "price": str(each["price"]),
        "eth_price": str(each["ethPrice"]),
        "total_supply": str(each["totalSupply"]),
        "sold": str(each["sold"]),
        "available": str(each["totalSupply"] - each["sold"]),
        "presale_start": Time(each["presaleStart"]),
        "sale_start": Time(each["saleStart"]),
        "sale_end": Time(each["saleEnd"]),
        "is_transferable": each["isTransferable"],
        "presale_only": each["presaleOnly"],
        "on_sale_now": for_sale
        and status in ("presale", "onsale")
        and not each["presaleOnly"]
        and each["saleStart"] <= now <= each["saleEnd"],
        "presale_now": for_sale
        and status == "presale"
        and each["presaleStart"] <= now < each["saleStart"],
    }


def _ticket(
    token_id: int,
    node: Views,
    moves: list[Row],
    listings: dict[int, Row],
    truth: Truth,
    now: int,
) -> Row:
    ticket = node.ticket(token_id)
    status = TICKET_STATUS[ticket["status"]]
    escrowed = ticket["owner"] == node.suite.marketplace
    listing_id = next(
        (
            each
            for each, listing in listings.items()
            if listing["tokenId"] == token_id and LISTING_STATUS[listing["status"]] == "active"
        ),
        None,
    )
    types = {int(each["type_id"]): each for each in truth.ticket_types.get(ticket["eventId"], [])}
    own_type = types.get(ticket["category"])
    return {
        "suite_id": 1,
        "token_id": str(token_id),
        "event_id": str(ticket["eventId"]),
        "type_id": str(ticket["category"]),
        "type_name": own_type["name"] if own_type else None,
        "owner": to_checksum_address(ticket["owner"]),
        "holder": to_checksum_address(moves[-1]["sender"] if escrowed else ticket["owner"]),
        "escrowed": escrowed,
        "listed": listing_id is not None and listings[listing_id]["expiresAt"] >= now,
        "listing_id": None if listing_id is None else str(listing_id),
        "seat_number": str(ticket["seatNumber"]),
        "seat_section": ticket["seatSection"],
        "original_price": str(ticket["originalPrice"]),
        "original_buyer": to_checksum_address(ticket["originalBuyer"]),
        "status": status,
        "chain_status": status,
        "valid_from": Time(ticket["validFrom"]),
        "valid_until": Time(ticket["validUntil"]),
        "is_transferable": ticket["isTransferable"],
        "transfers": len(moves) - 1,
        "minted_at": Time(ticket["purchaseTime"]),
        "admitted_at": None,
        "moves": [_move(move) for move in reversed(moves)],
    }


def _move(move: Row) -> Row:
    return {
        "sender": to_checksum_address(move["sender"]),
        "receiver": to_checksum_address(move["receiver"]),
        "block": move["block"],
        "moved_at": Time(move["time"]),
        "tx_hash": move["tx_hash"],
    }


def _listing(
    listing_id: int, listing: Row, ticket: Row, sales: dict[int, tuple[str, int, bool]], now: int
) -> Row:
    chain_status = LISTING_STATUS[listing["status"]]
    is_over = chain_status == "active" and listing["expiresAt"] < now
    buyer, sold_price, sold_in_eth = sales.get(listing_id, (None, None, None))
    return {
        "suite_id": 1,
        "side": "secondary",
        "listing_id": str(listing_id),
        "token_id": str(listing["tokenId"]),
        "event_id": ticket["event_id"],
        "type_id": ticket["type_id"],
        "seller": to_checksum_address(listing["seller"]),
        "price": str(listing["price"]),
        "eth_price": str(listing["ethPrice"]),
        "accepts_eth": listing["acceptsEth"],
        "available": None,
        "status": "expired" if is_over else chain_status,
        "chain_status": chain_status,
        "purchasable": chain_status == "active"
        and not is_over
        and ticket["chain_status"] == "valid"
        and ticket["is_transferable"],
        "expires_at": Time(listing["expiresAt"]),
        "created_at": Time(listing["createdAt"]),
        "buyer": to_checksum_address(buyer) if buyer else None,
        "sold_price": None if sold_price is None else str(sold_price),
        "sold_in_eth": sold_in_eth,
    }


def _on_sale(event: Row, each: Row) -> Row:
    return {
        "suite_id": 1,
        "side": "primary",
        "listing_id": None,
        "token_id": None,
        "event_id": event["event_id"],
        "type_id": each["type_id"],
        "seller": event["organizer"],
        "price": each["price"],
        "eth_price": each["eth_price"],
        "accepts_eth": int(each["eth_price"]) > 0,
        "available": each["available"],
        "status": "active",
        "chain_status": None,
        "purchasable": True,
        "expires_at": each["sale_end"],
        "created_at": None,
        "buyer": None,
        "sold_price": None,
        "sold_in_eth": None,
    }


def _auction_of(token_id: int, auctions: dict[int, Row]) -> str | None:
    for auction_id, auction in auctions.items():
        if auction["tokenId"] == token_id and AUCTION_STATUS[auction["status"]] == "active":
            return str(auction_id)
    return None


def _auction(auction_id: int, auction: Row, ticket: Row, now: int) -> Row:
    """No function of the Marketplace bids or ends: a winner, and bids, can't be."""
    chain_status = AUCTION_STATUS[auction["status"]]
    is_over = chain_status == "active" and auction["endTime"] < now
    return {
        "suite_id": 1,
        "auction_id": str(auction_id),
        "token_id": str(auction["tokenId"]),
        "event_id": ticket["event_id"],
        "type_id": ticket["type_id"],
        "seller": to_checksum_address(auction["seller"]),
        "starting_price": str(auction["startingPrice"]),
        "eth_starting_price": str(auction["ethStartingPrice"]),
        "reserve_price": str(auction["reservePrice"]),
        "end_time": Time(auction["endTime"]),
        "status": "ended" if is_over else chain_status,
        "chain_status": chain_status,
        "winner": None,
        "winning_bid": None,
        "won_in_eth": None,
        "created_at": Time(auction["startTime"]),
        "bids_placed": 0,
        "bids": [],
    }


def _trade(trade: Row, truth: Truth) -> Row:
    first, second = trade["ids"]
    common = {
        "suite_id": 1,
        "buyer": to_checksum_address(trade["buyer"]),
        "amount": str(trade["amount"]),
        "in_eth": trade["in_eth"],
        "traded_at": Time(trade["time"]),
        "tx_hash": trade["tx_hash"],
        "block": trade["block"],
        "log_index": trade["log_index"],
    }
    if "quantity" in trade:
        return common | {
            "side": "primary",
            "event_id": str(first),
            "type_id": str(second),
            "quantity": str(trade["quantity"]),
            "listing_id": None,
            "token_id": None,
            "seller": truth.events[first]["organizer"],
        }
    ticket = truth.tickets[second]
    return common | {
        "side": "secondary",
        "event_id": ticket["event_id"],
        "type_id": ticket["type_id"],
        "quantity": "1",
        "listing_id": str(first),
        "token_id": str(second),
        "seller": to_checksum_address(trade["seller"]),
    }
