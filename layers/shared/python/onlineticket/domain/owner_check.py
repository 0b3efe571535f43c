"""Does the chain agree on who came in? Asked after the check-in, which stands in any case."""

from dataclasses import dataclass
from typing import Literal

from onlineticket.domain.types import SuiteId, TokenId, WalletAddress

Outcome = Literal["unchecked", "match", "mismatch"]

MOST_ATTEMPTS = 50
"""Rounds of the worker, five minutes apart, after which a check is left to people."""


@dataclass(frozen=True, slots=True)
class Entered:
    """A line of check_ins that let somebody in, and what the index says of its ticket now.

    `holder` is None when the door's own check was deferred. `owner` is None if the index has no
    such ticket. `moves` counts the transfers until the time of entry, by the blocks' times.
    """

    suite_id: SuiteId
    event_id: int
    token_id: TokenId
    number: int
    holder: WalletAddress | None
    epoch: int | None
    owner: WalletAddress | None
    transfers: int | None
    moves: int | None


@dataclass(frozen=True, slots=True)
class Judged:
    """`reason` says why it is no match: INDEX_BEHIND (asked again), NO_SUCH_TICKET,
    SOLD_BEFORE_ENTRY, TRANSFER_UNDONE, OWNER_DIFFERS.
    """

    outcome: Outcome
    reason: str | None


def judge(entered: Entered, owner: WalletAddress | None) -> Judged:
    """`owner` is what the chain's ownerOf answers now, None if there is no such token.

    Only where the index and the chain agree does the index's history count: it tells a ticket that
    was sold before its old holder came in from one that was passed on afterwards.
    """
    if owner is None:
        return Judged("mismatch", "NO_SUCH_TICKET")
    if owner != entered.owner:
        return Judged("unchecked", "INDEX_BEHIND")
    if entered.epoch is not None and entered.moves is not None:
        if entered.moves > entered.epoch:
            return Judged("mismatch", "SOLD_BEFORE_ENTRY")
        if entered.moves < entered.epoch:
            return Judged("mismatch", "TRANSFER_UNDONE")
    has_moved = entered.transfers != entered.epoch
    if entered.holder not in (None, owner) and not has_moved:
        return Judged("mismatch", "OWNER_DIFFERS")
    return Judged("match", None)
