"""What can happen in a random season: each act is one transaction or a few, drawn to fit what is
seen on the chain. Some fit no longer when they are mined, and some were never meant to: they revert.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

from eth_abi.abi import decode
from eth_utils.crypto import keccak

from infra.local.blocks import Transaction, calldata, call
from infra.local.stage import CREATED, DAY, ETHER, HOUR, LISTED, TOKEN, Stage
from infra.local.wallets import ARIA, BO, DOOR, HOLDER, MINA, NOAH, OMAR, PARTNER, PLATFORM, POOL
from infra.local.wallets import Wallet

BUYERS = (HOLDER, MINA, NOAH, OMAR)
ORGANIZERS = (ARIA, BO, PLATFORM)
EVERYBODY = (*ORGANIZERS, *BUYERS, POOL, DOOR, PARTNER)
WALLETS = {wallet.address: wallet for wallet in EVERYBODY}
UNANNOUNCED = 4_242
FAR = 2**256 - 1
NAMES = ("Gala", "山水音乐节 🎶", "Tab\tand\nnewline", "back\\slash \\N", "O'Hara; --", "é" * 40)
EVENT_STATUSES = range(8)
MOVES = {0: (1, 5), 1: (2, 3, 5), 2: (3, 4, 5), 3: (4, 5, 6), 4: (5, 6), 6: (7,)}


class Listing(NamedTuple):
    token_id: int
    seller: str
    price: int
    eth_price: int


@dataclass(slots=True)
class Scene:
    """What anybody sees on the chain by its logs. Addresses are lowercase."""

    organizers: dict[int, str] = field(default_factory=dict)
    statuses: dict[int, int] = field(default_factory=dict)
    """Of events that were moved; the others are DRAFT or PUBLISHED."""
    prices: dict[tuple[int, int], int] = field(default_factory=dict)
    """In tokens, of each ticket type."""
    owners: dict[int, str] = field(default_factory=dict)
    spent: set[int] = field(default_factory=set)
    """Tickets that are not VALID any more."""
    listings: dict[int, Listing] = field(default_factory=dict)
    """Those that nobody has bought or cancelled."""
    last_listing: int = 0

    def add(self, log: dict[str, Any]) -> None:
        topics = [bytes.fromhex(topic[2:]) for topic in log["topics"]]
        kind = _KINDS.get((topics[0], len(topics)))
        if kind is None:
            return
        ids = [int.from_bytes(topic, "big") for topic in topics[1:]]
        values = decode(kind.data, bytes.fromhex(log["data"][2:]))
        kind.see(self, ids, values)


def eth_price(price: int) -> int:
    """What we ask in ETH for what costs `price` tokens: so that a buyer need not look it up."""
    return 0 if price % 5 == 0 else price // 2_000


@dataclass(slots=True)
class Acts:
    """Draws acts for a stage whose scene is as last seen. `contract`: a ContractWallet."""

    random: Random
    stage: Stage
    scene: Scene
    contract: str = ""

    def draw(self) -> list[Transaction]:
        """One act; none if there is nothing yet that it could be about."""
        (act,) = self.random.choices(tuple(_WEIGHTS), tuple(_WEIGHTS.values()))
        try:
            return act(self)
        except IndexError:
            return []

    # -- events ---------------------------------------------------------------------------------

    def announce(self) -> list[Transaction]:
        by, starts_in = self._one(ORGANIZERS + (MINA,)), self._one((30, HOUR, DAY, 20 * DAY))
        lasts = self._one((60, HOUR, DAY, FAR - self.stage.now - starts_in))
        return [
            self.stage.announce(
                by, self._one(NAMES), self._one(NAMES), starts_in,
                lasts=lasts, requires_approval=self._chance(0.5),
            )
        ]  # fmt: skip

    def open_sale(self) -> list[Transaction]:
        """All that is needed to sell, in one block."""
        event_id, by = self._event()
        approve = self.stage.on_events(PLATFORM, "approveEvent(uint256,bool)", event_id, True)
        moves = [self.stage.move(by, str(event_id), status) for status in (1, 3)]
        return [*self.add_type(event_id), approve, *moves]

    def approve(self) -> list[Transaction]:
        event_id, _ = self._event()
        by = PLATFORM if self._chance(0.9) else ARIA
        signature = "approveEvent(uint256,bool)"
        return [self.stage.on_events(by, signature, event_id, self._chance(0.7))]

    def move(self) -> list[Transaction]:
        event_id, by = self._event()
        fitting = MOVES.get(self.scene.statuses.get(event_id, self._one((0, 1))), ())
        status = self._one(fitting if fitting and self._chance(0.8) else EVENT_STATUSES)
        return [self.stage.move(by, str(event_id), status)]

    def update_silently(self) -> list[Transaction]:
        still = [each for each in self.scene.organizers if each not in self.scene.statuses]
        event_id, by = self._event(still if self._chance(0.8) else None)
        starts = self.stage.now + self._one((-DAY, HOUR, 2 * DAY))
        return [
            self.stage.on_events(
                by, "updateEvent(uint256,string,string,string,string,uint256,uint256)", event_id,
                self._one(("", *NAMES)), self._one(("", *NAMES)), self._one(("", "ipfs://new")),
                self._one(("", *NAMES)), self._one((1, starts)), self._one((2, starts + DAY)),
            )
        ]  # fmt: skip

    def add_type(self, event_id: int | None = None) -> list[Transaction]:
        if event_id is None:
            event_id, _ = self._event()
        by = WALLETS[self.scene.organizers[event_id]]
        price = self._one((*(7 * TOKEN + 1, 9 * TOKEN + 7, 20 * TOKEN) * 3, 0, 2**255 + 1))
        sale = self._one(((-DAY, -DAY, FAR),) * 6 + ((-DAY, DAY, 2 * DAY), (0, HOUR, FAR)))
        times = [min(self.stage.now + each, FAR) - self.stage.now for each in sale]
        return [
            self.stage.add_type(
                by, str(event_id), self._one(NAMES), price, eth_price(price),
                self._one((1, 2, 9, 50, 50, FAR)), sale=(times[0], times[1], times[2]),
                transferable=self._chance(0.85), presale_only=self._chance(0.1),
            )
        ]  # fmt: skip

    def invite(self) -> list[Transaction]:
        event_id, type_id = self._type()
        by = WALLETS[self.scene.organizers[event_id]]
        signature = "addToPresaleWhitelist(uint256,uint256,address[])"
        guests = [each.address for each in BUYERS]
        return [self.stage.on_events(by, signature, event_id, type_id, guests)]

    def withdraw(self) -> list[Transaction]:
        in_eth = self._chance(0.5)
        return [self.stage.on_events(by, "withdrawRevenue(bool)", in_eth) for by in ORGANIZERS]

    # -- the first sale -------------------------------------------------------------------------

    def buy(self) -> list[Transaction]:
        event_id, type_id = self._type()
        return [self.stage.buy(self._one(BUYERS), str(event_id), type_id, self._seats())]

    def buy_with_eth(self) -> list[Transaction]:
        event_id, type_id = self._type()
        seats, excess = self._seats(), self._one((0, 0, 5, -1))
        value = self._eth_cost(event_id, type_id, len(seats)) + excess
        return [
            self.stage.buy_with_eth(
                self._one(BUYERS), str(event_id), type_id, seats, max(value, 0)
            )
        ]  # fmt: skip

    def buy_as_contract(self) -> list[Transaction]:
        """The contract may pass the ticket on before it is told to have bought it."""
        event_id, type_id = self._type()
        heir = self._one((HOLDER.address, self.stage.suite.marketplace, "0x" + "00" * 20))
        order = calldata(
            "purchaseTicketsWithEth(uint256,uint256,uint256,uint256[])", event_id, type_id, 1, [0]
        )
        price = self._eth_cost(event_id, type_id, 1)
        bought = self._as_contract(heir, self.stage.suite.event_manager, order, price)
        listing = self._listing()
        if listing is None:
            return bought
        order = calldata("buyTicketWithEth(uint256)", listing[0])
        value = listing[1].eth_price
        return bought + self._as_contract(heir, self.stage.suite.marketplace, order, value)

    # -- tickets --------------------------------------------------------------------------------

    def give(self) -> list[Transaction]:
        token_id, owner = self._ticket()
        by = owner if self._chance(0.9) else MINA
        return [self.stage.give(by, self._one(BUYERS).address, token_id)]

    def pass_around(self) -> list[Transaction]:
        """Several hands in one block."""
        token_id, owner = self._ticket()
        hands = [owner, *self.random.sample(BUYERS, 3)]
        return [
            self.stage.give(by, to.address, token_id)
            for by, to in zip(hands, hands[1:], strict=False)
        ]

    def strand(self) -> list[Transaction]:
        token_id, owner = self._ticket()
        return [self.stage.give(owner, self.stage.suite.marketplace, token_id)]

    def use(self) -> list[Transaction]:
        by = self._one((DOOR, DOOR, DOOR, NOAH))
        return [self.stage.on_tickets(by, "useTicket(uint256)", self._any_ticket())]

    def revoke(self) -> list[Transaction]:
        signature = "cancelTicket(uint256,string)"
        return [self.stage.on_tickets(PLATFORM, signature, self._any_ticket(), self._one(NAMES))]

    def expire(self) -> list[Transaction]:
        tickets = [self._any_ticket() for _ in range(3)]
        return [self.stage.on_tickets(PLATFORM, "expireTickets(uint256[])", tickets)]

    def fix_silently(self) -> list[Transaction]:
        signature = "setTicketTransferable(uint256,bool)"
        token_id = self._any_ticket()
        return [self.stage.on_tickets(PLATFORM, signature, token_id, self._chance(0.5))]

    def mint(self) -> list[Transaction]:
        event_id = self._one((UNANNOUNCED, *self.scene.organizers))
        guests = [self._one(BUYERS).address for _ in range(self._one((1, 2, 4)))]
        until = self.stage.now + self._one((-HOUR, DAY, FAR - self.stage.now))
        return [
            self.stage.on_tickets(
                PARTNER, "batchMintTickets(address[],uint256,uint256[],uint256,uint256,uint256,"
                "uint256,bool,string,string[])", guests, event_id, self._seats(len(guests)),
                self._one((0, 9 * TOKEN, FAR)), self._one((0, 1, 3)), self.stage.now - DAY, until,
                self._chance(0.9), self._one(NAMES), ["ipfs://guest"] * len(guests),
            )
        ]  # fmt: skip

    # -- the market -----------------------------------------------------------------------------

    def offer(self) -> list[Transaction]:
        token_id, owner = self._ticket()
        price, in_eth = self._one(((9 * TOKEN, ETHER // 90), (0, ETHER // 99), (TOKEN, 0), (0, 0)))
        duration = self._one((HOUR, HOUR, DAY, 30 * DAY, 60))
        accepts_eth = self._chance(0.8)
        return [
            self.stage.offer(owner, token_id, price, in_eth, duration, accepts_eth=accepts_eth)
        ]

    def offer_and_buy(self) -> list[Transaction]:
        """A ticket listed, bought, and listed and cancelled by its buyer, all in one block."""
        token_id, owner = self._ticket()
        listing_id, buyer = self.scene.last_listing + 1, self._one(BUYERS)
        duration, market = DAY, self.stage.on_market
        return [
            self.stage.offer(owner, token_id, TOKEN, 0, duration),
            market(buyer, "buyTicket(uint256)", listing_id),
            self.stage.offer(buyer, token_id, 2 * TOKEN, ETHER // 50, duration),
            market(buyer, "cancelListing(uint256)", listing_id + 1),
        ][: self._one((2, 3, 4))]

    def reprice(self) -> list[Transaction]:
        listing = self._listing()
        if listing is None:
            return []
        return [
            self.stage.on_market(
                WALLETS.get(listing[1].seller, MINA),
                "updateListing(uint256,uint256,uint256,uint256)", listing[0],
                self._one((0, 3 * TOKEN)), self._one((0, ETHER // 70)), self._one((0, 0, DAY)),
            )
        ]  # fmt: skip

    def cancel(self) -> list[Transaction]:
        listing = self._listing()
        if listing is None:
            return []
        by = WALLETS.get(listing[1].seller, MINA) if self._chance(0.9) else MINA
        return [self.stage.on_market(by, "cancelListing(uint256)", listing[0])]

    def buy_listing(self) -> list[Transaction]:
        listing = self._listing()
        if listing is None:
            return []
        by, (listing_id, offered) = self._one(BUYERS), listing
        if offered.price and self._chance(0.5):
            return [self.stage.on_market(by, "buyTicket(uint256)", listing_id)]
        value = offered.eth_price + self._one((0, 0, 7))
        return [self.stage.on_market(by, "buyTicketWithEth(uint256)", listing_id, value=value)]

    def clean_up(self) -> list[Transaction]:
        chosen = [each for each in self.scene.listings if self._chance(0.5)]
        return [self.stage.on_market(OMAR, "cleanupExpiredListings(uint256[])", chosen)]

    def auction(self) -> list[Transaction]:
        token_id, owner = self._ticket()
        return [
            self.stage.on_market(
                owner, "createAuction(uint256,uint256,uint256,uint256,uint256,bool)",
                token_id, TOKEN, self._one((0, ETHER)), 2 * TOKEN, DAY, self._chance(0.5),
            )
        ]  # fmt: skip

    # -- the pool -------------------------------------------------------------------------------

    def add_liquidity(self) -> list[Transaction]:
        signature, tokens = "addLiquidity(uint256,uint256,uint256)", self._one((100, 5_000)) * TOKEN
        return [self.stage.on_swap(POOL, signature, tokens, 0, 0, value=ETHER)]

    def remove_liquidity(self) -> list[Transaction]:
        signature = "removeLiquidity(uint256,uint256,uint256)"
        return [self.stage.on_swap(POOL, signature, self._one((1, TOKEN)), 0, 0)]

    def swap(self) -> list[Transaction]:
        """With a minimum that fits the pool as it is now: a second swap in one block reverts."""
        by, tokens, eth = self._one(BUYERS), self._one((1, 30)) * TOKEN, ETHER // 50
        pool = self.stage.suite.token_swap
        if self.stage.view(pool, "reserveToken()") == 0:
            return [self.stage.on_swap(by, "swapETHForTokens(uint256)", 1, value=eth)]
        if self._chance(0.5):
            out = self.stage.view(pool, "getTokenAmountOut(uint256)", eth)
            signature = "swapETHForTokens(uint256)"
            return [self.stage.on_swap(by, signature, out * 95 // 100, value=eth)]
        out = self.stage.view(pool, "getETHAmountOut(uint256)", tokens)
        signature = "swapTokensForETH(uint256,uint256)"
        return [self.stage.on_swap(by, signature, tokens, out * 95 // 100)]

    # -- the platform ---------------------------------------------------------------------------

    def authorize(self) -> list[Transaction]:
        whom, given = self._one((NOAH, PARTNER, BO, DOOR)).address, self._chance(0.7)
        return [
            self._one((
                self.stage.on_events(PLATFORM, "authorizeOrganizer(address,bool)", whom, given),
                self.stage.on_tickets(
                    PLATFORM, "setMinterAuthorization(address,bool)", whom, given
                ),
                self.stage.on_tickets(
                    PLATFORM, "setVerifierAuthorization(address,bool)", whom, given
                ),
            ))
        ]  # fmt: skip

    def set_rates(self) -> list[Transaction]:
        rates, fees = self._one(((25, 10), (100, 0), (2_000, 0))), "setFeeRates(uint256,uint256)"
        return [
            self.stage.on_swap(PLATFORM, fees, *rates),
            self.stage.on_market(PLATFORM, "setPlatformFeeRate(uint256)", self._one((0, 300))),
        ]

    def pause(self) -> list[Transaction]:
        return [
            self.stage.on_tickets(PLATFORM, "pause()"),
            *self.give(),
            self.stage.on_tickets(PLATFORM, "unpause()"),
        ]

    # -- draws ----------------------------------------------------------------------------------

    def _one(self, choices: Any) -> Any:
        return self.random.choice(tuple(choices))

    def _chance(self, likelihood: float) -> bool:
        return self.random.random() < likelihood

    def _event(self, among: Sequence[int] | None = None) -> tuple[int, Wallet]:
        """An event, and who may change it."""
        event_id = self._one(self.scene.organizers if among is None else among)
        organizer = WALLETS[self.scene.organizers[event_id]]
        return event_id, organizer if self._chance(0.9) else PLATFORM

    def _type(self) -> tuple[int, int]:
        """A ticket type, rather one of an event that is on sale."""
        open_ = [key for key in self.scene.prices if self.scene.statuses.get(key[0]) == 3]
        found: tuple[int, int] = self._one(open_ or self.scene.prices)
        return found

    def _seats(self, count: int = 0) -> list[int]:
        numbers = range(1, 200) if self._chance(0.4) else (0,) * 9
        return self.random.sample(numbers, count or self._one((1, 1, 2, 3)))

    def _eth_cost(self, event_id: int, type_id: int, quantity: int) -> int:
        return int(min(eth_price(self.scene.prices[event_id, type_id]) * quantity, 10 * ETHER))

    def _ticket(self) -> tuple[int, Wallet]:
        """A ticket that a person owns, rather a VALID one; and its owner."""
        held = {id_: WALLETS[by] for id_, by in self.scene.owners.items() if by in WALLETS}
        movable = held.keys() - self.scene.spent
        token_id = self._one(sorted(movable) if movable and self._chance(0.9) else held)
        return token_id, held[token_id]

    def _any_ticket(self) -> int:
        """Of whomever, and wherever it is; rather a VALID one."""
        valid = sorted(self.scene.owners.keys() - self.scene.spent)
        return int(self._one(valid if valid and self._chance(0.8) else self.scene.owners))

    def _listing(self) -> tuple[int, Listing] | None:
        if not self.scene.listings:
            return None
        listing_id = self._one(self.scene.listings)
        return listing_id, self.scene.listings[listing_id]

    def _as_contract(self, heir: str, target: str, order: str, value: int) -> list[Transaction]:
        execute, data = "execute(address,bytes)", bytes.fromhex(order[2:])
        return [
            call(PARTNER.address, self.contract, "setPassOnTo(address)", heir),
            call(PARTNER.address, self.contract, execute, target, data, value=value),
        ]


_WEIGHTS: dict[Callable[[Acts], list[Transaction]], float] = {
    Acts.announce: 3, Acts.open_sale: 4, Acts.approve: 1, Acts.move: 2, Acts.update_silently: 2,
    Acts.add_type: 2, Acts.invite: 1, Acts.withdraw: 2, Acts.buy: 7, Acts.buy_with_eth: 6,
    Acts.buy_as_contract: 2, Acts.give: 3, Acts.pass_around: 2, Acts.strand: 1, Acts.use: 2,
    Acts.revoke: 1, Acts.expire: 1, Acts.fix_silently: 1, Acts.mint: 2, Acts.offer: 7,
    Acts.offer_and_buy: 3, Acts.reprice: 3, Acts.cancel: 3, Acts.buy_listing: 7, Acts.clean_up: 3,
    Acts.auction: 1, Acts.add_liquidity: 2, Acts.remove_liquidity: 1, Acts.swap: 3,
    Acts.authorize: 1, Acts.set_rates: 1, Acts.pause: 0.5,
}  # fmt: skip


# -- Seeing ---------------------------------------------------------------------------------------


class _Kind(NamedTuple):
    data: list[str]
    see: Callable[[Scene, list[int], tuple[Any, ...]], None]


def _created(scene: Scene, ids: list[int], _: tuple[Any, ...]) -> None:
    scene.organizers[ids[0]] = _address(ids[1])


def _moved(scene: Scene, ids: list[int], values: tuple[Any, ...]) -> None:
    scene.statuses[ids[0]] = values[1]


def _type_added(scene: Scene, ids: list[int], values: tuple[Any, ...]) -> None:
    scene.prices[ids[0], ids[1]] = values[1]


def _transferred(scene: Scene, ids: list[int], _: tuple[Any, ...]) -> None:
    scene.owners[ids[2]] = _address(ids[1])


def _spent(scene: Scene, ids: list[int], _: tuple[Any, ...]) -> None:
    scene.spent.add(ids[0])


def _listed(scene: Scene, ids: list[int], values: tuple[Any, ...]) -> None:
    scene.listings[ids[0]] = Listing(ids[1], _address(ids[2]), *values[:2])
    scene.last_listing = ids[0]


def _repriced(scene: Scene, ids: list[int], values: tuple[Any, ...]) -> None:
    old = scene.listings[ids[0]]
    scene.listings[ids[0]] = Listing(old.token_id, old.seller, *values[:2])


def _closed(scene: Scene, ids: list[int], _: tuple[Any, ...]) -> None:
    del scene.listings[ids[0]]


def _address(number: int) -> str:
    return f"0x{number:040x}"


_KINDS = {
    (keccak(text=signature), topics): _Kind(data, see)
    for signature, topics, data, see in (
        (CREATED, 3, ["string", "uint256", "uint256"], _created),
        ("EventUpdated(uint256,uint8,uint8)", 2, ["uint8", "uint8"], _moved),
        ("TicketTypeAdded(uint256,uint256,string,uint256,uint256)", 3,
         ["string", "uint256", "uint256"], _type_added),
        ("Transfer(address,address,uint256)", 4, [], _transferred),
        ("TicketStatusChanged(uint256,uint8,uint8)", 2, ["uint8", "uint8"], _spent),
        (LISTED, 4, ["uint256"] * 3, _listed),
        ("ListingUpdated(uint256,uint256,uint256,uint256)", 2, ["uint256"] * 3, _repriced),
        ("ListingCancelled(uint256)", 2, [], _closed),
        ("TicketSold(uint256,uint256,address,address,uint256,bool)", 4,
         ["address", "uint256", "bool"], _closed),
    )
}  # fmt: skip
