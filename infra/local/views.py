"""The suite's views and logs as the node tells them, at one block: what the truth is read from."""

from collections.abc import Iterator
from typing import Any

from eth_abi.abi import decode, encode
from eth_utils.abi import function_signature_to_4byte_selector
from eth_utils.crypto import keccak

from infra.local import chain
from infra.local.errors import NodeRefused
from onlineticket.domain.suite import Suite

Row = dict[str, Any]


class Views:
    """The suite's views at one block."""

    def __init__(self, url: str, suite: Suite, block: int) -> None:
        self._url, self.suite, self._block = url, suite, block
        self._times: dict[str, int] = {}

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

    def auctions(self) -> Iterator[tuple[int, Row]]:
        for auction_id in _from_1():
            found = self._view(
                self.suite.marketplace, "auctions(uint256)", [auction_id],
                "uint256 auctionId,uint256 tokenId,address seller,uint256 startingPrice,"
                "uint256 ethStartingPrice,uint256 reservePrice,uint256 currentBid,"
                "address currentBidder,uint256 startTime,uint256 endTime,uint8 status,"
                "bool acceptsEth,bool isEthBid",
            )  # fmt: skip
            if found is None or not int(found["seller"], 16):
                return
            yield auction_id, found

    def moves(self) -> dict[int, list[Row]]:
        """Each Transfer of each ticket, in order; the first is its mint."""
        moves: dict[int, list[Row]] = {}
        for log in self._logs(self.suite.ticket_manager, "Transfer(address,address,uint256)"):
            _, source, target, token_id = log["topics"]
            move = {
                "sender": "0x" + source[26:], "receiver": "0x" + target[26:],
                "block": int(log["blockNumber"], 16), "time": self._time(log["blockNumber"]),
                "tx_hash": log["transactionHash"],
            }  # fmt: skip
            moves.setdefault(int(token_id, 16), []).append(move)
        return moves

    def trades(self) -> Iterator[Row]:
        """What both kinds of sale log, in chain order; `ids` are the first two topics."""
        purchase = "TicketPurchased(uint256,uint256,address,uint256,uint256,bool)"
        resale = "TicketSold(uint256,uint256,address,address,uint256,bool)"
        found = [
            *self._sales(self.suite.event_manager, purchase, "uint256 quantity"),
            *self._sales(self.suite.marketplace, resale, "address seller"),
        ]
        return iter(sorted(found, key=lambda one: (one["block"], one["log_index"])))

    def _sales(self, address: str, signature: str, first: str) -> Iterator[Row]:
        type_, name = first.split()
        for log in self._logs(address, signature):
            values = decode([type_, "uint256", "bool"], bytes.fromhex(log["data"][2:]))
            yield {
                "ids": (int(log["topics"][1], 16), int(log["topics"][2], 16)),
                "buyer": "0x" + log["topics"][3][26:],
                "block": int(log["blockNumber"], 16),
                "log_index": int(log["logIndex"], 16),
                "time": self._time(log["blockNumber"]),
                "tx_hash": log["transactionHash"],
                **dict(zip((name, "amount", "in_eth"), values, strict=True)),
            }

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

    def _time(self, block: str) -> int:
        if block not in self._times:
            found = chain.call(self._url, "eth_getBlockByNumber", block, False)
            self._times[block] = int(found["timestamp"], 16)
        return self._times[block]

    def _logs(self, address: str, signature: str) -> list[Row]:
        filter_ = {
            "address": address,
            "topics": ["0x" + keccak(text=signature).hex()],
            "fromBlock": hex(self.suite.from_block),
            "toBlock": hex(self._block),
        }
        found: list[Row] = chain.call(self._url, "eth_getLogs", filter_)
        return found


def _from_1() -> Iterator[int]:
    return iter(range(1, 1_000_000))
