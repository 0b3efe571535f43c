"""The product's indexer at work in a process of its own, as its function runs it.

`python -m tests.bench.indexing catch-up LAST_BLOCK`   up to that block, without contract reads
`python -m tests.bench.indexing read`                  the contract reads that are missing, alone
`python -m tests.bench.indexing rebuild`               every row anew from the raw logs
with DB_URL, RPC_URL and CONTRACTS in the environment.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter, process_time

from onlineticket.chain import logs
from onlineticket.domain.chain_log import Cursor
from onlineticket.domain.contract_read import ContractRead, Subject
from onlineticket.indexer import __main__ as command_line
from onlineticket.indexer.wiring import Index, open_index
from onlineticket.usecases.index_chain import run_pass
from tests.bench import measuring


def catch_up(index: Index, last: int) -> None:
    """One pass, as if `last` were the chain's newest block."""
    after_undo: list[float] = []

    def no_reads(subjects: Sequence[Subject], at: Cursor) -> list[ContractRead]:
        return []

    def finalized(head: int) -> int:
        # What a pass asks for as soon as a reorg, if there was one, is undone.
        after_undo.append(perf_counter())
        return index.chain.finalized(head)

    [head] = logs.headers(index.node, [last])
    chain = replace(index.chain, head=lambda: head, read=no_reads, finalized=finalized)
    index.node.counters.requests = 0
    began, cpu = perf_counter(), process_time()
    done = run_pass(chain, index.store, index.from_block, lambda: True)
    measuring.tell(
        seconds=perf_counter() - began,
        cpu_seconds=process_time() - cpu,
        undo_seconds=after_undo[0] - began,
        requests=index.node.counters.requests,
        logs=done.logs,
        blocks=done.blocks,
        unlisted=done.unlisted,
        dead_letters=done.dead_letters,
        reorg_depth=max((one.depth for one in done.reorgs), default=0),
    )


def read(index: Index) -> None:
    """Passes over a chain that has nothing new, until no row lacks its read. They are made at the
    head: anvil takes a hundred times longer over the state of an older block.
    """
    chain = replace(index.chain, finalized=lambda head: head)
    reads, index.node.counters.requests = 0, 0
    began = perf_counter()
    while True:
        done = run_pass(chain, index.store, index.from_block, lambda: True)
        reads += done.reads
        if done.reads == 0:
            break
    measuring.tell(
        seconds=perf_counter() - began, requests=index.node.counters.requests, reads=reads
    )


def rebuild() -> None:
    """By the command for people, progress bar and all."""
    began = perf_counter()
    code = command_line.main(["rebuild"])
    assert code == 0, code
    measuring.tell(seconds=perf_counter() - began)


def main(action: str, last: str = "") -> None:
    match action:
        case "catch-up":
            catch_up(open_index(), int(last))
        case "read":
            read(open_index())
        case "rebuild":
            rebuild()
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
