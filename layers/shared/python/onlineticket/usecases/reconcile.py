"""Put the tables right after a reorg: find the common ancestor, undo what lies above it, exactly.

There is no journal of changes. What lies above the ancestor is deleted from the raw logs, and only
the rows that those logs touched are folded anew from the raw logs that remain.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from onlineticket.domain import fold
from onlineticket.domain.chain_log import (
    CannotProject,
    Cursor,
    DeadLetter,
    Header,
    LostRace,
    RawLog,
)
from onlineticket.domain.contract_read import apply_read
from onlineticket.domain.errors import IndexingStopped
from onlineticket.domain.folding.state import Keys, State
from onlineticket.usecases.ports import Chain, IndexStore

PROBES = 4
"""Answers, each over a connection of its own, that must all lack our block before we go back: of
several nodes behind a balancer one may be on a fork of its own.
"""


@dataclass(frozen=True, slots=True)
class Reorg:
    """The chain no longer contains the cursor's block. `ancestor`: the newest block of ours that
    it does contain; None while nodes disagree, which is no reason to give up good data.
    """

    depth: int
    ancestor: Header | None


def find_reorg(chain: Chain, store: IndexStore, cursor: Cursor, head: Header) -> Reorg | None:
    """None if the cursor's block is on the chain. `head` is not below the cursor.

    Raises:
        IndexingStopped: `REORG_TOO_DEEP`, no block that we remember is on the chain.
        LostRace: another run has gone on from the cursor, and maybe forgotten the blocks below it.
    """
    if head.number == cursor.number and head.hash == cursor.hash:
        return None
    for _ in range(PROBES):
        header = chain.probe(cursor.number)
        if header is not None and header.hash == cursor.hash:
            return None
    ours = store.header_hashes()
    numbers = sorted(number for number in ours if number <= cursor.number)
    theirs = chain.headers(numbers)
    if theirs is None or (theirs and theirs[-1].hash == cursor.hash):
        return Reorg(0, None)
    common = [header for header in theirs if ours[header.number] == header.hash]
    if not common:
        if store.cursor() != cursor:
            raise LostRace
        raise IndexingStopped(
            "REORG_TOO_DEEP",
            f"None of the {len(ours)} newest blocks indexed is on the chain any more; "
            "see README, Repair.",
        )
    return Reorg(cursor.number - common[-1].number, common[-1])


def undo(
    chain: Chain, store: IndexStore, cursor: Cursor, ancestor: Header, cause: str = "reorg"
) -> Cursor:
    """Go back to `ancestor` in one transaction; return the cursor there.

    Raises:
        LostRace: nothing was changed.
    """
    with store.transaction():
        store.advance(cursor, ancestor)
        removed = store.remove_above(ancestor.number)
        touched = fold.keys_of(chain.decode(removed))
        touched.events |= store.drop_reads_above(ancestor.number).events
        refold(chain, store, touched)
        store.record(cause, cursor.number, ancestor.number, len(removed), 0)
    return Cursor(ancestor.number, ancestor.hash)


def refold(
    chain: Chain, store: IndexStore, touched: Keys, new: Sequence[RawLog] = ()
) -> list[DeadLetter]:
    """Fold the touched rows, and those bound up with them, anew from the raw logs we hold; those
    that do not fit.

    Trades, bids and swaps are one row a log: only the logs in `new`, never folded before, add some.
    """
    keys = store.group(touched)
    store.forget(keys)
    state = store.load(Keys())
    places = {(log.block_number, log.log_index): log for log in [*store.raw_of(keys), *new]}
    fitting, misfits = _fold(chain, state, keys, [places[place] for place in sorted(places)])
    for event_id, type_id, quantity, in_token, in_eth, newest in store.primary_sales(keys):
        event = state.events.change(event_id)
        event.revenue_token += in_token
        event.revenue_eth += in_eth
        event.updated_block = max(event.updated_block, newest)
        ticket_type = state.ticket_types.change((event_id, type_id))
        ticket_type.sold += quantity
        ticket_type.updated_block = max(ticket_type.updated_block, newest)
    for one in store.reads_of(keys):
        apply_read(state, chain.decode_read(*one))
    added = {(log.block_number, log.log_index) for log in new}
    state.trades = [row for row in state.trades if (row.block_number, row.log_index) in added]
    state.bids = [row for row in state.bids if (row.block_number, row.log_index) in added]
    state.swaps = [row for row in state.swaps if (row.block_number, row.log_index) in added]
    store.save(store.changes(state))
    store.name_trades(keys)
    store.mark(fitting, misfits)
    return misfits


def _fold(
    chain: Chain, state: State, keys: Keys, raw: list[RawLog]
) -> tuple[list[RawLog], list[DeadLetter]]:
    """Fold those of the logs that are about `keys` alone; which fitted, and which did not."""
    fitting, misfits = [], []
    by_place = {(log.block_number, log.log_index): log for log in raw}
    for log in chain.decode(raw):
        if not keys.cover(fold.keys_of([log])):
            continue  # e.g. an auction with the id of a listing that we are after
        source = by_place[log.block_number, log.log_index]
        try:
            fold.apply(state, log)
        except CannotProject as reason:
            misfits.append(DeadLetter(source, str(reason)))
        else:
            fitting.append(source)
    return fitting, misfits
