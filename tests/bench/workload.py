"""A busy platform's logs: months of events, sales, resales, swaps and admissions, told in order.

The story is consistent (nothing is sold before it is announced, nobody sells what another holds),
deterministic for a seed, and never ends; `infra/local` plays real contracts, this only their logs.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from onlineticket.domain.suite import Suite
from tests.bench.records import LISTED, record

Transaction = list["Log"]
"""The logs of one transaction, in order."""

T = TypeVar("T")

WALLETS = 6_000
ORGANIZERS = 40
VERIFIERS = 25
BLOCK_SECONDS = 12
_ETHER = 10**18
_DAY = 86_400
_ZERO = 0


class Log(NamedTuple):
    """`record`: how the emitter takes it; `is_listed`: whether it means anything to the indexer."""

    contract: str
    record: bytes
    is_listed: bool


@dataclass(slots=True)
class _Ticket:
    token: int
    event: int
    owner: int


@dataclass(slots=True)
class _Lot:
    """A ticket in the Marketplace's hands: a listing, or an auction."""

    id: int
    ticket: _Ticket
    price: int


@dataclass(slots=True, eq=False)
class _Type:
    event: int
    id: int
    organizer: int
    price: int
    left: int


@dataclass(slots=True)
class Story:
    """`now`: the time of the block being told, in Unix seconds."""

    suite: Suite
    now: int
    seed: int = 1
    _draw: random.Random = field(init=False)
    _wallets: list[int] = field(init=False)
    _on_sale: list[_Type] = field(default_factory=list)
    _tickets: list[_Ticket] = field(default_factory=list)
    _listings: list[_Lot] = field(default_factory=list)
    _auctions: list[_Lot] = field(default_factory=list)
    _ids: dict[str, int] = field(default_factory=dict)
    _reserves: tuple[int, int] = (4_000_000 * _ETHER, 1_000 * _ETHER)

    def __post_init__(self) -> None:
        self._draw = random.Random(self.seed)
        self._wallets = [self._draw.getrandbits(160) for _ in range(WALLETS)]

    def blocks(self) -> Iterator[list[Transaction]]:
        """Block after block, 20 to 150 logs in each, whole transactions; the clock moves along."""
        plots: list[Callable[[], Transaction]] = [plot for plot, _ in self._plots()]
        weights = [weight for _, weight in self._plots()]
        yield [self._opening(), *(self._event() for _ in range(8))]
        while True:
            self.now += BLOCK_SECONDS
            room = self._draw.randint(30, 150)
            block: list[Transaction] = []
            while room > 10:
                [plot] = self._draw.choices(plots, weights)
                transaction = plot()
                block.append(transaction)
                room -= len(transaction)
            yield block

    def _plots(self) -> list[tuple[Callable[[], Transaction], float]]:
        """What may happen next, and how often of a hundred times."""
        return [
            (self._purchase, 38), (self._use, 14), (self._list, 12), (self._buy, 8),
            (self._swap, 9), (self._send_tokens, 6), (self._cancel_listing, 2.5),
            (self._update_listing, 2.5), (self._send_ticket, 2), (self._auction, 1.2),
            (self._bid, 1.2), (self._liquidity, 1), (self._event, 0.7), (self._end_auction, 0.6),
            (self._clean_up, 0.4), (self._revoke, 0.3), (self._expire, 0.3), (self._withdraw, 0.3),
        ]  # fmt: skip

    # -- EventManager ---------------------------------------------------------------------------

    def _opening(self) -> Transaction:
        logs = [self._log("EventManager", "OrganizerAuthorized", self._wallets[one], True)
                for one in range(ORGANIZERS)]  # fmt: skip
        logs += [self._log("TicketManager", "VerifierAuthorized", self._wallets[-one - 1], True)
                 for one in range(VERIFIERS)]  # fmt: skip
        manager = int(self.suite.event_manager, 16)
        logs.append(self._log("TicketManager", "MinterAuthorized", manager, True))
        logs.append(self._log("TokenSwap", "FeeRatesUpdated", 30, 5))
        return logs + self._liquidity()

    def _event(self) -> Transaction:
        event, organizer = self._next("event"), self._wallets[self._draw.randrange(ORGANIZERS)]
        start = self.now + self._draw.randint(5, 90) * _DAY
        name = f"Konzert Nr. {event} 演唱会"
        logs = [
            self._log("EventManager", "EventCreated", event, organizer, name, start, start + 10800)
        ]
        for id_ in range(self._draw.randint(2, 4)):
            price, supply = self._draw.randint(20, 300) * _ETHER, self._draw.randint(30, 150)
            types = (event, id_, f"Category {id_ + 1}", price, supply)
            logs.append(self._log("EventManager", "TicketTypeAdded", *types))
            self._on_sale.append(_Type(event, id_, organizer, price, supply))
        logs.append(self._log("EventManager", "EventApproved", event, True))
        logs.append(self._log("EventManager", "EventUpdated", event, 1, 3))
        return logs

    def _purchase(self) -> Transaction:
        type_ = self._one_on_sale()
        if type_ is None:
            return self._event()
        buyer, quantity = self._wallet(), min(self._draw.choice((1, 1, 2, 2, 2, 3, 4)), type_.left)
        in_eth, cost = self._draw.random() < 0.3, quantity * type_.price
        logs: Transaction = [] if in_eth else [self._token_transfer(buyer, type_.organizer, cost)]
        for _ in range(quantity):
            ticket = _Ticket(self._next("token"), type_.event, buyer)
            logs += (
                self._move(ticket.token, _ZERO, buyer),
                self._log("TicketManager", "MetadataUpdate", ticket.token),
                self._log("TicketManager", "TicketMinted", ticket.token, type_.event, buyer,
                          self._draw.randint(0, 400), type_.price),
            )  # fmt: skip
            self._tickets.append(ticket)
        sale = (type_.event, type_.id, buyer, quantity, cost, in_eth)
        logs.append(self._log("EventManager", "TicketPurchased", *sale))
        type_.left -= quantity
        if type_.left == 0:
            self._on_sale.remove(type_)
            if not in_eth and all(one.event != type_.event for one in self._on_sale):
                logs.append(self._log("EventManager", "EventUpdated", type_.event, 3, 4))
        return logs

    def _withdraw(self) -> Transaction:
        organizer, amount = self._wallets[self._draw.randrange(ORGANIZERS)], self._amount()
        return [self._log("EventManager", "RevenueWithdrawn", organizer, amount, False)]

    # -- TicketManager --------------------------------------------------------------------------

    def _use(self) -> Transaction:
        ticket, verifier = self._take(self._tickets), self._wallets[-1 - self._draw.randrange(25)]
        if ticket is None:
            return self._purchase()
        return [
            self._log("TicketManager", "TicketUsed", ticket.token, ticket.event, verifier),
            self._log("TicketManager", "TicketStatusChanged", ticket.token, 0, 1),
        ]

    def _revoke(self) -> Transaction:
        ticket = self._take(self._tickets)
        if ticket is None:
            return self._purchase()
        why = "Refunded: the buyer could not come"
        return [
            self._log("TicketManager", "TicketCancelled", ticket.token, ticket.event, why),
            self._log("TicketManager", "TicketStatusChanged", ticket.token, 0, 2),
        ]

    def _expire(self) -> Transaction:
        expired = [self._take(self._tickets) for _ in range(8)]
        logs = [self._log("TicketManager", "TicketStatusChanged", one.token, 0, 3)
                for one in expired if one is not None]  # fmt: skip
        return logs or self._purchase()

    def _send_ticket(self) -> Transaction:
        if not self._tickets:
            return self._purchase()
        ticket, to = self._draw.choice(self._tickets), self._wallet()
        move = self._move(ticket.token, ticket.owner, to)
        ticket.owner = to
        return [move]

    # -- Marketplace ----------------------------------------------------------------------------

    def _list(self) -> Transaction:
        ticket = self._take(self._tickets)
        if ticket is None:
            return self._purchase()
        lot = _Lot(self._next("listing"), ticket, self._amount())
        self._listings.append(lot)
        eth_price = lot.price // 4000 if self._draw.random() < 0.4 else 0
        expires_at = self.now + self._draw.randint(1, 30) * _DAY
        return [
            *self._into_escrow(ticket),
            self._log("Marketplace", "ListingCreated", lot.id, ticket.token, ticket.owner,
                      lot.price, eth_price, expires_at),
        ]  # fmt: skip

    def _buy(self) -> Transaction:
        lot = self._take(self._listings)
        if lot is None:
            return self._list()
        buyer, seller, in_eth = self._wallet(), lot.ticket.owner, self._draw.random() < 0.2
        logs: Transaction = [] if in_eth else [
            self._token_transfer(buyer, seller, lot.price),
            self._token_transfer(buyer, 0xFEE, lot.price // 40),
        ]  # fmt: skip
        sale = (lot.id, lot.ticket.token, buyer, seller, lot.price, in_eth)
        logs += (
            self._out_of_escrow(lot.ticket, buyer),
            self._log("Marketplace", "TicketSold", *sale),
        )
        return logs

    def _cancel_listing(self) -> Transaction:
        lot = self._take(self._listings)
        if lot is None:
            return self._list()
        return [
            self._out_of_escrow(lot.ticket, lot.ticket.owner),
            self._log("Marketplace", "ListingCancelled", lot.id),
        ]

    def _update_listing(self) -> Transaction:
        if not self._listings:
            return self._list()
        lot, until = self._draw.choice(self._listings), self.now + 30 * _DAY
        lot.price = self._amount()
        return [self._log("Marketplace", "ListingUpdated", lot.id, lot.price, 0, until)]

    def _clean_up(self) -> Transaction:
        """Expired listings go back with no log but the ticket's own."""
        lots = [self._take(self._listings) for _ in range(5)]
        logs = [self._out_of_escrow(lot.ticket, lot.ticket.owner) for lot in lots if lot]
        return logs or self._list()

    def _auction(self) -> Transaction:
        ticket = self._take(self._tickets)
        if ticket is None:
            return self._purchase()
        lot = _Lot(self._next("auction"), ticket, self._amount())
        self._auctions.append(lot)
        return [
            *self._into_escrow(ticket),
            self._log("Marketplace", "AuctionCreated", lot.id, ticket.token, ticket.owner,
                      lot.price, 0, lot.price * 2, self.now + 7 * _DAY),
        ]  # fmt: skip

    def _bid(self) -> Transaction:
        if not self._auctions:
            return self._auction()
        lot, bidder = self._draw.choice(self._auctions), self._wallet()
        lot.price += 5 * _ETHER
        return [
            self._token_transfer(bidder, int(self.suite.marketplace, 16), lot.price),
            self._log("Marketplace", "BidBalanceDeposited", bidder, lot.price, False),
            self._log("Marketplace", "BidPlaced", lot.id, bidder, lot.price, False),
        ]

    def _end_auction(self) -> Transaction:
        lot = self._take(self._auctions)
        if lot is None:
            return self._auction()
        if self._draw.random() < 0.2:
            back = self._out_of_escrow(lot.ticket, lot.ticket.owner)
            return [back, self._log("Marketplace", "AuctionCancelled", lot.id)]
        winner, token = self._wallet(), lot.ticket.token
        return [
            self._log("Marketplace", "BidBalanceWithdrawn", winner, lot.price, False),
            self._out_of_escrow(lot.ticket, winner),
            self._log("Marketplace", "AuctionEnded", lot.id, token, winner, lot.price, False),
        ]

    # -- TokenSwap and PlatformToken ------------------------------------------------------------

    def _swap(self) -> Transaction:
        wallet, (tokens, ether) = self._wallet(), self._reserves
        swap, token = int(self.suite.token_swap, 16), int(self.suite.platform_token, 16)
        given = self._draw.randint(1, 100) * _ETHER // 100
        fee = given * 30 // 10_000
        if self._draw.random() < 0.5:
            out = (given - fee) * tokens // (ether + given)
            self._reserves = tokens - out, ether + given
            paid, swapped = self._token_transfer(swap, wallet, out), (_ZERO, token)
        else:
            given, fee = given * 4000, fee * 4000
            out = (given - fee) * ether // (tokens + given)
            self._reserves = tokens + given, ether - out
            paid, swapped = self._token_transfer(wallet, swap, given), (token, _ZERO)
        return [
            paid,
            self._log("TokenSwap", "Swap", wallet, *swapped, given, out, fee),
            self._log("TokenSwap", "ReservesUpdated", *self._reserves),
        ]

    def _liquidity(self) -> Transaction:
        wallet, (tokens, ether) = self._wallet(), self._reserves
        share = self._draw.randint(1, 50)
        more = tokens * share // 10_000, ether * share // 10_000
        event, sign = ("LiquidityAdded", 1) if self._draw.random() < 0.6 else (
            "LiquidityRemoved", -1)  # fmt: skip
        self._reserves = tokens + sign * more[0], ether + sign * more[1]
        ends = (_ZERO, wallet) if sign > 0 else (wallet, _ZERO)
        return [
            self._token_transfer(wallet, int(self.suite.token_swap, 16), more[0]),
            self._log("TokenSwap", "Transfer20", *ends, share * _ETHER),
            self._log("TokenSwap", event, wallet, *more, share * _ETHER),
            self._log("TokenSwap", "ReservesUpdated", *self._reserves),
        ]

    def _send_tokens(self) -> Transaction:
        return [self._token_transfer(self._wallet(), self._wallet(), self._amount())]

    # -- Pieces ---------------------------------------------------------------------------------

    def _log(self, contract: str, event: str, *args: int | str) -> Log:
        return Log(contract, record(event, args), event in LISTED)

    def _move(self, token: int, sender: int, to: int) -> Log:
        return self._log("TicketManager", "Transfer", sender, to, token)

    def _token_transfer(self, sender: int, to: int, amount: int) -> Log:
        return self._log("PlatformToken", "Transfer20", sender, to, amount)

    def _into_escrow(self, ticket: _Ticket) -> Transaction:
        market = int(self.suite.marketplace, 16)
        return [
            self._log("TicketManager", "Approval", ticket.owner, market, ticket.token),
            self._move(ticket.token, ticket.owner, market),
        ]

    def _out_of_escrow(self, ticket: _Ticket, to: int) -> Log:
        move = self._move(ticket.token, int(self.suite.marketplace, 16), to)
        ticket.owner = to
        self._tickets.append(ticket)
        return move

    def _take(self, pile: list[T]) -> T | None:
        """Any one of the pile, taken out; the last one fills its place."""
        if not pile:
            return None
        place = self._draw.randrange(len(pile))
        pile[place], pile[-1] = pile[-1], pile[place]
        return pile.pop()

    def _next(self, kind: str) -> int:
        self._ids[kind] = self._ids.get(kind, 0) + 1
        return self._ids[kind]

    def _one_on_sale(self) -> _Type | None:
        """The oldest sell best, so that they sell out."""
        place = int(self._draw.random() ** 3 * len(self._on_sale))
        return self._on_sale[place] if self._on_sale else None

    def _wallet(self) -> int:
        return self._wallets[int(self._draw.random() ** 2 * WALLETS)]

    def _amount(self) -> int:
        return self._draw.randint(10, 900) * _ETHER // 2
