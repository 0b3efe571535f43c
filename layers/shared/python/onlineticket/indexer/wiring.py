"""The indexer put together from the environment: for its function, the worker and people."""

import gc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from onlineticket import resources, settings
from onlineticket.chain import logs, reads
from onlineticket.chain.rpc import Node
from onlineticket.chain.rpc_errors import RetryableRpcError, RpcError
from onlineticket.domain.chain_log import Cursor, Header
from onlineticket.domain.contract_read import ContractRead, Subject
from onlineticket.domain.errors import Unavailable
from onlineticket.domain.suite import Contract
from onlineticket.store import registry
from onlineticket.store.index_store import PostgresIndex
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
    _collect_less_often()
    suite = settings.current_suite()
    conn = conn or resources.postgres()
    suite_id = registry.current_suite_id(conn, suite)
    # PlatformToken's logs mean nothing to us: it is not asked for any.
    contracts = [one for one in registry.contracts(conn, suite_id) if one.name != "PlatformToken"]
    names = {str(one.address): one.name for one in contracts}
    node = Node(resources.rpc_url())
    return Index(
        PostgresIndex(conn, suite_id, suite.chain_id, _marketplaces(contracts)),
        _chain(node, names, suite.by_name()),
        min(one.from_block for one in contracts),
        node,
    )


def open_shadows(conn: "Connection[Any]") -> list[PostgresIndex]:
    """Every suite's tables, for a rebuild on that connection."""
    return [
        PostgresIndex(conn, suite_id, 0, _marketplaces(registry.contracts(conn, suite_id)))
        for suite_id in registry.suite_ids(conn)
    ]


def _collect_less_often() -> None:
    """Logs and rows come by the ten thousand and hold no cycles: looking for some every two
    thousand objects costs a tenth of a backfill's time.
    """
    gc.freeze()
    gc.set_threshold(100_000, 20)


def _marketplaces(contracts: Sequence[Contract]) -> frozenset[str]:
    return frozenset(one.address for one in contracts if one.name == "Marketplace")


def _chain(node: Node, names: Mapping[str, str], addresses: Mapping[str, str]) -> Chain:
    depth = int(settings.optional("FINALITY_DEPTH", str(FINALITY_DEPTH)))
    return Chain(
        head=lambda: node.persist(partial(logs.head, node)),
        finalized=lambda head: node.persist(partial(logs.finalized_number, node, head, depth)),
        fetch=lambda first, last, every_header: node.persist(
            partial(logs.fetch, node, names, first, last, every_header=every_header)
        ),
        headers=partial(_headers, node),
        probe=partial(_probe, node),
        read=partial(_read, node, addresses),
        decode=logs.decode_all,
        decode_read=reads.parse,
        throttled=lambda: node.counters.rate_limited,
    )


def _read(
    node: Node, addresses: Mapping[str, str], subjects: Sequence[Subject], at: Cursor
) -> list[ContractRead]:
    try:
        return reads.read(node, addresses, subjects, at)
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
