"""The worker's round: look again at recent blocks and at some old ones, try dead letters once
more, and read again from the contracts what changes without a log.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from onlineticket.domain.chain_log import LostRace
from onlineticket.domain.contract_read import Subject
from onlineticket.usecases.ports import Chain, RepairStore
from onlineticket.usecases.repair import replay_dead_letters, reread, rescan

RECENT_BLOCKS = 256
"""Nodes leave logs out when they are overloaded at the head: looked at again when they are not."""

OLD_BLOCKS = 1_000
READS = 500
TRIES = 5

T = TypeVar("T")


class MaintainedStore(RepairStore, Protocol):
    def may_have_changed(self, now: int, limit: int) -> list[Subject]: ...

    def count_dead_letters(self) -> tuple[int, int]:
        """How many there are, and how many of them are due for another try."""


@dataclass(slots=True)
class Maintenance:
    """What a round did. `dead_letters`: those that are left."""

    blocks: int = 0
    healed: int = 0
    doubtful: int = 0
    dead_letters: int = 0
    reread: int = 0


def maintain(
    chain: Chain,
    store: MaintainedStore,
    from_block: int,
    *,
    now: int,
    pick: Callable[[int, int], int],
    sleep: Callable[[float], None],
) -> Maintenance:
    """One round; `pick(a, b)` chooses the old range's first block, at random.

    Raises:
        LostRace: the indexer got in the way again and again.
        Unavailable: `RPC_UNAVAILABLE`; what was mended before stands.
    """
    done = Maintenance()
    cursor = store.cursor()
    if cursor is None:
        return done
    recent = max(from_block, cursor.number - RECENT_BLOCKS + 1)
    old = pick(from_block, recent)
    for first, last in (
        (recent, cursor.number),
        (old, min(old + OLD_BLOCKS - 1, cursor.number)),
    ):
        found = _patiently(sleep, partial(rescan, chain, store, first, last))
        done.blocks += found.blocks
        done.healed += found.healed
        done.doubtful += found.doubtful
    done.dead_letters, due = store.count_dead_letters()
    if due:
        _, done.dead_letters = _patiently(sleep, lambda: replay_dead_letters(chain, store))
    done.reread = _patiently(
        sleep, lambda: reread(chain, store, store.may_have_changed(now, READS))
    )
    return done


def _patiently(sleep: Callable[[float], None], step: Callable[[], T]) -> T:
    """The indexer goes on beside us: whoever loses a race to it tries again."""
    for _ in range(TRIES - 1):
        try:
            return step()
        except LostRace:
            sleep(0.5)
    return step()
