"""Fold everything anew from the raw logs into shadow tables, then swap, while queries go on."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Any, Protocol

from onlineticket.domain import fold
from onlineticket.domain.chain_log import CannotProject, LostRace, RawLog
from onlineticket.domain.contract_read import ContractRead, Subject, apply_read
from onlineticket.domain.folding.state import Keys, State
from onlineticket.usecases.index_chain import read_keys
from onlineticket.usecases.ports import Chain


class ShadowStore(Protocol):
    """One suite's tables, the chain-derived ones being the new ones."""

    def waiting_transaction(self) -> AbstractContextManager[None]:
        """One transaction, holding the suite's lock; waits until the indexer lets go of it."""

    def load(self, keys: Keys) -> State: ...
    def changes(self, state: State) -> Any: ...
    def save(self, changes: Any) -> None: ...
    def raw_after(self, after: tuple[int, int]) -> Iterator[list[RawLog]]: ...
    def all_reads(self) -> Iterator[list[tuple[Subject, int, str, str]]]: ...
    def last_reconciliation(self) -> int: ...
    def swap(self) -> None: ...


def rebuild(suites: Sequence[tuple[Chain, ShadowStore]], report: Callable[[int], None]) -> int:
    """Rebuild the rows of all suites; how many logs were folded. `report(logs)` as each batch is.
    Of each suite's chain nothing but what its logs mean is asked.

    What the indexer adds meanwhile is caught up with under its lock, just before the swap.

    Raises:
        LostRace: the past changed meanwhile (a reorg, a healed gap); nothing was swapped, do it
            again.
    """
    _, any_store = suites[0]
    started_at = any_store.last_reconciliation()
    folded = [_fold_after(chain, store, (-1, -1), report) for chain, store in suites]
    with ExitStack() as locks:
        for _, store in suites:
            locks.enter_context(store.waiting_transaction())
        if any_store.last_reconciliation() != started_at:
            raise LostRace
        for (chain, store), (_, after) in zip(suites, list(folded), strict=True):
            folded.append(_fold_after(chain, store, after, report))
            for batch in store.all_reads():
                _apply_reads(store, [chain.decode_read(*one) for one in batch])
        any_store.swap()
    return sum(count for count, _ in folded)


def _fold_after(
    chain: Chain, store: ShadowStore, after: tuple[int, int], report: Callable[[int], None]
) -> tuple[int, tuple[int, int]]:
    folded = 0
    for batch in store.raw_after(after):
        logs = chain.decode(batch)
        state = store.load(fold.keys_of(logs))
        for log in logs:
            try:
                fold.apply(state, log)
            except CannotProject:
                continue  # a dead letter, and known as one
        store.save(store.changes(state))
        after = (batch[-1].block_number, batch[-1].log_index)
        folded += len(batch)
        report(folded)
    return folded, after


def _apply_reads(store: ShadowStore, reads: list[ContractRead]) -> None:
    state = store.load(read_keys(reads))
    for read in reads:
        apply_read(state, read)
    store.save(store.changes(state))
