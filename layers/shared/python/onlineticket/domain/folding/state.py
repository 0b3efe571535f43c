"""The rows in play while logs are folded, and what a kind of log is."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

from onlineticket.domain.chain_log import CannotProject
from onlineticket.domain.rows import (
    AuctionRow,
    BidBalanceRow,
    BidRow,
    EventRow,
    ListingRow,
    OrganizerRow,
    PoolRow,
    SwapRow,
    TicketRow,
    TicketTypeRow,
    TradeRow,
    VerifierRow,
)
from onlineticket.domain.types import UINT256_MAX

POOL = ()
"""The key of the one row of swap_pool."""

Row = TypeVar("Row")


class Table(Generic[Row]):
    """Rows by key; which of them the database already has, and which have changed since."""

    __slots__ = ("dirty", "rows", "stored")

    def __init__(self) -> None:
        self.rows: dict[Any, Row] = {}
        self.stored: set[Any] = set()
        self.dirty: set[Any] = set()

    def load(self, rows: Iterable[tuple[Any, Row]]) -> None:
        for key, row in rows:
            self.rows[key] = row
            self.stored.add(key)

    def add(self, key: Any, row: Row) -> None:
        if key in self.rows:
            raise CannotProject(f"announced twice: {key}")
        self.rows[key] = row
        self.dirty.add(key)

    def find(self, key: Any) -> Row:
        """The row, to be looked at. Raises CannotProject."""
        try:
            return self.rows[key]
        except KeyError:
            raise CannotProject(f"never announced: {type(self).__name__} {key}") from None

    def change(self, key: Any) -> Row:
        """The row, about to be changed. Raises CannotProject."""
        row = self.find(key)
        self.dirty.add(key)
        return row


class Events(Table[EventRow]):
    __slots__ = ()


class TicketTypes(Table[TicketTypeRow]):
    __slots__ = ()


class Tickets(Table[TicketRow]):
    __slots__ = ()


class Listings(Table[ListingRow]):
    __slots__ = ()


class Auctions(Table[AuctionRow]):
    __slots__ = ()


@dataclass(slots=True)
class State:
    """The rows in play. `marketplaces`: the addresses whose ownership is escrow (lowercase);
    `pool_starts`: the blocks in which a new TokenSwap took the place of another one.
    """

    marketplaces: frozenset[str]
    events: Events = field(default_factory=Events)
    ticket_types: TicketTypes = field(default_factory=TicketTypes)
    tickets: Tickets = field(default_factory=Tickets)
    listings: Listings = field(default_factory=Listings)
    auctions: Auctions = field(default_factory=Auctions)
    organizers: Table[OrganizerRow] = field(default_factory=Table)
    verifiers: Table[VerifierRow] = field(default_factory=Table)
    bid_balances: Table[BidBalanceRow] = field(default_factory=Table)
    pool: Table[PoolRow] = field(default_factory=Table)
    trades: list[TradeRow] = field(default_factory=list)
    bids: list[BidRow] = field(default_factory=list)
    swaps: list[SwapRow] = field(default_factory=list)
    pool_starts: tuple[int, ...] = ()


KEY_SETS = ("events", "tickets", "listings", "auctions", "organizers", "verifiers", "bid_balances")


@dataclass(slots=True)
class Keys:
    """The keys of the rows that some logs touch, table by table."""

    events: set[int] = field(default_factory=set)
    ticket_types: set[tuple[int, int]] = field(default_factory=set)
    tickets: set[int] = field(default_factory=set)
    listings: set[int] = field(default_factory=set)
    auctions: set[int] = field(default_factory=set)
    organizers: set[str] = field(default_factory=set)
    verifiers: set[str] = field(default_factory=set)
    bid_balances: set[str] = field(default_factory=set)
    pool: bool = False

    def cover(self, other: "Keys") -> bool:
        """Whether all of `other`'s keys are among these; an event's ticket types go with it."""
        return (
            other.pool <= self.pool
            and {event_id for event_id, _ in other.ticket_types} <= self.events
            and all(getattr(other, name) <= getattr(self, name) for name in KEY_SETS)
        )


class Kind(NamedTuple):
    """What a kind of log means: `fold(state, log, *log.args)`, and the rows it wants loaded.
    A fold looks up all it needs before it changes anything, so that CannotProject leaves no trace.
    """

    fold: Callable[..., None]
    keys: Callable[[Keys, tuple[Any, ...]], None]


def total(before: int, amount: int) -> int:
    """Their sum. On the chain it fits into 256 bits, as does the column that it goes into.

    Raises:
        CannotProject: this one would not, and its write would fail again in every pass.
    """
    after = before + amount
    if abs(after) > UINT256_MAX:
        raise CannotProject(f"more than a uint256 holds: {after}")
    return after


def named(names: tuple[str, ...], number: int) -> str:
    """The enum's name for the chain's number.

    Raises:
        CannotProject: the chain knows a status that we don't.
    """
    if number >= len(names):
        raise CannotProject(f"no such status: {number}")
    return names[number]
