"""What the chain itself says, by eth_call and eth_getLogs, in the form the API should answer it.

Shares nothing with the indexer: other decoding, no database, no fold over logs. Only what no view
tells is taken from logs: a ticket's moves, and who bought a listing for how much.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from eth_abi.abi import decode, encode
from eth_utils.abi import function_signature_to_4byte_selector
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from infra.local import chain
from infra.local.errors import NodeRefused
from onlineticket.domain.suite import Suite

EVENT_STATUS = (
    "draft", "published", "presale", "onsale", "sold_out", "cancelled", "ended", "settled",
)  # fmt: skip
TICKET_STATUS = ("valid", "used", "revoked", "expired")
LISTING_STATUS = ("active", "sold", "cancelled", "expired")

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


def read(rpc_url: str, suite: Suite, *, block: int, now: int) -> Truth:
    """Everything the suite holds at `block`; `now` (Unix seconds) says what is on sale."""
    node = _Node(rpc_url, suite, block)
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
    for token_id, moves in node.moves().items():
        truth.tickets[token_id] = _ticket(token_id, node, moves, listings, truth, now)
    sales = node.sales()
    for listing_id, listing in listings.items():
        ticket = truth.tickets[listing["tokenId"]]
        truth.listings[listing_id] = _listing(listing_id, listing, ticket, sales, now)
    return truth


class _Node:
    """The suite's views at one block."""

    def __init__(self, url: str, suite: Suite, block: int) -> None:
        self._url, self.suite, self._block = url, suite, block

    def events(self) -> Iterator[tuple[int, Row]]:
        for event_id in _from_1():
            event = self._view(
                self.suite.event_manager, "getEventInfo(uint256)", [event_id],
                "string name,string description,string imageURI,string venue,address organizer,"
                "uint256 startTime,uint256 endTime,uint8 status,uint256 createdAt,"
                "uint256 totalTicketTypes,uint256 totalRevenue,uint256 totalEthRevenue,"
                "bool requiresApproval,bool isApproved",
            )  # fmt: skip
            if event is None or not int(event["organizer"], 16):
                return
            yield event_id, event

    def ticket_types(self, event_id: int, event: Row) -> Iterator[Row]:
        for type_id in range(event["totalTicketTypes"]):
            found = self._view(
                self.suite.event_manager, "getTicketTypeInfo(uint256,uint256)", [event_id, type_id],
                "string name,uint256 price,uint256 ethPrice,uint256 totalSupply,uint256 sold,"
                "uint256 presaleStart,uint256 saleStart,uint256 saleEnd,bool isTransferable,"
                "bool presaleOnly",
            )  # fmt: skip
            assert found is not None
            yield {"typeId": type_id, **found}

    def ticket(self, token_id: int) -> Row:
        tickets = self.suite.ticket_manager
        owner = self._view(tickets, "ownerOf(uint256)", [token_id], "address owner")
        found = self._view(
            tickets, "getTicketInfo(uint256)", [token_id],
            "uint256 eventId,uint256 seatNumber,uint256 originalPrice,uint256 category,"
            "uint256 validFrom,uint256 validUntil,uint8 status,address originalBuyer,"
            "uint256 purchaseTime,bool isTransferable,string seatSection,bytes32 verificationHash",
            as_tuple=True,
        )  # fmt: skip
        assert owner is not None
        assert found is not None
        return found | owner

    def listings(self) -> Iterator[tuple[int, Row]]:
        for listing_id in _from_1():
            found = self._view(
                self.suite.marketplace, "getListingInfo(uint256)", [listing_id],
                "uint256 tokenId,address seller,uint256 price,uint256 ethPrice,uint256 createdAt,"
                "uint256 expiresAt,uint8 status,bool acceptsEth",
            )  # fmt: skip
            if found is None or not int(found["seller"], 16):
                return
            yield listing_id, found

    def moves(self) -> dict[int, list[tuple[str, str]]]:
        """(from, to) of each Transfer of each ticket, in order; the first is its mint."""
        moves: dict[int, list[tuple[str, str]]] = {}
        for log in self._logs(self.suite.ticket_manager, "Transfer(address,address,uint256)"):
            _, source, target, token_id = log["topics"]
            moves.setdefault(int(token_id, 16), []).append(("0x" + source[26:], "0x" + target[26:]))
        return moves

    def sales(self) -> dict[int, tuple[str, int, bool]]:
        """(buyer, price, whether in ETH) of each sold listing."""
        sales = {}
        signature = "TicketSold(uint256,uint256,address,address,uint256,bool)"
        for log in self._logs(self.suite.marketplace, signature):
            _, price, in_eth = decode(
                ["address", "uint256", "bool"], bytes.fromhex(log["data"][2:])
            )
            listing_id, buyer = int(log["topics"][1], 16), "0x" + log["topics"][3][26:]
            sales[listing_id] = buyer, price, in_eth
        return sales

    def _view(
        self, to: str, signature: str, arguments: list[int], answer: str, *, as_tuple: bool = False
    ) -> Row | None:
        """None when the view reverts, as it does for an id that does not exist."""
        data = function_signature_to_4byte_selector(signature)
        data += encode(["uint256"] * len(arguments), arguments)
        request = {"to": to, "data": "0x" + data.hex()}
        try:
            returned = chain.call(self._url, "eth_call", request, hex(self._block))
        except NodeRefused:
            return None
        types, names = zip(*(part.split() for part in answer.split(",")), strict=True)
        raw = bytes.fromhex(returned[2:])
        values = decode([f"({','.join(types)})"], raw)[0] if as_tuple else decode(types, raw)
        return dict(zip(names, values, strict=True))

    def _logs(self, address: str, signature: str) -> list[Row]:
        filter_ = {
            "address": address,
            "topics": ["0x" + keccak(text=signature).hex()],
            "fromBlock": hex(self.suite.from_block),
            "toBlock": hex(self._block),
        }
        found: list[Row] = chain.call(self._url, "eth_getLogs", filter_)
        return found


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
    node: _Node,
    moves: list[tuple[str, str]],
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
        "holder": to_checksum_address(moves[-1][0] if escrowed else ticket["owner"]),
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
        "expires_at": each["sale_end"],
        "created_at": None,
        "buyer": None,
        "sold_price": None,
        "sold_in_eth": None,
    }


def _from_1() -> Iterator[int]:
    return iter(range(1, 1_000_000))
