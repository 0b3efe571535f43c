"""What a season is played on: the suite on a node, its clock, and what came into being."""

from dataclasses import dataclass, field
from typing import Any

from infra.local.blocks import Receipt, Transaction, call, calldata, mine
from infra.local.wallets import Wallet
from onlineticket.chain.rpc import Node
from onlineticket.domain.suite import Suite

HOUR, DAY = 3_600, 86_400
TOKEN = ETHER = 10**18
CREATED = "EventCreated(uint256,address,string,uint256,uint256)"
MINTED = "TicketMinted(uint256,uint256,address,uint256,uint256)"
LISTED = "ListingCreated(uint256,uint256,address,uint256,uint256,uint256)"
PUBLISHED, PRESALE, ONSALE, CANCELLED, ENDED, SETTLED = 1, 2, 3, 5, 6, 7


@dataclass(slots=True)
class Stage:
    """Makes transactions, and plays them. `now` is the real time, in Unix seconds."""

    node: Node
    suite: Suite
    now: int
    events: dict[str, int] = field(default_factory=dict)
    tickets: dict[str, int] = field(default_factory=dict)
    listings: dict[str, int] = field(default_factory=dict)
    token_ids: list[int] = field(default_factory=list)

    # -- time and blocks ------------------------------------------------------------------------

    def head_time(self) -> int:
        return int(self.node.call("eth_getBlockByNumber", ["latest", False])["timestamp"], 16)

    def play(self, *transactions: Transaction, age: int) -> list[Receipt]:
        """Mine them `age` seconds before now, or right after the head if that is past already."""
        moment = self.now - age
        at = moment if moment > self.head_time() else None
        receipts = mine(self.node, transactions, at=at)
        for receipt in receipts:
            self.token_ids += receipt.ids(MINTED)
        return receipts

    def mint(self, *transactions: Transaction, age: int) -> list[list[int]]:
        """As `play`; returns the new token ids of each transaction."""
        return [receipt.ids(MINTED) for receipt in self.play(*transactions, age=age)]

    def view(self, to: str, signature: str, *args: Any) -> int:
        request = {"to": to, "data": calldata(signature, *args)}
        return int(self.node.call("eth_call", [request, "latest"]), 16)

    # -- transactions by contract ---------------------------------------------------------------

    def on_events(self, by: Wallet, signature: str, *args: Any, value: int = 0) -> Transaction:
        return call(by.address, self.suite.event_manager, signature, *args, value=value)

    def on_tickets(self, by: Wallet, signature: str, *args: Any) -> Transaction:
        return call(by.address, self.suite.ticket_manager, signature, *args)

    def on_market(self, by: Wallet, signature: str, *args: Any, value: int = 0) -> Transaction:
        return call(by.address, self.suite.marketplace, signature, *args, value=value)

    def on_swap(self, by: Wallet, signature: str, *args: Any, value: int = 0) -> Transaction:
        return call(by.address, self.suite.token_swap, signature, *args, value=value)

    def on_token(self, by: Wallet, signature: str, *args: Any) -> Transaction:
        return call(by.address, self.suite.platform_token, signature, *args)

    # -- the longer ones ------------------------------------------------------------------------

    def announce(
        self, by: Wallet, name: str, venue: str, starts_in: int, *,
        lasts: int = 4 * HOUR, requires_approval: bool = False,
    ) -> Transaction:  # fmt: skip
        """`starts_in` and `lasts` are seconds, from now and from the start."""
        starts = self.now + starts_in
        return self.on_events(
            by, "createEvent(string,string,string,string,uint256,uint256,bool)",
            name, f"{name} at {venue}.", "ipfs://bafyposter", venue,
            starts, starts + lasts, requires_approval,
        )  # fmt: skip

    def add_type(
        self, by: Wallet, event: str, name: str, price: int, eth_price: int, supply: int, *,
        sale: tuple[int, int, int] = (-40 * DAY, -40 * DAY, 30 * DAY),
        transferable: bool = True, presale_only: bool = False,
    ) -> Transaction:  # fmt: skip
        """`sale`: the presale's start, the sale's start and its end, in seconds from now."""
        times = [self.now + each for each in sale]
        return self.on_events(
            by,
            "addTicketType(uint256,string,uint256,uint256,uint256,uint256,uint256,uint256,bool,bool)",
            self.events[event], name, price, eth_price, supply, *times, transferable, presale_only,
        )  # fmt: skip

    def move(self, by: Wallet, event: str, status: int) -> Transaction:
        return self.on_events(by, "updateEventStatus(uint256,uint8)", self.events[event], status)

    def buy(self, by: Wallet, event: str, type_id: int, seats: list[int]) -> Transaction:
        """In platform tokens; a seat of 0 is general admission."""
        return self.on_events(
            by, "purchaseTickets(uint256,uint256,uint256,uint256[])",
            self.events[event], type_id, len(seats), seats,
        )  # fmt: skip

    def buy_with_eth(
        self, by: Wallet, event: str, type_id: int, seats: list[int], value: int
    ) -> Transaction:
        return self.on_events(
            by, "purchaseTicketsWithEth(uint256,uint256,uint256,uint256[])",
            self.events[event], type_id, len(seats), seats, value=value,
        )  # fmt: skip

    def offer(
        self, by: Wallet, token_id: int, price: int, eth_price: int, duration: int, *,
        accepts_eth: bool = True,
    ) -> Transaction:  # fmt: skip
        """List a ticket; `duration` is in seconds."""
        return self.on_market(
            by, "createListing(uint256,uint256,uint256,uint256,bool)",
            token_id, price, eth_price, duration, accepts_eth,
        )  # fmt: skip

    def give(self, by: Wallet, to: str, token_id: int) -> Transaction:
        return self.on_tickets(
            by, "safeTransferFrom(address,address,uint256)", by.address, to, token_id
        )

    # -- what came of it ------------------------------------------------------------------------

    def name_events(self, receipts: list[Receipt], *names: str) -> None:
        ids = [each for receipt in receipts for each in receipt.ids(CREATED)]
        self.events |= dict(zip(names, ids, strict=True))

    def name_listings(self, receipts: list[Receipt], *names: str) -> None:
        ids = [each for receipt in receipts for each in receipt.ids(LISTED)]
        self.listings |= dict(zip(names, ids, strict=True))
