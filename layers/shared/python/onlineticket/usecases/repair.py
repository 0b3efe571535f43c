"""Find and mend what normal indexing can't see: logs a node left out, logs that did not fit, a
reorganisation deeper than our memory of blocks.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from onlineticket.domain import fold
from onlineticket.domain.chain_log import Chunk, Cursor, LostRace, RawLog
from onlineticket.domain.contract_read import Subject
from onlineticket.domain.errors import IndexingStopped
from onlineticket.usecases.fetch_history import Fetcher
from onlineticket.usecases.index_chain import Pass, enrich
from onlineticket.usecases.ports import Chain, RepairStore
from onlineticket.usecases.reconcile import refold, undo

ANCESTORS_PER_REQUEST = 100


@dataclass(slots=True)
class Rescan:
    """`healed`: logs that were missing. `doubtful`: logs that we hold and the node does not show:
    it may have left them out now, so they stay.
    """

    blocks: int = 0
    healed: int = 0
    doubtful: int = 0


def rescan(chain: Chain, store: RepairStore, first: int, last: int) -> Rescan:
    """Ask again for blocks `first` to `last`, all indexed before, and fill the holes.

    Raises:
        LostRace: the indexer is writing; nothing was changed, try again.
        Unavailable: `RPC_UNAVAILABLE`; what was healed before stands.
    """
    done = Rescan()
    ours = store.header_hashes()
    fetcher = Fetcher(lambda a, b: chain.fetch(a, b, False), chain.throttled)
    for chunk in fetcher.chunks(first, last):
        known = store.places(chunk.first, chunk.last)
        seen = {(log.block_hash, log.log_index) for log in chunk.raw}
        hashes = dict(store.block_hashes(chunk.first, chunk.last)) | ours
        # A block of another hash is another fork's: that is for the tail to judge, not for us.
        missing = [
            log
            for log in chunk.raw
            if (log.block_hash, log.log_index) not in known
            and hashes.get(log.block_number, log.block_hash) == log.block_hash
        ]
        if missing:
            heal(chain, store, missing, chunk)
        done.blocks += chunk.last - chunk.first + 1
        done.healed += len(missing)
        done.doubtful += len(known - seen)
    return done


def heal(chain: Chain, store: RepairStore, missing: Sequence[RawLog], chunk: Chunk) -> None:
    """Add logs to the past, and fold anew what they touch, with the dead letters they may revive.

    Raises:
        LostRace: nothing was changed.
    """
    with store.transaction():
        cursor = store.cursor()
        if cursor is None or cursor.number < chunk.last:
            raise LostRace
        unlisted = {(log.block_hash, log.log_index) for log in chunk.unlisted}
        store.add_raw(missing, unlisted)
        malformed = [one for one in chunk.malformed if one.log in missing]
        store.mark([], malformed)
        new = [*missing, *store.dead_letters()]
        refold(chain, store, fold.keys_of(chain.decode(new)), new)
        store.record("gap", cursor.number, chunk.first - 1, 0, len(missing))


def replay_dead_letters(chain: Chain, store: RepairStore) -> tuple[int, int]:
    """Try all dead letters once more; how many there were, and how many are left.

    Raises:
        LostRace: the indexer is writing; nothing was changed, try again.
    """
    with store.transaction():
        letters = store.dead_letters()
        if letters:
            refold(chain, store, fold.keys_of(chain.decode(letters)), letters)
            store.postpone_dead_letters()
        left = len(store.dead_letters())
        cursor = store.cursor()
        if cursor is not None and left < len(letters):
            store.record("dead_letters", cursor.number, cursor.number, 0, len(letters) - left)
    return len(letters), left


def reread(chain: Chain, store: RepairStore, subjects: Sequence[Subject]) -> int:
    """Read these again at the cursor's block: what no log tells may have changed; how many.

    Raises:
        LostRace: the cursor moved meanwhile; nothing was changed, try again.
    """
    cursor = store.cursor()
    if cursor is None:
        return 0
    done = Pass()
    enrich(store, chain.read, subjects, cursor, cursor, done)
    return done.reads


def repair(
    chain: Chain, store: RepairStore, from_block: int, report: Callable[[int], None]
) -> tuple[Cursor, Cursor]:
    """After REORG_TOO_DEEP: go back to the newest block with logs of ours that is on the chain,
    however deep; the cursor before and after. Own-truth tables are not touched.

    Raises:
        IndexingStopped: `NOTHING_INDEXED`, or `NO_COMMON_BLOCK`: this is another chain.
        LostRace: the indexer is writing; nothing was changed, try again.
    """
    cursor = store.cursor()
    if cursor is None:
        raise IndexingStopped("NOTHING_INDEXED", "There is no cursor to repair.")
    for page in _pages(store.block_hashes(from_block, cursor.number)):
        report(page[-1][0])
        ours = dict(page)
        found = [chain.headers([number]) for number in ours]
        headers = [one[0] for one in found if one]
        common = [header for header in headers if ours[header.number] == header.hash]
        if common:
            newest = max(common)
            return cursor, undo(chain, store, cursor, newest, "repair")
    raise IndexingStopped("NO_COMMON_BLOCK", "No block that we indexed is on this chain.")


def _pages(blocks: Iterable[tuple[int, str]]) -> Iterable[list[tuple[int, str]]]:
    """The newest first, in pages."""
    newest_first = sorted(blocks, reverse=True)
    for start in range(0, len(newest_first), ANCESTORS_PER_REQUEST):
        yield newest_first[start : start + ANCESTORS_PER_REQUEST]
