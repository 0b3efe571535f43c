"""Use checked-in tickets on chain (`useTicket`), each once, with one account of our own.

A ticket waits until its check-in can't be undone any more. Then its transaction is signed and
written down, and only then sent: whatever happens in between, the next round sends the very same
one again, until the chain has it. The nonce is the lowest that none of ours holds, taken by a
compare-and-set. What is stuck is signed again under its nonce at a higher price, so at most one of
them can ever be mined. It is the index that says that a ticket is used; if a reorganisation takes
that back, the transaction is sent again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from onlineticket.domain import consumption as rules
from onlineticket.domain.consumption import Consumption, Fees
from onlineticket.domain.types import SuiteId, TokenId, WalletAddress

OUTSIDE_VALIDITY = "outside validity period"
NOT_AUTHORIZED = "not authorized verifier"


class Reverted(Protocol):
    reason: str


class Ledger(Protocol):
    """Tables consumptions and senders, for one suite and one sender."""

    @property
    def suite_id(self) -> SuiteId: ...

    def enqueue(self, before: int) -> int:
        """Add the tickets whose check-in was recorded before then; how many."""

    def follow_index(self, now: int) -> int:
        """Mark done what the index says is used, and not done what it no longer does; how many
        were done."""

    def in_flight(self) -> list[Consumption]:
        """Those sent, by nonce; of other suites too, if they share the chain and the sender."""

    def due(self, now: int, limit: int) -> list[Consumption]: ...

    def validity(self, token_id: TokenId) -> tuple[int, int] | None:
        """The ticket's first and last second, if the index has read them."""

    def version(self) -> int:
        """Moves with every nonce that is taken."""

    def take(
        self, one: Consumption, version: int, nonce: int, raw: bytes, hash_: bytes, fees: Fees,
        now: int,
    ) -> bool:  # fmt: skip
        """Waiting to sent, if nobody took a nonce since `version`."""

    def replace(self, one: Consumption, raw: bytes, hash_: bytes, fees: Fees, now: int) -> bool:
        """Another transaction under the same nonce, if it is as `one` still."""

    def put_back(self, one: Consumption, reason: str, next_try_at: int) -> None:
        """To waiting, one attempt later."""

    def postpone(self, one: Consumption, reason: str, until: int) -> None:
        """Still waiting, and no attempt."""

    def give_up(self, one: Consumption, reason: str) -> None: ...


class Chain(Protocol):
    """chain/use_ticket.py: an account that may use tickets."""

    @property
    def sender(self) -> WalletAddress: ...
    def next_nonce(self) -> int: ...
    def head_time(self) -> int: ...
    def fees(self) -> Fees: ...
    def gas(self, token_id: TokenId) -> int: ...
    def signed(
        self, token_id: TokenId, nonce: int, gas: int, fees: Fees
    ) -> tuple[bytes, bytes]: ...
    def send(self, raw: bytes) -> str | None: ...
    def outcome(self, hashes: Sequence[bytes]) -> bool | None: ...


@dataclass(slots=True)
class Round:
    """What a round did. `problems`: what the node or the contract said, for the log."""

    enqueued: int = 0
    done: int = 0
    sent: int = 0
    raised: int = 0
    postponed: int = 0
    put_back: int = 0
    given_up: int = 0
    in_flight: int = 0
    problems: list[str] = field(default_factory=list)


def consume(
    ledger: Ledger,
    chain: Chain,
    reverted: type[Exception],
    *,
    now: int,
    undo_window: int,
    limit: int,
    highest_fee: int,
    keep_going: Callable[[], bool] = lambda: True,
) -> Round:
    """One round, of `limit` new transactions at most; none pays over `highest_fee` wei a gas.

    `reverted` is what `chain.gas` raises for a call that would revert, with its `reason`.

    Raises:
        Unavailable: the node or the key does not answer; what was written stands.
    """
    done = Round(enqueued=ledger.enqueue(now - undo_window), done=ledger.follow_index(now))
    fees, next_nonce = chain.fees(), chain.next_nonce()
    for one in ledger.in_flight():
        if keep_going():
            _follow(one, ledger, chain, reverted, fees, next_nonce, highest_fee, now, done)
    if fees.max_fee > highest_fee:
        done.problems.append("the chain asks for more than we pay")
        return done
    for one in ledger.due(now, limit):
        if not keep_going() or not _begin(one, ledger, chain, reverted, fees, now, done):
            break
    return done


def _follow(
    one: Consumption,
    ledger: Ledger,
    chain: Chain,
    reverted: type[Exception],
    fees: Fees,
    next_nonce: int,
    highest_fee: int,
    now: int,
    done: Round,
) -> None:
    """See what became of a transaction that was sent, and help it along."""
    assert one.nonce is not None
    assert one.raw is not None
    assert one.fees is not None
    done.in_flight += 1
    outcome = chain.outcome(one.hashes)
    if outcome is True:
        return  # the index will say so
    if outcome is False:
        _put_back(one, ledger, "REVERTED", now, done)
    elif one.nonce < next_nonce:
        # Mined with a transaction that is none of ours; or this node lags behind the one that
        # told the nonce, and then the index puts it right.
        _put_back(one, ledger, "NONCE_TAKEN", now, done)
    elif one.suite_id != ledger.suite_id or now - (one.sent_at or 0) < rules.STUCK_SECONDS:
        _send(one.raw, chain, done)
    else:
        higher = rules.raised(one.fees, fees)
        if higher.max_fee > highest_fee:
            _send(one.raw, chain, done)
            return
        try:
            gas = chain.gas(one.token_id)
        except reverted:
            _send(one.raw, chain, done)  # it holds a nonce that others wait behind
            return
        raw, hash_ = chain.signed(one.token_id, one.nonce, gas, higher)
        if ledger.replace(one, raw, hash_, higher, now):
            done.raised += 1
            _send(raw, chain, done)


def _begin(
    one: Consumption,
    ledger: Ledger,
    chain: Chain,
    reverted: type[Exception],
    fees: Fees,
    now: int,
    done: Round,
) -> bool:
    """Sign and send a first transaction; False if no other ticket can be used either."""
    # Before anything else is read: whoever takes a nonce after this makes ours lose.
    version = ledger.version()
    try:
        gas = chain.gas(one.token_id)
    except reverted as refusal:
        return _refused(one, str(getattr(refusal, "reason", "")), ledger, chain, now, done)
    taken = {each.nonce for each in ledger.in_flight() if each.nonce is not None}
    nonce = rules.free_nonce(chain.next_nonce(), taken)
    raw, hash_ = chain.signed(one.token_id, nonce, gas, fees)
    if not ledger.take(one, version, nonce, raw, hash_, fees, now):
        return False  # another round is at work
    done.sent += 1
    _send(raw, chain, done)
    return True


def _refused(
    one: Consumption, reason: str, ledger: Ledger, chain: Chain, now: int, done: Round
) -> bool:
    if NOT_AUTHORIZED in reason:
        done.problems.append(f"{chain.sender} may not use tickets")
        return False
    validity = ledger.validity(one.token_id)
    if OUTSIDE_VALIDITY in reason and validity:
        head_time, (begins, ends) = chain.head_time(), validity
        if head_time < begins:
            done.postponed += 1
            ledger.postpone(one, "TOO_EARLY", max(now + 1, now + begins - head_time))
            return True
        if head_time > ends:
            done.given_up += 1
            ledger.give_up(one, "TOO_LATE")
            return True
    done.problems.append(reason)
    _put_back(one, ledger, reason[:100] or "REVERTS", now, done)
    return True


def _put_back(one: Consumption, ledger: Ledger, reason: str, now: int, done: Round) -> None:
    if one.attempts + 1 >= rules.MOST_ATTEMPTS:
        done.given_up += 1
        ledger.give_up(one, reason)
    else:
        done.put_back += 1
        ledger.put_back(one, reason, now + rules.pause(one.attempts))


def _send(raw: bytes, chain: Chain, done: Round) -> None:
    problem = chain.send(raw)
    if problem:
        done.problems.append(problem)
