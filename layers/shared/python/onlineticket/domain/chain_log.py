"""What the indexer takes from a chain: headers, logs, and the logs decoded."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Header(NamedTuple):
    """A block's header, as far as we follow it. Hashes are 0x text; `time` in Unix seconds."""

    number: int
    hash: str
    parent_hash: str
    time: int


class RawLog(NamedTuple):
    """A log as the node gave it, checked for form. Hex fields are lowercase 0x text."""

    block_number: int
    block_hash: str
    block_time: int
    tx_hash: str
    log_index: int
    contract: str
    address: str
    topics: list[str]
    data: str


class ChainLog(NamedTuple):
    """`kind` is the Solidity event's name; `args` are its arguments in the ABI's order: uint as
    int, address as lowercase text, bool, str. Logs sort by their place: block, then index in it.
    """

    block_number: int
    log_index: int
    kind: str
    args: tuple[Any, ...]
    block_time: int
    tx_hash: str


class DeadLetter(NamedTuple):
    """A log that is listed but could not be decoded or projected, and why."""

    log: RawLog
    reason: str


@dataclass(slots=True)
class Chunk:
    """A range of blocks, `first` to `last` inclusive, fetched and decoded; logs in chain order.

    `headers`: every block of the range when it lies in the tail, else only the last one.
    `written`: `raw` as the store will insert it, if it was made ahead of the transaction.
    """

    first: int
    last: int
    headers: list[Header]
    raw: list[RawLog] = field(default_factory=list)
    logs: list[ChainLog] = field(default_factory=list)
    unlisted: list[RawLog] = field(default_factory=list)
    malformed: list[DeadLetter] = field(default_factory=list)
    written: list[bytes] | None = None


class Cursor(NamedTuple):
    """The last block whose logs are all in our tables."""

    number: int
    hash: str


class CannotProject(Exception):
    """The log does not fit the rows: what it speaks of was never announced. To dead_letters."""


class RangeTooLarge(Exception):
    """The node won't answer for so many blocks. `hint`: how many it would take, if it said so."""

    def __init__(self, hint: int | None) -> None:
        super().__init__("range too large")
        self.hint = hint


class LostRace(Exception):
    """Another writer holds the suite, or has moved the cursor: leave it to them."""


LAST_SECOND = 253_402_300_799
"""9999-12-31T23:59:59Z: RFC 3339 and timestamptz reach no further, a uint256 does."""


def clamp_time(seconds: int) -> int:
    """A uint256 time of the chain as one that SQL and JSON can hold (Unix seconds)."""
    return min(seconds, LAST_SECOND)
