"""What a test of lying nodes plays on: tables, a chain, the liar between, and the true rows."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from psycopg import Connection

from infra.local import chain
from onlineticket import resources
from onlineticket.domain.errors import Unavailable
from onlineticket.indexer.wiring import Index, open_index
from onlineticket.usecases.index_chain import Pass, run_pass
from tests import snapshots
from tests.chaos import faults
from tests.chaos.lying_node import LyingNode, always

Rows = dict[str, list[tuple[Any, ...]]]

TABLES = (*snapshots.DERIVED, *snapshots.FETCHED)


@dataclass
class Waits:
    """The time of a Node in tests: it passes when the Node sleeps, and only then."""

    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def clock(self) -> float:
        return sum(self.slept)


@dataclass
class Stage:
    """A database that knows the suite, the chain, the liar before it, and what is true."""

    conn: Connection[Any]
    chain_url: str
    liar: LyingNode
    truth: Rows
    waits: Waits = field(default_factory=Waits)
    timeout_seconds: float = 10.0

    def open(self, url: str) -> Index:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("RPC_URL", url)
            resources.forget()
            index = open_index(self.conn)
        index.node.sleep, index.node.timeout_seconds = self.waits.sleep, self.timeout_seconds
        return index

    def index(self, url: str | None = None) -> Pass:
        """One pass through the liar, or straight to `url`."""
        index = self.open(url or self.liar.url)
        return run_pass(index.chain, index.store, index.from_block, lambda: True)

    def rows(self) -> Rows:
        return take(self.conn)

    def try_index(self) -> bool:
        """A pass through the liar; False if it was given up."""
        try:
            self.index()
        except Unavailable:
            return False
        return True

    def cursor(self) -> int:
        found = self.conn.execute("SELECT block_number FROM blocks_processed").fetchone()
        return int(found[0]) if found else -1

    def went_back(self) -> int:
        """How many times anything was undone or mended."""
        found = self.conn.execute("SELECT count(*) FROM reconciliations").fetchone()
        return int(found[0]) if found else 0

    def is_whole_up_to_its_cursor(self) -> None:
        """The raw logs are the true ones of all blocks up to the cursor, and no others."""
        at = self.cursor()
        true = [row for row in self.truth["events_raw"] if block_of(row) <= at]
        assert snapshots.take(self.conn, ("events_raw",))["events_raw"] == true
        assert self.went_back() == 0

    def ends_true(self) -> None:
        """What was given up is made whole by an undisturbed pass, and only that was missing."""
        self.is_whole_up_to_its_cursor()
        self.index(self.chain_url)
        assert self.rows() == self.truth

    def begin_below(self, blocks: int) -> None:
        """Let all have been indexed when the chain was lower. The truth is then of two passes."""
        lower = head(self.chain_url) - blocks
        for reference in (True, False):
            self.empty()
            self.liar.script = always(faults.behind(self.chain_url, lower))
            self.index()
            if reference:
                self.index(self.chain_url)
                self.truth = self.rows()

    def empty(self) -> None:
        # With so few rows a DELETE is the faster of the two.
        for name in (*TABLES, "blocks_processed", "reconciliations"):
            self.conn.execute(f"DELETE FROM {name}")


def take(conn: Connection[Any]) -> Rows:
    cursor = conn.execute(
        "SELECT block_number, encode(block_hash, 'hex'), block_time FROM blocks_processed"
    )
    return snapshots.take(conn, TABLES) | {"blocks_processed": list(cursor)}


def block_of(raw_log: tuple[Any, ...]) -> int:
    """`take` orders columns by name: address, block_hash, block_number."""
    return int(raw_log[2])


def head(url: str) -> int:
    return int(chain.call(url, "eth_blockNumber"), 16)
