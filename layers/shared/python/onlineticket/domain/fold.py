"""The meaning of each log: a pure fold of chain logs, and of contract reads, into rows.

One definition serves the backfill, the tail, a rebuild and the repair after a reorg. A State
holds the rows that a batch touches; whoever calls loads them first (`keys_of` says which) and
writes what `Table.dirty` names.
"""

from collections.abc import Iterable

from onlineticket.domain.chain_log import ChainLog
from onlineticket.domain.folding import event_manager, marketplace, ticket_manager, token_swap
from onlineticket.domain.folding.state import Keys, State

KINDS = {**event_manager.KINDS, **ticket_manager.KINDS, **marketplace.KINDS, **token_swap.KINDS}
"""Every kind of log that has a meaning here, by the Solidity event's name."""


def keys_of(logs: Iterable[ChainLog]) -> Keys:
    """The rows to load before folding `logs`; besides, a loaded ticket's listing and auction."""
    keys = Keys()
    for log in logs:
        KINDS[log.kind].keys(keys, log.args)
    return keys


def apply(state: State, log: ChainLog) -> None:
    """Fold one log.

    Raises:
        CannotProject: it does not fit the rows; the state is as before.
    """
    KINDS[log.kind].fold(state, log, *log.args)
