"""Index the chain: fetch a range, fold it, commit it with the cursor; then fill what logs omit.

Invariants
* What is in the tables is exactly the fold of the blocks up to the cursor: raw logs, rows and
  cursor change in one transaction, under a lock and a compare-and-set of the cursor.
* A pass may die anywhere: the next one starts at the cursor and loses and doubles nothing.
* The cursor's block is on the chain that the pass builds on, or the pass first goes back.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from onlineticket.domain import fold
from onlineticket.domain.chain_log import (
    CannotProject,
    Chunk,
    Cursor,
    DeadLetter,
    Header,
    LostRace,
)
from onlineticket.domain.contract_read import ContractRead, Subject, apply_read
from onlineticket.domain.folding.state import Keys, State
from onlineticket.usecases.fetch_history import Fetcher
from onlineticket.usecases.ports import Chain, IndexStore
from onlineticket.usecases.reconcile import Reorg, find_reorg, undo

TAIL_WIDTH = 20
"""Blocks asked for at once near the head: each of them brings its header along."""

READS_PER_PASS = 2000
BACKLOG = 200
"""So many finalized rows that lack their read are a backfill's."""


@dataclass(slots=True)
class Pass:
    """What one pass did. `head`: the node's newest block, or -1 if it was never asked."""

    head: int = -1
    cursor: int = -1
    blocks: int = 0
    logs: int = 0
    unlisted: int = 0
    dead_letters: int = 0
    reads: int = 0
    reorgs: list[Reorg] = field(default_factory=list)


def run_pass(
    chain: Chain,
    store: IndexStore,
    from_block: int,
    keep_going: Callable[[], bool],
    done: Pass | None = None,
) -> Pass:
    """Index from the cursor to the head, then enrich; stop early, between commits, when
    `keep_going()` says no. A node whose head is below the cursor lags: nothing is done. `done`
    grows while the pass goes on.

    Raises:
        LostRace: another writer is at work.
        IndexingStopped: `REORG_TOO_DEEP`.
        Unavailable: `RPC_UNAVAILABLE`; the cursor is where the last commit left it.
    """
    done = done or Pass()
    cursor = store.cursor()
    head = chain.head()
    done.head = head.number
    if cursor is not None and head.number >= cursor.number:
        reorg = find_reorg(chain, store, cursor, head)
        if reorg is not None:
            if reorg.ancestor is None:
                return done
            done.reorgs.append(reorg)
            cursor = undo(chain, store, cursor, reorg.ancestor)
    finalized = chain.finalized(head.number)
    cursor = _index_history(chain, store, from_block, cursor, finalized, keep_going, done)
    cursor = _index_tail(chain, store, from_block, cursor, head, finalized, keep_going, done)
    if cursor is not None:
        done.cursor = cursor.number
        if cursor.number >= head.number and keep_going():
            _enrich_all(chain, store, cursor, finalized, done)
    return done


def _index_history(
    chain: Chain,
    store: IndexStore,
    from_block: int,
    cursor: Cursor | None,
    finalized: int,
    keep_going: Callable[[], bool],
    done: Pass,
) -> Cursor | None:
    first = from_block if cursor is None else cursor.number + 1
    if first > finalized:
        return cursor
    fetcher = _fetcher(chain, store, every_header=False)
    for chunk in fetcher.chunks(first, finalized):
        cursor = commit(store, chunk, cursor, finalized, done)
        if not keep_going():
            break
    return cursor


def _index_tail(
    chain: Chain,
    store: IndexStore,
    from_block: int,
    cursor: Cursor | None,
    head: Header,
    finalized: int,
    keep_going: Callable[[], bool],
    done: Pass,
) -> Cursor | None:
    """Block by block: a chunk whose parent is not the cursor's block is left for the next pass,
    which will see whether the node wavers or the chain was reorganised.
    """
    fetcher = _fetcher(chain, store, every_header=True)
    while keep_going():
        first = from_block if cursor is None else cursor.number + 1
        if first > head.number:
            break
        for chunk in fetcher.whole(first, min(first + TAIL_WIDTH - 1, head.number)):
            if cursor is not None and chunk.headers[0].parent_hash != cursor.hash:
                return cursor
            cursor = commit(store, chunk, cursor, finalized, done)
    return cursor


def _fetcher(chain: Chain, store: IndexStore, *, every_header: bool) -> Fetcher:
    # Prepared by the thread that fetched it: so much less to do while the transaction is open.
    return Fetcher(
        lambda first, last: store.prepared(chain.fetch(first, last, every_header)), chain.throttled
    )


def commit(
    store: IndexStore, chunk: Chunk, known: Cursor | None, finalized: int, done: Pass
) -> Cursor:
    """Commit one fetched chunk that begins right after `known`; return the new cursor.

    Raises:
        LostRace: nothing was written.
    """
    last = chunk.headers[-1]
    with store.transaction():
        store.advance(known, last)
        state = store.load(fold.keys_of(chunk.logs))
        with store.inserting(chunk):
            misfits = fold_all(state, chunk)
            changes = store.changes(state)
        store.mark([], misfits)
        store.save(changes)
        store.keep_headers([one for one in chunk.headers if one.number >= finalized], finalized)
    done.blocks += chunk.last - chunk.first + 1
    done.logs += len(chunk.logs)
    done.unlisted += len(chunk.unlisted)
    done.dead_letters += len(chunk.malformed) + len(misfits)
    return Cursor(last.number, last.hash)


def fold_all(state: State, chunk: Chunk) -> list[DeadLetter]:
    """Fold the chunk's logs in order; those that do not fit, with the reason."""
    misfits = {}
    for log in chunk.logs:
        try:
            fold.apply(state, log)
        except CannotProject as reason:
            misfits[log.block_number, log.log_index] = str(reason)
    if not misfits:
        return []
    places = ((log, (log.block_number, log.log_index)) for log in chunk.raw)
    return [DeadLetter(log, misfits[place]) for log, place in places if place in misfits]


def _enrich_all(
    chain: Chain, store: IndexStore, cursor: Cursor, finalized: int, done: Pass
) -> None:
    """Read from the contracts what rows still lack, at most READS_PER_PASS.

    The many rows of a backfill are read at a finalized block, where no reorg makes us read them
    all again; the few of the tail at the cursor, which shows them as they are now.
    """
    backlog = store.unread(READS_PER_PASS, finalized)
    if len(backlog) < BACKLOG:
        enrich(store, chain.read, store.unread(READS_PER_PASS, cursor.number), cursor, cursor, done)
        return
    headers = chain.headers([finalized])
    if headers is not None:
        at = Cursor(headers[0].number, headers[0].hash)
        enrich(store, chain.read, backlog, at, cursor, done)


def enrich(
    store: IndexStore,
    read: Callable[[Sequence[Subject], Cursor], list[ContractRead]],
    subjects: Sequence[Subject],
    at: Cursor,
    cursor: Cursor,
    done: Pass,
) -> None:
    """Read `subjects` at the block `at`, and store what comes while the cursor stands still.

    Raises:
        LostRace: the cursor has moved meanwhile; the reads are dropped and made again.
    """
    if not subjects:
        return
    reads = read(subjects, at)
    with store.transaction():
        if store.cursor() != cursor:
            raise LostRace
        state = store.load(read_keys(reads))
        for one in reads:
            apply_read(state, one)
        store.save_reads(reads)
        store.save(store.changes(state))
    done.reads += len(reads)


def read_keys(reads: Sequence[ContractRead]) -> Keys:
    """The rows that these reads fill."""
    keys = Keys()
    for read in reads:
        subject = read.subject
        match subject.kind:
            case "event":
                keys.events.add(subject.id)
            case "ticket_type":
                keys.ticket_types.add((subject.id, subject.sub_id))
            case "ticket":
                keys.tickets.add(subject.id)
            case _:
                keys.listings.add(subject.id)
    return keys
