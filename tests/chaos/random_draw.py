"""What the acts of a random season draw: wallets, words, and things that the chain has by now."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from infra.local.blocks import Transaction, call
from infra.local.stage import ETHER, ONSALE, Stage
from infra.local.wallets import (
    ARIA,
    BO,
    DOOR,
    HOLDER,
    MINA,
    NOAH,
    OMAR,
    PARTNER,
    PLATFORM,
    POOL,
    Wallet,
)  # fmt: skip
from tests.chaos.random_scene import Listing, Scene

BUYERS = (HOLDER, MINA, NOAH, OMAR)
ORGANIZERS = (ARIA, BO, PLATFORM)
WALLETS = {each.address: each for each in (*ORGANIZERS, *BUYERS, POOL, DOOR, PARTNER)}
FAR = 2**256 - 1
NAMES = ("Gala", "山水音乐节 🎶", "Tab\tand\nnewline", "back\\slash \\N", "O'Hara; --", "é" * 40)


class NothingYet(Exception):
    """There is nothing on the chain that the act could be about."""


@dataclass(slots=True)
class Draw:
    """`scene`: the chain as last seen. `contract`: the address of a ContractWallet."""

    random: Random
    stage: Stage
    scene: Scene
    contract: str

    def one(self, choices: Iterable[Any]) -> Any:
        """Raises NothingYet if there is none."""
        found = tuple(choices)
        if not found:
            raise NothingYet
        return self.random.choice(found)

    def chance(self, likelihood: float) -> bool:
        return self.random.random() < likelihood

    def event(self, among: Sequence[int] | None = None) -> tuple[int, Wallet]:
        """An event, and who may change it."""
        event_id = self.one(self.scene.organizers if among is None else among)
        organizer = WALLETS[self.scene.organizers[event_id]]
        return event_id, organizer if self.chance(0.9) else PLATFORM

    def ticket_type(self) -> tuple[int, int]:
        """Its event's id and its own; rather of an event that is on sale."""
        prices, statuses = self.scene.prices, self.scene.statuses
        on_sale = [key for key in prices if statuses.get(key[0]) == ONSALE]
        found: tuple[int, int] = self.one(on_sale or prices)
        return found

    def seats(self, count: int = 0) -> list[int]:
        numbers = range(1, 200) if self.chance(0.4) else (0,) * 9
        return self.random.sample(numbers, count or self.one((1, 1, 2, 3)))

    def eth_cost(self, event_id: int, type_id: int, quantity: int) -> int:
        """Or what a buyer has, if that is less."""
        cost = eth_price(self.scene.prices[event_id, type_id]) * quantity
        return min(cost, 10 * ETHER)

    def ticket(self) -> tuple[int, Wallet]:
        """A ticket that a person owns, rather a VALID one; and its owner."""
        held = {id_: WALLETS[by] for id_, by in self.scene.owners.items() if by in WALLETS}
        valid = sorted(held.keys() - self.scene.spent)
        token_id = self.one(valid if valid and self.chance(0.9) else held)
        return token_id, held[token_id]

    def any_ticket(self) -> int:
        """Of whomever, and wherever it is; rather a VALID one, and often one that is listed."""
        listed = [listing.token_id for listing in self.scene.listings.values()]
        if listed and self.chance(0.3):
            return int(self.one(listed))
        valid = sorted(self.scene.owners.keys() - self.scene.spent)
        return int(self.one(valid if valid and self.chance(0.8) else self.scene.owners))

    def listing(self) -> tuple[int, Listing]:
        """One that was neither bought nor cancelled."""
        listing_id = self.one(self.scene.listings)
        return listing_id, self.scene.listings[listing_id]

    def as_contract(self, heir: str, target: str, order: str, value: int) -> list[Transaction]:
        """The contract calls `target`; a ticket that it gets so it passes on to `heir` at once."""
        execute, data = "execute(address,bytes)", bytes.fromhex(order[2:])
        return [
            call(PARTNER.address, self.contract, "setPassOnTo(address)", heir),
            call(PARTNER.address, self.contract, execute, target, data, value=value),
        ]


Act = Callable[[Draw], list[Transaction]]
"""Something that happens: a transaction, or several of one block. Raises NothingYet."""


def eth_price(price: int) -> int:
    """What we ask in ETH for what costs `price` tokens: so that a buyer need not look it up."""
    return 0 if price % 5 == 0 else price // 2_000
