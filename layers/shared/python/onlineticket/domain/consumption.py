"""Using a ticket on chain (`useTicket`) after its check-in: what is decided about it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from onlineticket.domain.types import SuiteId, TokenId, Wei

State = Literal["waiting", "sent", "done", "given_up"]
"""waiting: no transaction yet, or the last one failed. sent: signed, and sent until it is mined.
done: the index says that the ticket is used."""

STUCK_SECONDS = 60
"""A transaction that is not mined for so long is sent again at a higher price."""
FIRST_PAUSE, LONGEST_PAUSE = 60, 3600
"""Seconds before another try of one that failed; doubled each time."""
MOST_ATTEMPTS = 12


@dataclass(frozen=True, slots=True)
class Fees:
    """Wei per gas (EIP-1559). `tip` None: a chain without base fees, `max_fee` is the gas price."""

    max_fee: Wei
    tip: Wei | None


@dataclass(frozen=True, slots=True)
class Consumption:
    """A row of table consumptions. `hashes` are those of all transactions under `nonce`, the newest
    last; `sent_at` in Unix seconds.
    """

    suite_id: SuiteId
    token_id: TokenId
    state: State
    attempts: int
    nonce: int | None = None
    raw: bytes | None = None
    hashes: tuple[bytes, ...] = ()
    fees: Fees | None = None
    sent_at: int | None = None


def free_nonce(first: int, taken: Collection[int]) -> int:
    """The lowest nonce from `first` (the chain's next one) that no transaction of ours holds: so a
    gap, after which nothing would be mined, is filled first.
    """
    while first in taken:
        first += 1
    return first


def raised(old: Fees, wanted: Fees) -> Fees:
    """Fees that replace a transaction of `old`: nodes ask for a tenth more of both; a quarter."""
    tip = wanted.tip if old.tip is None or wanted.tip is None else max(wanted.tip, _more(old.tip))
    return Fees(Wei(max(wanted.max_fee, _more(old.max_fee))), tip)


def pause(attempts: int) -> int:
    """Seconds until another try, after so many."""
    return int(min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(attempts, 20)))


def _more(fee: Wei) -> Wei:
    return Wei(fee + fee // 4 + 1)
