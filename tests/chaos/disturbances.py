"""What may happen to a pass of the indexer: its process dies, its node errs or reorganises.

All of it is drawn from a Random, so that a seed repeats it.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from threading import Lock
from typing import Any, TypeVar

from psycopg import Connection, Cursor

from onlineticket.chain.rpc import Node
from onlineticket.chain.rpc_errors import RetryableRpcError
from onlineticket.domain.chain_log import Chunk, Header, RangeTooLarge
from onlineticket.domain.contract_read import ContractRead, Subject
from onlineticket.domain.errors import Unavailable
from onlineticket.usecases.ports import Chain

T = TypeVar("T")


class Died(BaseException):
    """The process is gone: nobody catches this but the test."""


def die_after(conn: Connection[Any], statements: int) -> None:
    """Have the connection break, and `Died` raised, right before or after one of the statements to
    come: between any two writes of a transaction, or between two transactions.
    """
    left = 2 * statements

    def visit() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            conn.close()
            raise Died

    class DyingCursor(Cursor[Any]):
        def execute(self, *args: Any, **options: Any) -> Any:
            visit()
            super().execute(*args, **options)
            visit()
            return self

        def executemany(self, *args: Any, **options: Any) -> None:
            visit()
            super().executemany(*args, **options)
            visit()

        def copy(self, *args: Any, **options: Any) -> Any:
            visit()
            return super().copy(*args, **options)

    conn.cursor_factory = DyingCursor


@dataclass(slots=True)
class Unsteady:
    """A chain behind a balancer with bad nodes. Each question is lied to by chance, and what that
    chance gives depends on the question and how often it was asked, not on which thread asks first.

    What it says of blocks is never wrong but for `probe`, which asks one node alone. `omits`: it
    leaves out some logs, and nothing shows that it did; `omitted` counts them.
    """

    chain: Chain
    node: Node
    seed: int
    omits: bool = False
    likelihood: float = 0.3
    omitted: int = 0
    asked: Counter[str] = field(default_factory=Counter)
    lies: list[str] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def as_chain(self) -> Chain:
        return replace(
            self.chain, head=self.head, fetch=self.fetch, headers=self.headers, probe=self.probe,
            read=self.read,
        )  # fmt: skip

    def head(self) -> Header:
        """The newest block, or that of a node that lags behind."""
        head, chance = self.chain.head(), self._chance("head")
        if chance.random() >= self.likelihood:
            return head
        number = max(0, head.number - chance.choice((1, 2, 9, 70)))
        self._note(f"head {number} instead of {head.number}")
        found = self.chain.headers([number])
        return found[0] if found else head

    def fetch(self, first: int, last: int, every_header: bool) -> Chunk:
        chance = self._chance(f"fetch {first} {last} {every_header}")
        if self.omits:
            return self._leave_out(self.chain.fetch(first, last, every_header), chance)
        if chance.random() >= self.likelihood:
            return self.chain.fetch(first, last, every_header)
        match chance.choice(("too large", "too large", "retry", "away")):
            case "too large" if last > first:
                hint = chance.choice((None, None, 1, (last - first) // 2))
                self._note(f"blocks {first} to {last} are too many, hint {hint}")
                raise RangeTooLarge(hint)
            case "away":
                self._note(f"no logs of blocks {first} to {last}")
                raise Unavailable("RPC_UNAVAILABLE", "The node does not answer.")
        errors = chance.randint(1, self.node.attempts - 1)
        self._note(f"blocks {first} to {last} only after {errors} errors")
        return self.node.persist(
            _at_last(errors, lambda: self.chain.fetch(first, last, every_header))
        )

    def headers(self, numbers: Sequence[int]) -> list[Header] | None:
        if self._chance("headers").random() < self.likelihood:
            self._note("no headers")
            return None
        return self.chain.headers(numbers)

    def probe(self, number: int) -> Header | None:
        """As often as not from a node that lacks the block, or is on a fork of its own."""
        chance = self._chance(f"probe {number}")
        header = self.chain.probe(number)
        if header is None or chance.random() >= 2 * self.likelihood:
            return header
        self._note(f"another block {number}, or none")
        return chance.choice((None, header._replace(hash="0x" + chance.randbytes(32).hex())))

    def read(self, subjects: Sequence[Subject], at: Any) -> list[ContractRead]:
        if self._chance("read").random() < self.likelihood:
            self._note("no contract reads")
            raise Unavailable("RPC_UNAVAILABLE", "The node does not answer.")
        return self.chain.read(subjects, at)

    def _leave_out(self, chunk: Chunk, chance: Random) -> Chunk:
        kept = [log for log in chunk.raw if chance.random() > 0.1]
        places = {(log.block_number, log.log_index) for log in kept}
        left_out = len(chunk.raw) - len(kept)
        if left_out:
            self._note(f"{left_out} logs left out of blocks {chunk.first} to {chunk.last}")
            self.omitted += left_out
        chunk.raw = kept
        chunk.logs = [log for log in chunk.logs if (log.block_number, log.log_index) in places]
        return chunk

    def _chance(self, question: str) -> Random:
        with self._lock:
            self.asked[question] += 1
            return Random(f"{self.seed} {question} {self.asked[question]}")

    def _note(self, lie: str) -> None:
        print(f"  lie: {lie}")
        self.lies.append(lie)


def shifting(chain: Chain, question: int, before: bool, happen: Callable[[], None]) -> Chain:
    """The chain, to which something happens right before or right after it answers the question of
    that number.
    """
    left = question

    def then(ask: Callable[..., T]) -> Callable[..., T]:
        def asked(*args: Any) -> T:
            nonlocal left
            left -= 1
            is_now = left == 0
            if is_now and before:
                happen()
            answer = ask(*args)
            if is_now and not before:
                happen()
            return answer

        return asked

    def fetch(first: int, last: int, every_header: bool) -> Chunk:
        # Those of history are asked by threads of their own, and nothing happens to history.
        ask = then(chain.fetch) if every_header else chain.fetch
        return ask(first, last, every_header)

    return replace(
        chain, head=then(chain.head), finalized=then(chain.finalized), fetch=fetch,
        headers=then(chain.headers), probe=then(chain.probe), read=then(chain.read),
    )  # fmt: skip


def _at_last(errors: int, ask: Callable[[], T]) -> Callable[[], T]:
    left = errors

    def asked() -> T:
        nonlocal left
        if left:
            left -= 1
            raise RetryableRpcError("half an answer")
        return ask()

    return asked
