"""One pass of the indexer in a process of its own, which dies at a point that its caller names.

`python -m tests.integration.indexing_process POINT NTH`: exit 9 the NTH time it comes to POINT, or
0 when the pass is over. A point is the end of that step of the store, or `fetched` or `committed`.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from onlineticket.domain.chain_log import RangeTooLarge
from onlineticket.indexer.wiring import open_index
from onlineticket.store.index_store import PostgresIndex
from onlineticket.usecases import index_chain

POINTS = (
    "fetched", "advance", "load", "insert_raw", "save", "keep_headers", "committed", "unread",
    "read", "save_reads",
)  # fmt: skip


class DyingIndex(PostgresIndex):
    """The store, which ends the process, with no goodbye, right after a step."""

    point = ""
    visits_left = 0

    def visit(self, point: str) -> None:
        if point == self.point:
            self.visits_left -= 1
            if self.visits_left == 0:
                os._exit(9)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with super().transaction():
            yield
        self.visit("committed")


def _dies_after(step: str) -> Any:
    def wrapped(self: DyingIndex, *args: Any) -> Any:
        result = getattr(PostgresIndex, step)(self, *args)
        self.visit(step)
        return result

    return wrapped


for name in ("advance", "load", "insert_raw", "save", "keep_headers", "unread", "save_reads"):
    setattr(DyingIndex, name, _dies_after(name))


def main(point: str, nth: int) -> None:
    opened = open_index()
    plain, chain = opened.store, opened.chain
    store = DyingIndex(plain.conn, plain.suite_id, plain.chain_id, plain.marketplaces)
    store.point, store.visits_left = point, nth

    def fetch(first: int, last: int, every_header: bool) -> Any:
        # So that a pass is many commits: a node that gives no more than this.
        if last - first >= (3 if every_header else 7):
            raise RangeTooLarge(hint=None)
        chunk = chain.fetch(first, last, every_header)
        store.visit("fetched")
        return chunk

    def read(*args: Any) -> Any:
        found = chain.read(*args)
        store.visit("read")
        return found

    dying = replace(chain, fetch=fetch, read=read)
    index_chain.run_pass(dying, store, opened.from_block, lambda: True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
