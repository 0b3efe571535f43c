"""What the indexer needs of a node and of Postgres."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from onlineticket.domain.chain_log import (
    ChainLog,
    Chunk,
    Cursor,
    DeadLetter,
    Header,
    RawLog,
)
from onlineticket.domain.contract_read import ContractRead, Subject
from onlineticket.domain.folding.state import Keys, State


@dataclass(frozen=True, slots=True)
class Chain:
    """A node, or a load balancer before many that need not agree.

    `finalized(head)`: the newest block that no reorg can reach. `fetch(first, last, every_header)`
    raises RangeTooLarge. `headers(numbers)` is None if the node lacks one of them. `probe(number)`
    asks for one header over a new connection, so that a balancer may choose another node.
    `throttled()` counts the answers "too many requests" so far.
    """

    head: Callable[[], Header]
    finalized: Callable[[int], int]
    fetch: Callable[[int, int, bool], Chunk]
    headers: Callable[[Sequence[int]], list[Header] | None]
    probe: Callable[[int], Header | None]
    read: Callable[[Sequence[Subject], Cursor], list[ContractRead]]
    decode: Callable[[Sequence[RawLog]], list[ChainLog]]
    decode_read: Callable[[Subject, int, str, str], ContractRead]
    throttled: Callable[[], int]


class IndexStore(Protocol):
    """One suite's tables. All but `cursor`, `unread` and `header_hashes` need a `transaction`."""

    def cursor(self) -> Cursor | None: ...

    def transaction(self) -> AbstractContextManager[None]:
        """One transaction, holding the suite's lock.

        Raises:
            LostRace: another transaction holds it.
        """

    def advance(self, known: Cursor | None, to: Header) -> None:
        """Compare-and-set of the cursor. Raises LostRace if it is not at `known`."""

    def keep_headers(self, headers: Sequence[Header], finalized: int) -> None: ...

    def header_hashes(self) -> dict[int, str]:
        """The hashes of the blocks that a reorg can still reach, by number."""

    def prepared(self, chunk: Chunk) -> Chunk:
        """The same chunk, with what `inserting` can make ahead. From any thread."""

    def inserting(self, chunk: Chunk) -> AbstractContextManager[None]:
        """Write the chunk's raw logs and its malformed ones' dead letters while the
        block, which must ask the database nothing, goes on; they are written when it ends.
        """

    def load(self, keys: Keys) -> State: ...

    def changes(self, state: State) -> Any:
        """What is new in `state`, in the form that `save` takes; the database is not asked."""

    def save(self, changes: Any) -> None: ...

    def unread(self, limit: int, up_to_block: int) -> list[Subject]:
        """Rows created up to that block whose contract read is missing."""

    def save_reads(self, reads: Sequence[ContractRead]) -> None: ...

    # For the way back, and for repairs:

    def remove_above(self, block_number: int) -> list[RawLog]:
        """Delete all that was fetched or appended above the block; the raw logs that went."""

    def drop_reads_above(self, block_number: int) -> Keys:
        """Delete the contract reads made above the block, and empty the columns they filled; the
        events among them: theirs also hold what logs say, and have to be folded anew.
        """

    def group(self, keys: Keys) -> Keys:
        """`keys`, and the rows whose fold is bound up with theirs: tickets with their listings
        and auctions, events with their ticket types.
        """

    def forget(self, keys: Keys) -> None: ...

    def raw_of(self, keys: Keys) -> list[RawLog]:
        """The logs that make these rows, in chain order; purchases not among them."""

    def reads_of(self, keys: Keys) -> list[tuple[Subject, int, str, str]]:
        """Subject, block number, block hash, result of each read of these rows that we have."""

    def primary_sales(self, keys: Keys) -> list[tuple[int, int, int, int, int, int]]:
        """Per ticket type of these events, from `trades`: event id, type id, quantity, revenue in
        tokens, revenue in ETH, newest block.
        """

    def name_trades(self, keys: Keys) -> None:
        """Say again of which event the resales of these tickets are: their rows were kept."""

    def mark(self, fitting: Collection[RawLog], misfits: Sequence[DeadLetter]) -> None:
        """Which logs have been folded after all, and which have not."""

    def record(
        self, cause: str, from_block: int, to_block: int, undone: int, added: int
    ) -> None: ...


class RepairStore(IndexStore, Protocol):
    """What repairs need besides."""

    def places(self, first: int, last: int) -> set[tuple[str, int]]:
        """Block hash and log index of every raw log in these blocks."""

    def block_hashes(self, first: int, last: int) -> list[tuple[int, str]]:
        """Number and hash of those of these blocks that we hold logs of."""

    def add_raw(self, logs: Sequence[RawLog], unlisted: Collection[tuple[str, int]]) -> None: ...

    def dead_letters(self) -> list[RawLog]: ...

    def postpone_dead_letters(self) -> None:
        """Set when those still there are worth another try."""
