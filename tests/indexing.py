"""Running the indexer in a test, as its function wires it, on what the environment names."""

from time import sleep
from typing import Any

from psycopg import Connection

from onlineticket import resources
from onlineticket.chain.rpc import Node
from onlineticket.indexer.wiring import open_index
from onlineticket.usecases.index_chain import Pass, run_pass
from tests import emitting, snapshots


def index() -> Pass:
    """One pass, on connections of its own."""
    resources.forget()
    opened = open_index()
    return run_pass(opened.chain, opened.store, opened.from_block, lambda: True)


def start_afresh(conn: Connection[Any]) -> None:
    """Forget all that was indexed; own-truth tables keep their rows."""
    tables = ", ".join((*snapshots.DERIVED, *snapshots.FETCHED, "blocks_processed"))
    conn.execute(f"TRUNCATE {tables}".encode())


def fresh_rows(conn: Connection[Any]) -> dict[str, Any]:
    """What a database holds that has only ever seen the chain as it is now."""
    start_afresh(conn)
    index()
    return snapshots.take(conn)


def emit(url: str, address: str, logs: list[emitting.Emitted]) -> None:
    """Have `address` emit logs, in one block."""
    node = Node(url)
    emitting.place_emitters(node, [address])
    sender = node.call("eth_accounts")[0]
    transaction = {"from": sender, "to": address, "data": emitting.calldata(logs)}
    sent = node.call("eth_sendTransaction", [transaction])
    # On a busy machine anvil answers before it has mined it.
    while node.call("eth_getTransactionReceipt", [sent]) is None:
        sleep(0.01)
