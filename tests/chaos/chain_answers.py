"""Holds the chain-derived rows to the chain's own answers by eth_call, column by column."""

from collections.abc import Iterator, Mapping
from typing import Any

from eth_abi.abi import decode
from psycopg import Connection
from psycopg.rows import dict_row

from infra.local import truth
from infra.local.blocks import calldata
from infra.local.truth import Row, Time
from onlineticket.chain.rpc import Node
from onlineticket.domain.chain_log import clamp_time
from onlineticket.domain.suite import Suite

ALIASES = {"chain_status": "status", "type_id": "category"}
"""The API's names of columns that are called otherwise in the tables of tickets and listings."""

NOT_STORED = {
    "events": {"suite_id", "total_supply", "sold", "sold_out"},
    "ticket_types": {"available", "on_sale_now", "presale_now"},
    "tickets": {"suite_id", "type_name", "listed", "status", "admitted_at", "moves"},
    "market_listings": {"suite_id", "side", "available", "status", "purchasable", "type_id"},
}  # fmt: skip
"""What the API computes, or joins from other rows that are held to the chain here too."""


def differences(conn: Connection[Any], node: Node, suite: Suite, wallets: list[str]) -> list[str]:
    """What the rows say otherwise than the chain does at its head, a sentence each. The rows' reads
    must have been made there. `wallets`: all who were ever given a right.
    """
    head = int(node.call("eth_blockNumber"), 16)
    answers = truth.read(node.url, suite, block=head, now=0)
    types = {
        f"{row['event_id']} {row['type_id']}": row
        for rows in answers.ticket_types.values()
        for row in rows
    }
    return [
        *_table(conn, "events", "event_id", answers.events),
        *_table(conn, "ticket_types", "event_id || ' ' || type_id", types),
        *_table(conn, "tickets", "token_id", answers.tickets),
        *_table(conn, "market_listings", "listing_id", answers.listings),
        *_pool(conn, node, suite),
        *_auctions(conn, node, suite, answers.tickets),
        *_rights(conn, node, suite, wallets),
    ]


def _table(conn: Connection[Any], table: str, key: str, wanted: Mapping[Any, Row]) -> Iterator[str]:
    rows = {row["key"]: row for row in _rows(conn, f"SELECT {key} AS key, * FROM {table}")}
    if rows.keys() != wanted.keys():
        yield f"{table}: the keys are {sorted(rows)}, and {sorted(wanted)} on the chain"
    for id_ in rows.keys() & wanted.keys():
        for name, value in wanted[id_].items():
            if name in NOT_STORED[table]:
                continue
            stored = rows[id_][name if name in rows[id_] else ALIASES[name]]
            if _plain(stored) != _plain(value):
                yield f"{table} {id_}: {name} is {stored!r}, and {value!r} on the chain"


def _pool(conn: Connection[Any], node: Node, suite: Suite) -> Iterator[str]:
    names = ("reserveToken()", "reserveETH()", "swapFeeRate()", "protocolFeeRate()")
    answers = _views(node, [(suite.token_swap, name, []) for name in names])
    rows = conn.execute(
        "SELECT reserve_token, reserve_eth, swap_fee_rate, protocol_fee_rate FROM swap_pool"
    ).fetchall()
    # A pool that nobody has touched has no row yet.
    if rows != [tuple(answers)] and (rows or answers != [0, 0, 30, 5]):
        yield f"swap_pool is {rows}, and {answers} on the chain"


def _auctions(
    conn: Connection[Any], node: Node, suite: Suite, tickets: Mapping[int, Row]
) -> Iterator[str]:
    numbers = _views(
        node, [(suite.marketplace, "tokenToAuction(uint256)", [token_id]) for token_id in tickets]
    )
    wanted = {token_id: found or None for token_id, found in zip(tickets, numbers, strict=True)}
    stored = dict(conn.execute("SELECT token_id, auction_id FROM tickets").fetchall())
    if stored != wanted:
        yield f"tickets' auctions are {stored}, and {wanted} on the chain"
    rows = conn.execute(
        """
        SELECT auction_id, token_id, seller, starting_price, eth_starting_price, reserve_price,
               extract(epoch FROM end_time)::bigint, array_position(ARRAY['active'], status) - 1
        FROM auctions
        """
    ).fetchall()
    words = "uint256,uint256,address,uint256,uint256,uint256,uint256,address,uint256,uint256,uint8"
    for row in rows:
        (raw,) = _calls(node, [(suite.marketplace, "auctions(uint256)", [row[0]])])
        told = decode(words.split(","), raw)
        answer = (*told[:6], told[9], told[10])
        if row != answer:
            yield f"auction {row}, and {answer} on the chain"


def _rights(conn: Connection[Any], node: Node, suite: Suite, wallets: list[str]) -> Iterator[str]:
    for table, column, contract, view in (
        ("organizers", "authorized", suite.event_manager, "authorizedOrganizers(address)"),
        ("ticket_verifiers", "may_use", suite.ticket_manager, "authorizedVerifiers(address)"),
        ("ticket_verifiers", "may_mint", suite.ticket_manager, "authorizedMinters(address)"),
    ):
        rows = dict(conn.execute(f"SELECT wallet, {column} FROM {table}".encode()).fetchall())
        answers = _views(node, [(contract, view, [wallet]) for wallet in wallets])
        for wallet, may in zip(wallets, answers, strict=True):
            if rows.pop(wallet, False) != bool(may):
                yield f"{column} of {wallet} is {bool(may)} on the chain"
        if rows:
            yield f"{table} has wallets that nobody gave a right to: {rows}"


def _views(node: Node, views: list[tuple[str, str, list[Any]]]) -> list[int]:
    return [int.from_bytes(raw[:32], "big") for raw in _calls(node, views)]


def _calls(node: Node, views: list[tuple[str, str, list[Any]]]) -> list[bytes]:
    answers = node.batch([
        ("eth_call", [{"to": to, "data": calldata(signature, *args)}, "latest"])
        for to, signature, args in views
    ])  # fmt: skip
    return [bytes.fromhex(answer[2:]) for answer in answers]


def _rows(conn: Connection[Any], query: str) -> list[dict[str, Any]]:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query.encode()).fetchall()


def _plain(value: Any) -> Any:
    """Numbers and addresses of the rows and of the API's JSON alike; times in Unix seconds."""
    if isinstance(value, Time):
        return clamp_time(value.seconds)
    if hasattr(value, "timestamp"):
        return int(value.timestamp())
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.lower() if isinstance(value, str) and value.startswith("0x") else value
