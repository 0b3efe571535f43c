"""Transactions on anvil, from its unlocked accounts: several to a block, each seen to succeed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from infra.local.errors import LocalCloudError
from onlineticket.chain.rpc import Node
from onlineticket.chain.rpc_errors import RpcError

GAS = 3_000_000
"""Of a transaction that does not say otherwise. Not estimated: it may need one before it."""
_GWEI = 10**9
_MOST_BLOCKS = 50


@dataclass(frozen=True, slots=True)
class Transaction:
    """`to` None creates a contract; `data` is 0x text; `value` is in wei."""

    sender: str
    to: str | None
    data: str
    value: int = 0
    gas: int = GAS
    what: str = ""
    """The function's signature, for messages."""

    def request(self) -> dict[str, str]:
        # One price for all: anvil orders a block's transactions by it, and then as they came.
        fees = {"maxFeePerGas": hex(100 * _GWEI), "maxPriorityFeePerGas": hex(_GWEI)}
        target = {} if self.to is None else {"to": self.to}
        return target | fees | {
            "from": self.sender, "data": self.data, "value": hex(self.value), "gas": hex(self.gas),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Receipt:
    block: int
    contract: str | None
    """The address it created, if it did."""
    logs: tuple[dict[str, Any], ...]

    def ids(self, event: str) -> list[int]:
        """The first indexed argument of each log of this signature, in order."""
        topic = "0x" + keccak(text=event).hex()
        return [int(log["topics"][1], 16) for log in self.logs if log["topics"][0] == topic]


def call(sender: str, to: str, signature: str, *args: Any, value: int = 0) -> Transaction:
    """Call a function by its signature, e.g. `transfer(address,uint256)` (no tuples in it)."""
    return Transaction(sender, to, calldata(signature, *args), value, what=signature)


def calldata(signature: str, *args: Any) -> str:
    return "0x" + (keccak(text=signature)[:4] + arguments(signature, *args)).hex()


def arguments(signature: str, *args: Any) -> bytes:
    """The ABI encoding of a call's arguments, without the selector."""
    inside = signature[signature.index("(") + 1 : -1]
    return bytes(encode(inside.split(",") if inside else [], args))


@contextmanager
def mined_by_hand(node: Node) -> Iterator[None]:
    """The node mines only in `mine`; afterwards it mines as it did before."""
    is_automatic, interval = node.batch(
        [("anvil_getAutomine", []), ("anvil_getIntervalMining", [])]
    )
    node.batch([("evm_setIntervalMining", [0]), ("evm_setAutomine", [False])])
    try:
        yield
    finally:
        if is_automatic:
            node.call("evm_setAutomine", [True])
        elif interval:
            node.call("evm_setIntervalMining", [interval])


def mine(
    node: Node, transactions: Sequence[Transaction], *, at: int | None = None
) -> list[Receipt]:
    """Send all and mine them, in order, in as few blocks as they fit; the first at time `at`.

    Raises:
        LocalCloudError: one reverted, or was not taken.
    """
    if at is not None:
        node.call("evm_setNextBlockTimestamp", [at])
    # One by one: anvil works through a batch at once, and two of one sender may get one nonce.
    hashes = [_send(node, each) for each in transactions]
    found: list[dict[str, Any] | None] = []
    for _ in range(_MOST_BLOCKS):
        node.call("evm_mine")
        found = node.batch([("eth_getTransactionReceipt", [each]) for each in hashes])
        if None not in found:
            break
    receipts = []
    for transaction, receipt in zip(transactions, found, strict=True):
        if receipt is None:
            raise LocalCloudError(f"The node did not mine {transaction.what}.")
        if receipt["status"] != "0x1":
            raise LocalCloudError(f"{transaction.what} reverted: {_reason(node, transaction)}")
        block, logs = int(receipt["blockNumber"], 16), tuple(receipt["logs"])
        receipts.append(Receipt(block, receipt["contractAddress"], logs))
    return receipts


def _send(node: Node, transaction: Transaction) -> str:
    try:
        sent: str = node.call("eth_sendTransaction", [transaction.request()])
    except RpcError as error:
        raise LocalCloudError(f"The node did not take {transaction.what}: {error}") from error
    return sent


def _reason(node: Node, transaction: Transaction) -> str:
    """What a repetition on top of the chain says, which in general is what happened in it."""
    try:
        node.call("eth_call", [transaction.request(), "latest"])
    except RpcError as error:
        return error.message
    return "it would succeed now"
