"""Settle what the dead-letter queue of the stream stands for, and empty it.

A message only names a part of the stream. While the stream goes back so far, its items are read
anew from the table, as they are now; later the whole table is gone through, once.
"""

from collections.abc import Callable
from dataclasses import dataclass

from onlineticket.usecases.settle import Image
from onlineticket.usecases.sweep import PAGE, Position, ReadPage, SettleItems


@dataclass(frozen=True, slots=True)
class Message:
    """`receipt` is what deletes it."""

    body: str
    receipt: str


@dataclass(slots=True)
class Redriven:
    """`left`: messages that stay in the queue, since an item of theirs still fails. `swept`: the
    whole table was gone through.
    """

    messages: int = 0
    items: int = 0
    settled: int = 0
    left: int = 0
    swept: bool = False


Receive = Callable[[], list[Message]]
"""Some that were not received yet; none: that was all."""
Delete = Callable[[Message], None]
ItemsOf = Callable[[str], list[Image] | None]
"""The items that a message's body stands for; None if the stream no longer tells."""


def redrive(
    *,
    receive: Receive,
    delete: Delete,
    items_of: ItemsOf,
    read_page: ReadPage,
    settle_items: SettleItems,
) -> Redriven:
    """
    Raises:
        Unavailable: a store is away; what was settled stands, and its messages are gone.
    """
    done = Redriven()
    whole = False
    while messages := receive():
        for message in messages:
            done.messages += 1
            items = items_of(message.body)
            if items is not None:
                worked = _settle(items, settle_items, done)
            else:
                if not done.swept:
                    whole = _settle_all(read_page, settle_items, done)
                worked = whole
            if worked:
                delete(message)
            else:
                done.left += 1
    return done


def _settle(items: list[Image], settle_items: SettleItems, done: Redriven) -> bool:
    settled, failed = settle_items(items)
    done.items += len(items)
    done.settled += settled
    return failed == 0


def _settle_all(read_page: ReadPage, settle_items: SettleItems, done: Redriven) -> bool:
    done.swept, worked = True, True
    position: Position = None
    while True:
        items, position = read_page(position, PAGE)
        worked = _settle(items, settle_items, done) and worked
        if position is None:
            return worked
