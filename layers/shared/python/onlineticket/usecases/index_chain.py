"""Index the chain: fetch a range, fold it, commit it with the cursor; then fill what logs omit.

Invariants
* What is in the tables is exactly the fold of the blocks up to the cursor: raw logs, rows and
  cursor change in one transaction, under a lock and a compare-and-set of the cursor.
* A pass may die anywhere: the next one starts at the cursor and loses and doubles nothing.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

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
from onlineticket.domain.errors import IndexingStopped
from onlineticket.domain.folding.state import Keys, State

FetchChunk = Callable[[int, int, bool], Chunk]
"""(first, last, every header) -> the blocks' logs, decoded."""
ReadContracts = Callable[[Sequence[Subject], Cursor], list[ContractRead]]


class IndexStore(Protocol):
    """The suite's tables. All but `cursor` and `unread` happen inside `transaction`."""

    def cursor(self) -> Cursor | None: ...

    def transaction(self) -> AbstractContextManager[None]:
        """One transaction, holding the suite's lock.

        Raises:
            LostRace: another transaction holds it.
        """

    def advance(self, known: Cursor | None, to: Header) -> None:
        """Raises LostRace if the cursor is not at `known`."""

    def keep_headers(self, headers: Sequence[Header], finalized: int) -> None: ...

    def insert_raw(self, chunk: Chunk, dead: Sequence[DeadLetter]) -> None: ...

    def load(self, keys: Keys) -> State: ...

    def save(self, state: State) -> None: ...

    def unread(self, limit: int) -> list[Subject]: ...

    def save_reads(self, reads: Sequence[ContractRead]) -> None: ...


@dataclass(frozen=True, slots=True)
class Chain:
    """What the indexer asks of a node. `finalized`: the newest block no reorg can reach."""

    head: Callable[[], Header]
    finalized: Callable[[int], int]
    fetch: FetchChunk
    read: ReadContracts


@dataclass(slots=True)
class Pass:
    """What one pass did."""

    blocks: int = 0
    logs: int = 0
    unlisted: int = 0
    dead_letters: int = 0
    reads: int = 0


HISTORY_WIDTH = 1000
TAIL_WIDTH = 20
"""Blocks asked for at once; in the tail each of them brings its header along."""

READS_PER_PASS = 2000


def run_pass(
    chain: Chain, store: IndexStore, from_block: int, keep_going: Callable[[], bool]
) -> Pass:
    """Index from the cursor to the head, then enrich; stop early, between commits, when
    `keep_going()` says no. A node whose head is below the cursor lags: nothing is done.

    Raises:
        LostRace: another writer is at work.
        IndexingStopped: `REORG`, the chain no longer contains the cursor's block.
        Unavailable: `RPC_UNAVAILABLE`; the cursor is where the last commit left it.
    """
    done = Pass()
    head = chain.head()
    finalized = chain.finalized(head.number)
    cursor = store.cursor()
    while keep_going():
        first = from_block if cursor is None else cursor.number + 1
        if first > head.number:
            break
        in_tail = first > finalized
        last = (
            min(first + TAIL_WIDTH - 1, head.number)
            if in_tail
            else min(first + HISTORY_WIDTH - 1, finalized)
        )
        chunk = chain.fetch(first, last, in_tail)
        if in_tail and cursor is not None and chunk.headers[0].parent_hash != cursor.hash:
            raise IndexingStopped("REORG", f"Block {cursor.number} is no longer on the chain.")
        cursor = index_range(store, chunk, cursor, finalized, done)
    if cursor is not None and cursor.number >= head.number and keep_going():
        enrich(store, chain.read, cursor, READS_PER_PASS, done)
    return done


def index_range(
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
        dead = chunk.malformed + fold_all(state, chunk)
        store.insert_raw(chunk, dead)
        store.save(state)
        store.keep_headers([one for one in chunk.headers if one.number >= finalized], finalized)
    done.blocks += chunk.last - chunk.first + 1
    done.logs += len(chunk.logs)
    done.unlisted += len(chunk.unlisted)
    done.dead_letters += len(dead)
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


def enrich(store: IndexStore, read: ReadContracts, at: Cursor, limit: int, done: Pass) -> None:
    """Read from the contracts, at the cursor's block, what rows still lack; at most `limit`.

    Raises:
        LostRace: the cursor has moved meanwhile; the reads are dropped and made again.
    """
    subjects = store.unread(limit)
    if not subjects:
        return
    reads = read(subjects, at)
    with store.transaction():
        if store.cursor() != at:
            raise LostRace
        state = store.load(read_keys(subjects))
        for one in reads:
            apply_read(state, one)
        store.save_reads(reads)
        store.save(state)
    done.reads += len(reads)


def read_keys(subjects: Sequence[Subject]) -> Keys:
    keys = Keys()
    for subject in subjects:
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
