"""The indexer put together from the environment: for its function, the worker and people."""

import gc
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from onlineticket import resources, settings
from onlineticket.chain import logs, reads
from onlineticket.chain.rpc import Node
from onlineticket.chain.rpc_errors import RetryableRpcError, RpcError
from onlineticket.domain.chain_log import ChainLog, Chunk, Cursor, Header, RawLog
from onlineticket.domain.contract_read import ContractRead, Subject
from onlineticket.domain.deployments import Deployments
from onlineticket.domain.errors import Unavailable
from onlineticket.domain.types import SuiteId
from onlineticket.store import database, registry
from onlineticket.store.index_store import PostgresIndex
from onlineticket.usecases.index_chain import Pass, run_pass
from onlineticket.usecases.ports import Chain

if TYPE_CHECKING:
    from psycopg import Connection

FINALITY_DEPTH = 64
"""Blocks below the head that a reorg may reach, for nodes that don't know the tag `finalized`."""


@dataclass(frozen=True, slots=True)
class Index:
    """One suite: its tables, its chain, the first block that concerns it."""

    store: PostgresIndex
    chain: Chain
    from_block: int
    node: Node


def open_index(conn: "Connection[Any] | None" = None) -> Index:
    """The current suite's index, on this process's connection or on one given.

    Raises:
        Unavailable: `DATABASE_UNAVAILABLE`, `SUITE_NOT_REGISTERED`.
    """
    return open_indexes(conn)[0]


def open_indexes(conn: "Connection[Any] | None" = None, node: Node | None = None) -> list[Index]:
    """The indexes of all suites on the current suite's chain: that one's, then the others'.

    Raises:
        Unavailable: `DATABASE_UNAVAILABLE`, `SUITE_NOT_REGISTERED`.
    """
    _tune_process()
    suite = settings.current_suite()
    conn = conn or resources.postgres()
    node = node or Node(resources.rpc_url())
    current = registry.current_suite_id(conn, suite)
    others = [one for one in registry.suites_on(conn, suite.chain_id) if one != current]
    return [_index(conn, node, suite_id, suite.chain_id) for suite_id in (current, *others)]


def open_shadows(conn: "Connection[Any]") -> list[tuple[Chain, PostgresIndex]]:
    """Every suite's tables, for a rebuild on that connection, and what its logs mean."""
    node = Node(resources.rpc_url())
    indexes = [_index(conn, node, suite_id, 0) for suite_id in registry.suite_ids(conn)]
    return [(index.chain, index.store) for index in indexes]


class EverySuite:
    """A pass for each suite that is registered, whichever they are by then. One Node serves them
    all and remembers what it learnt; a connection that was lost is opened again.
    """

    def __init__(self) -> None:
        self.node = Node(resources.rpc_url())

    def passes(self) -> Mapping[SuiteId, Callable[[Callable[[], bool]], Pass]]:
        """By suite, the current one first; each is given `keep_going`.

        Raises:
            Unavailable: `DATABASE_UNAVAILABLE`, `SUITE_NOT_REGISTERED`, `RPC_UNAVAILABLE`; so
                does each pass.
        """
        with database.losses_told(resources.postgres()):
            indexes = open_indexes(node=self.node)
        return {index.store.suite_id: partial(_pass, index) for index in indexes}


def _pass(index: Index, keep_going: Callable[[], bool]) -> Pass:
    with database.losses_told(index.store.conn):
        return run_pass(index.chain, index.store, index.from_block, keep_going)


def _index(conn: "Connection[Any]", node: Node, suite_id: SuiteId, chain_id: int) -> Index:
    contracts = Deployments(registry.deployments(conn, suite_id))
    return Index(
        PostgresIndex(conn, suite_id, chain_id, contracts.marketplaces, contracts.pool_starts),
        _chain(node, contracts),
        contracts.from_block,
        node,
    )


@cache
def _tune_process() -> None:
    """Logs and rows come by the ten thousand and hold no cycles: looking for some every two
    thousand objects costs a tenth of a backfill's time. Another tenth goes by when the thread that
    talks to Postgres waits 5 ms, each time it comes back, for those that parse to let it run.
    """
    gc.freeze()
    gc.set_threshold(100_000, 20)
    sys.setswitchinterval(0.0005)


def _chain(node: Node, contracts: Deployments) -> Chain:
    depth = int(settings.optional("FINALITY_DEPTH", str(FINALITY_DEPTH)))
    return Chain(
        head=lambda: node.persist(partial(logs.head, node)),
        finalized=lambda head: node.persist(partial(logs.finalized_number, node, head, depth)),
        fetch=partial(_fetch, node, contracts),
        headers=partial(_headers, node),
        probe=partial(_probe, node),
        read=partial(_read, node, contracts),
        decode=partial(_decode, contracts),
        decode_read=reads.parse,
        throttled=lambda: node.counters.rate_limited,
    )


def _fetch(node: Node, contracts: Deployments, first: int, last: int, every_header: bool) -> Chunk:
    names = contracts.asked_for(first, last)
    ask = partial(logs.fetch, node, names, first, last, every_header=every_header)
    return contracts.project(node.persist(ask))


def _decode(contracts: Deployments, raw: Sequence[RawLog]) -> list[ChainLog]:
    within = contracts.within_bounds(raw)
    return contracts.with_our_ids(within, logs.decode_all(within))


def _read(
    node: Node, contracts: Deployments, subjects: Sequence[Subject], at: Cursor
) -> list[ContractRead]:
    try:
        return reads.read(node, contracts, subjects, at)
    except RpcError as refusal:
        raise Unavailable("RPC_UNAVAILABLE", "The node does not read contracts.") from refusal


def _headers(node: Node, numbers: Sequence[int]) -> list[Header] | None:
    try:
        return logs.headers(node, numbers)
    except RetryableRpcError:
        return None


def _probe(node: Node, number: int) -> Header | None:
    try:
        return logs.probe(node, number)
    except RetryableRpcError:
        return None
