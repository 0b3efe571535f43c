"""What anybody sees on the chain by its logs: enough to know what could be done next."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from eth_abi.abi import decode
from eth_utils.crypto import keccak

from infra.local.stage import CREATED, LISTED


class Listing(NamedTuple):
    token_id: int
    seller: str
    price: int
    eth_price: int


@dataclass(slots=True)
class Scene:
    """Addresses are lowercase."""

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
