"""Logs folded into rows as the indexer does it, but with no chain and no database.

For single rules a Ledger, told log by log; for properties random logs, drawn so that most of them
fit the rows that the ones before them left, and some do not.
"""

import json
from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from onlineticket.domain import fold
from onlineticket.domain.chain_log import CannotProject, ChainLog
from onlineticket.domain.folding.state import POOL, Keys, State, Table
from onlineticket.domain.types import UINT256_MAX, ZERO_ADDRESS

ALICE, BOB, CAROL = ("0x" + letter * 40 for letter in "abc")
MARKET, OLD_MARKET, POOL_TOKEN = ("0x" + digit * 40 for digit in "123")
WALLETS = (ALICE, BOB, CAROL, MARKET, OLD_MARKET, ZERO_ADDRESS)
NOBODY = ZERO_ADDRESS

KINDS = sorted(fold.KINDS)


def block_time(block: int) -> int:
    return 1_800_000_000 + 12 * block


@dataclass
class Ledger:
    """A state and the place of the next log. Logs of one transaction share a block."""

    state: State = field(default_factory=lambda: State(frozenset({MARKET, OLD_MARKET})))
    block: int = 100
    index: int = 0

    def log(self, kind: str, *args: Any) -> ChainLog:
        """Fold one log, placed right after the one before it.

        Raises:
            CannotProject: it does not fit.
        """
        self.index += 1
        one = place(kind, args, self.block, self.index)
        fold.apply(self.state, one)
        return one

    def mine(self) -> None:
        """The logs that follow are of the next block."""
        self.block, self.index = self.block + 1, 0

    @property
    def now(self) -> int:
        return block_time(self.block)

    # What people do, as the contracts log it; each in a block of its own.

    def mint(self, token: int, to: str, event: int = 1, seat: int = 0, price: int = 50) -> None:
        self.mine()
        self.log("Transfer", NOBODY, to, token)
        self.log("TicketMinted", token, event, to, seat, price)

    def send(self, token: int, sender: str, to: str) -> None:
        self.mine()
        self.log("Transfer", sender, to, token)

    def announce(self, event: int = 1, organizer: str = ALICE) -> None:
        self.mine()
        self.log("EventCreated", event, organizer, "Concert", 2_000_000_000, 2_000_009_000)

    def add_type(self, event: int = 1, type_id: int = 0, price: int = 50, supply: int = 2) -> None:
        self.mine()
        self.log("TicketTypeAdded", event, type_id, "Stalls", price, supply)

    def list_ticket(self, listing: int, token: int, seller: str, price: int = 70) -> None:
        self.mine()
        self.log("Transfer", seller, MARKET, token)
        self.log("ListingCreated", listing, token, seller, price, 9, self.now + 3600)

    def buy(self, listing: int, token: int, buyer: str, seller: str, price: int = 70) -> None:
        self.mine()
        self.log("Transfer", MARKET, buyer, token)
        self.log("TicketSold", listing, token, buyer, seller, price, False)

    def cancel(self, listing: int, token: int, seller: str) -> None:
        self.mine()
        self.log("Transfer", MARKET, seller, token)
        self.log("ListingCancelled", listing)


def place(kind: str, args: Iterable[Any], block: int, index: int) -> ChainLog:
    tx_hash = f"0x{block:064x}"
    return ChainLog(block, index, kind, tuple(args), block_time(block), tx_hash)


def fits(state: State, log: ChainLog) -> bool:
    try:
        fold.apply(state, log)
    except CannotProject:
        return False
    return True


# -- States, whole or in part ---------------------------------------------------------------------


def tables(state: State) -> dict[str, Table[Any]]:
    found = ((one.name, getattr(state, one.name)) for one in fields(state))
    return {name: table for name, table in found if isinstance(table, Table)}


def snapshot(state: State) -> dict[str, Any]:
    """All that a state holds, apart from it: to compare with what it holds later."""
    seen: dict[str, Any] = {
        name: (table.rows, table.stored, table.dirty) for name, table in tables(state).items()
    }
    seen |= {"trades": state.trades, "bids": state.bids, "swaps": state.swaps}
    return deepcopy(seen)


def rows(state: State) -> dict[str, Any]:
    """A snapshot of the rows alone."""
    seen: dict[str, Any] = {name: table.rows for name, table in tables(state).items()}
    seen |= {"trades": state.trades, "bids": state.bids, "swaps": state.swaps}
    return deepcopy(seen)


def loaded(stored: State, keys: Keys) -> State:
    """As the store loads it: the rows under `keys`, and the listings and auctions that those
    tickets are in.
    """
    part = State(stored.marketplaces)
    for name, table in tables(stored).items():
        wanted = ({POOL} if keys.pool else set()) if name == "pool" else set(getattr(keys, name))
        held = tables(part)["tickets"].rows.values()
        if name == "listings":
            wanted |= {ticket.listing_id for ticket in held}
        if name == "auctions":
            wanted |= {ticket.auction_id for ticket in held}
        chosen = [(key, deepcopy(row)) for key, row in table.rows.items() if key in wanted]
        tables(part)[name].load(chosen)
    return part


def save(stored: State, part: State) -> None:
    """As the store writes back: the rows that the fold calls dirty, and nothing else."""
    for name, table in tables(part).items():
        tables(stored)[name].load((key, deepcopy(table.rows[key])) for key in table.dirty)
    stored.trades += part.trades
    stored.bids += part.bids
    stored.swaps += part.swaps


# -- Random logs ----------------------------------------------------------------------------------

_AMOUNTS = st.integers(0, 3) | st.integers(0, UINT256_MAX) | st.just(UINT256_MAX)
_IDS = st.integers(1, 3)
_BY_NAME = dict.fromkeys(("eventId", "tokenId", "listingId", "auctionId"), _IDS) | {
    "typeId": st.integers(0, 1)
}
_BY_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "uint256": _AMOUNTS,
    "uint8": st.integers(0, 8) | st.just(255),
    "bool": st.booleans(),
    "address": st.sampled_from(WALLETS),
    "string": st.text(max_size=5),
}


def _arguments() -> dict[str, st.SearchStrategy[tuple[Any, ...]]]:
    """For every kind of log its arguments, as its ABI has them; of ids only a few, so they meet."""
    drawn = {}
    for path in sorted(Path("abis").glob("*.json")):
        for entry in json.loads(path.read_text()):
            if entry["type"] == "event" and entry["name"] in fold.KINDS:
                if entry["name"] == "Transfer" and path.stem != "TicketManager":
                    continue
                inputs = [
                    _BY_NAME.get(one["name"], _BY_TYPE[one["type"]]) for one in entry["inputs"]
                ]
                drawn[entry["name"]] = st.tuples(*inputs)
    return drawn


ARGUMENTS = _arguments()

Told = tuple[str, tuple[Any, ...]]
"""A log that has no place yet: its kind and arguments."""

any_log: st.SearchStrategy[Told] = st.sampled_from(KINDS).flatmap(
    lambda kind: st.tuples(st.just(kind), ARGUMENTS[kind])
)


@st.composite
def transactions(draw: st.DrawFn) -> list[Told]:
    """The logs of one plausible transaction; whether it is possible just now, nobody asked."""
    token, number, who = draw(_IDS), draw(_IDS), draw(st.sampled_from(WALLETS[:3]))
    amount = draw(_AMOUNTS)
    mint: list[Told] = [
        ("Transfer", (NOBODY, who, token)),
        ("TicketMinted", (token, number, who, 0, amount)),
    ]
    into: Told = ("Transfer", (who, MARKET, token))
    out: Told = ("Transfer", (MARKET, who, token))
    listed: Told = ("ListingCreated", (number, token, who, amount, 1, 9))
    sold: Told = ("TicketSold", (number, token, who, BOB, amount, draw(st.booleans())))
    purchase: Told = ("TicketPurchased", (number, 0, who, 1, amount, draw(st.booleans())))
    return draw(
        st.sampled_from(
            [
                mint,
                [("EventCreated", (number, who, "", 1, amount))],
                [("TicketTypeAdded", (number, 0, "", amount, 1))],
                [*mint, purchase],
                [into, listed],
                [into, ("AuctionCreated", (number, token, who, 1, 1, 1, amount))],
                [out, sold],
                [out, into, ("ListingCreated", (number % 3 + 1, token, who, 1, 1, 9)), sold],
                [out, ("ListingCancelled", (number,))],
                [out],
                [("Transfer", (who, BOB, token))],
                [("BidBalanceDeposited", (who, amount, True))],
            ]
        )
    )


_SEASON: list[Told] = [
    *[("EventCreated", (event, ALICE, "Concert", 7, 8)) for event in (1, 2)],
    *[("TicketTypeAdded", (event, 0, "Stalls", 5, 9)) for event in (1, 2)],
    *[("Transfer", (NOBODY, who, token)) for token, who in enumerate(WALLETS[:3], 1)],
    *[("TicketMinted", (token, 1, who, 0, 5)) for token, who in enumerate(WALLETS[:3], 1)],
    ("Transfer", (ALICE, MARKET, 1)),
    ("ListingCreated", (1, 1, ALICE, 5, 5, 9)),
    ("Transfer", (BOB, MARKET, 2)),
    ("AuctionCreated", (1, 2, BOB, 5, 5, 5, 9)),
]


@st.composite
def histories(draw: st.DrawFn, most: int = 25) -> list[ChainLog]:
    """Logs in chain order, from plausible transactions and wild ones, each in its own block."""
    wild = any_log.map(lambda one: [one])
    told = draw(st.lists(transactions() | wild, max_size=most))
    if draw(st.booleans()) or draw(st.booleans()):
        told = [_SEASON, *told]
    return [
        place(kind, args, 100 + number, index)
        for number, logs in enumerate(told)
        for index, (kind, args) in enumerate(logs)
    ]


def folded(history: Sequence[ChainLog]) -> State:
    """The rows after the logs; those that do not fit are left out."""
    state = State(frozenset({MARKET, OLD_MARKET}))
    for log in history:
        fits(state, log)
    return state
