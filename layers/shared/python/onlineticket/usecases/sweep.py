"""Compare the door's own store with Postgres, so that nothing is lost when its stream forgets.

A round goes on where the last one stopped and reads a bounded part of the table; what the stream
has settled long ago costs one query for each batch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from onlineticket.usecases.settle import Image

PAGE = 500
"""Items read at once."""

Position = dict[str, Any] | None
"""Where the next page begins; None: at the beginning, or beyond the end."""
LoadPosition = Callable[[], Position]
KeepPosition = Callable[[Position], None]
ReadPage = Callable[[Position, int], tuple[list[Image], Position]]
SettleItems = Callable[[Sequence[Image]], tuple[int, int]]
"""How many changes that made in Postgres, and how many items failed."""


@dataclass(slots=True)
class Swept:
    """`settled`: what the stream had left out. `whole`: the end of the table was reached."""

    items: int = 0
    settled: int = 0
    failed: int = 0
    whole: bool = False


def sweep(
    *,
    load: LoadPosition,
    keep: KeepPosition,
    read_page: ReadPage,
    settle_items: SettleItems,
    keep_going: Callable[[], bool],
) -> Swept:
    """From where the last round stopped, to the end of the table or while `keep_going` says so; one
    page at least.
    """
    swept, position = Swept(), load()
    while True:
        items, position = read_page(position, PAGE)
        settled, failed = settle_items(items)
        # After it: a crash in between reads a page twice, and none is passed over.
        keep(position)
        swept.items += len(items)
        swept.settled += settled
        swept.failed += failed
        swept.whole = position is None
        if swept.whole or not keep_going():
            return swept
