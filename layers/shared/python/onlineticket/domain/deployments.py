"""The addresses of one suite's contracts, and the blocks in which each is in force.

A contract may be deployed again within a suite:
* EventManager, TicketManager, TokenSwap and PlatformToken follow one another: one address is in
  force at a time, and a successor goes on with the ids of the one before it.
* Marketplaces stand side by side: what is in escrow leaves through the one that holds it. Each
  counts its listings and auctions from 1, so those of the second and later ones get ids of our
  own: MARKET_STRIDE * the Marketplace's place + the id on chain.
A TicketManager that counts from 1 again begins a new suite.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from onlineticket.domain.chain_log import ChainLog, Chunk, DeadLetter, RawLog
from onlineticket.domain.errors import Invalid
from onlineticket.domain.types import WalletAddress

MARKETPLACE, SILENT = "Marketplace", "PlatformToken"
"""All of PlatformToken's logs mean nothing to us: it is not asked for any."""

ABI_VERSIONS = (1,)
"""Those that chain/decoders.py has decoders for."""

MARKET_STRIDE = 10**18

_WITH_MARKET_IDS = frozenset({
    "ListingCreated", "ListingUpdated", "ListingCancelled", "TicketSold",
    "AuctionCreated", "BidPlaced", "AuctionEnded", "AuctionCancelled",
})  # fmt: skip
"""The kinds of logs whose first argument is a listing's or an auction's id."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """One address (lowercase). It may log from `from_block` to `to_block`, inclusive; None: it is
    still in use.
    """

    name: str
    address: WalletAddress
    from_block: int
    to_block: int | None = None
    abi_version: int = 1

    def is_in_force(self, first: int, last: int) -> bool:
        """In any of the blocks `first` to `last`."""
        return self.from_block <= last and (self.to_block is None or first <= self.to_block)

    def is_in_force_throughout(self, first: int, last: int) -> bool:
        return self.from_block <= first and (self.to_block is None or last <= self.to_block)


class Deployments:
    """One suite's addresses, in the order in which they came into force."""

    def __init__(self, contracts: Iterable[Deployment]) -> None:
        self.all = tuple(sorted(contracts, key=lambda one: one.from_block))
        self._logging: dict[str, Deployment] = {
            one.address: one for one in self.all if one.name != SILENT
        }
        self._markets: list[str] = [one.address for one in self.all if one.name == MARKETPLACE]
        self.marketplaces = frozenset(self._markets)
        swaps = [one.from_block for one in self.all if one.name == "TokenSwap"]
        self.pool_starts = tuple(swaps[1:])
        self.from_block = min(one.from_block for one in self._logging.values())

    def asked_for(self, first: int, last: int) -> dict[str, str]:
        """Name by address of those that may log in these blocks; of all, if none may: to ask a
        node for no address is to ask for every one there is.
        """
        some = [one for one in self._logging.values() if one.is_in_force(first, last)]
        return {one.address: one.name for one in some or self._logging.values()}

    def in_force(self, name: str, block: int) -> str:
        """The address of that name at the block; after the last one was retired, still that."""
        named = [one for one in self.all if one.name == name]
        return [named[0], *(one for one in named if one.from_block <= block)][-1].address

    def on_chain(self, name: str, id_: int, block: int) -> tuple[str, int]:
        """Where to ask about what we know by that id: an address, and the id there. `name`: the
        contract's; of a Marketplace the id is a listing's or an auction's.
        """
        if name != MARKETPLACE:
            return self.in_force(name, block), id_
        place, own_id = divmod(id_, MARKET_STRIDE)
        if place >= len(self._markets):
            return self._markets[0], id_
        return self._markets[place], own_id

    def project(self, chunk: Chunk) -> Chunk:
        """The chunk without logs of an address out of its bounds, and with our ids."""
        some = (one for one in self._logging.values() if one.is_in_force(chunk.first, chunk.last))
        if not all(one.is_in_force_throughout(chunk.first, chunk.last) for one in some):
            chunk.raw = self.within_bounds(chunk.raw)
            kept = {(log.block_number, log.log_index) for log in chunk.raw}
            chunk.logs = [log for log in chunk.logs if (log.block_number, log.log_index) in kept]
            chunk.unlisted = self.within_bounds(chunk.unlisted)
            chunk.malformed = [one for one in chunk.malformed if self._may_log(one.log)]
        chunk.logs, misfits = self._with_our_ids(chunk.raw, chunk.logs)
        chunk.malformed += misfits
        return chunk

    def within_bounds(self, raw: Sequence[RawLog]) -> list[RawLog]:
        return [log for log in raw if self._may_log(log)]

    def with_our_ids(self, raw: Sequence[RawLog], logs: list[ChainLog]) -> list[ChainLog]:
        """`logs`, which were decoded from some of `raw`; what has no id of ours is left out."""
        return self._with_our_ids(raw, logs)[0]

    def _may_log(self, log: RawLog) -> bool:
        found = self._logging.get(log.address)
        return found is not None and found.is_in_force(log.block_number, log.block_number)

    def _with_our_ids(
        self, raw: Sequence[RawLog], logs: list[ChainLog]
    ) -> tuple[list[ChainLog], list[DeadLetter]]:
        if len(self._markets) == 1:
            return logs, []
        sources = {
            (log.block_number, log.log_index): log for log in raw if log.contract == MARKETPLACE
        }
        told_apart, misfits = [], []
        for log in logs:
            if log.kind in _WITH_MARKET_IDS:
                source = sources[log.block_number, log.log_index]
                id_, *rest = log.args
                if id_ >= MARKET_STRIDE:
                    misfits.append(DeadLetter(source, f"an id of no Marketplace's count: {id_}"))
                    continue
                place = self._markets.index(source.address)
                log = log._replace(args=(place * MARKET_STRIDE + id_, *rest))
            told_apart.append(log)
        return told_apart, misfits


def merged(registered: Iterable[Deployment], wanted: Iterable[Deployment]) -> list[Deployment]:
    """What is registered of a suite once `wanted` is, too; those that `wanted` leaves out stay.

    Raises:
        Invalid: `BAD_CONTRACTS_FILE`, naming the contract that contradicts what is registered.
    """
    by_address = {one.address: one for one in registered}
    for one in wanted:
        known = by_address.get(one.address)
        if known is not None and known.name != one.name:
            raise bad_file(f"{one.address} is registered as {known.name}, not as {one.name}")
        if known is not None and known.from_block != one.from_block:
            raise bad_file(
                f"{one.name} {one.address} is registered from block {known.from_block} on, "
                "which can't be changed"
            )
        by_address[one.address] = one
    return checked(by_address.values())


def checked(contracts: Iterable[Deployment]) -> list[Deployment]:
    """They can be one suite's.

    Raises:
        Invalid: `BAD_CONTRACTS_FILE`, naming the contract that can't.
    """
    some = sorted(contracts, key=lambda one: one.from_block)
    for one in some:
        if one.abi_version not in ABI_VERSIONS:
            raise bad_file(f"{one.name} has abi_version {one.abi_version}, which is unknown")
        if one.to_block is not None and one.to_block < one.from_block:
            raise bad_file(f"{one.name} ends before it begins")
    if len({one.address for one in some}) != len(some):
        raise bad_file("two contracts have one address")
    for name in dict.fromkeys(one.name for one in some):
        for before, after in pairwise(one for one in some if one.name == name):
            if before.from_block == after.from_block:
                raise bad_file(f"{name} has two addresses from block {after.from_block} on")
            if name != MARKETPLACE and before.is_in_force(after.from_block, after.from_block):
                raise bad_file(
                    f"{name} {before.address} has no to_block below {after.from_block}, "
                    f"where {after.address} begins"
                )
    return some


def bad_file(what: str) -> Invalid:
    return Invalid("BAD_CONTRACTS_FILE", f"The contracts file can't be used: {what}.")
