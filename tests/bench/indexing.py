"""The product's indexer at work in a process of its own, as its function runs it.

`python -m tests.bench.indexing catch-up LAST_BLOCK`   up to that block, without contract reads
`python -m tests.bench.indexing read`                  the contract reads that are missing, alone
with DB_URL, RPC_URL and CONTRACTS in the environment.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter

from onlineticket.chain import logs
from onlineticket.domain.chain_log import Cursor
from onlineticket.domain.contract_read import ContractRead, Subject
from onlineticket.indexer.wiring import Index, open_index
from onlineticket.usecases.index_chain import Pass, run_pass
from tests.bench import measuring


def catch_up(index: Index, last: int) -> None:
    """As if `last` were the chain's newest block."""

    def no_reads(subjects: Sequence[Subject], at: Cursor) -> list[ContractRead]:
        return []

    [head] = logs.headers(index.node, [last])
    chain = replace(index.chain, head=lambda: head, read=no_reads)
    index.node.counters.requests = 0
    began = perf_counter()
    done = run_pass(chain, index.store, index.from_block, lambda: True)
    seconds = perf_counter() - began
    measuring.tell(
        seconds=seconds,
        requests=index.node.counters.requests,
        logs=done.logs,
        blocks=done.blocks,
        unlisted=done.unlisted,
        dead_letters=done.dead_letters,
        reorg_depth=max((one.depth for one in done.reorgs), default=0),
    )


def read(index: Index) -> None:
    """Passes over a chain that has nothing new, until no row lacks its read."""
    reads, index.node.counters.requests = 0, 0
    began = perf_counter()
    while True:
        done: Pass = run_pass(index.chain, index.store, index.from_block, lambda: True)
        if done.reads == 0:
            break
        reads += done.reads
    measuring.tell(
        seconds=perf_counter() - began, requests=index.node.counters.requests, reads=reads
    )


def main(action: str, last: str = "") -> None:
    if action == "catch-up":
        catch_up(open_index(), int(last))
    else:
        read(open_index())


if __name__ == "__main__":
    main(*sys.argv[1:])
