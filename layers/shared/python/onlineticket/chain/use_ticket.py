"""`useTicket` as a transaction of our own: fees, encoding (EIP-1559, or EIP-155 where there is no
base fee), sending, and what became of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import rlp  # type: ignore[import-untyped]
from eth_utils.crypto import keccak

from onlineticket.chain.decoders import SELECTORS
from onlineticket.chain.kms_signer import Signed
from onlineticket.chain.rpc import Node
from onlineticket.chain.rpc_errors import RpcError
from onlineticket.domain.consumption import Fees
from onlineticket.domain.types import TokenId, WalletAddress, Wei

Sign = Callable[[bytes], Signed]

_ERROR_STRING = "0x08c379a0"
_SENT_BEFORE = ("already known", "already imported", "known transaction", "already in mempool")


@dataclass(frozen=True, slots=True)
class Reverted(Exception):
    """The call would revert. `reason` is the contract's sentence, "" if it gave none."""

    reason: str


@dataclass(frozen=True, slots=True)
class TicketUser:
    """An account that may use tickets, at one TicketManager.

    Every method raises Unavailable (`RPC_UNAVAILABLE`) when the node does not answer.
    """

    node: Node
    chain_id: int
    ticket_manager: WalletAddress
    sender: WalletAddress
    sign: Sign

    def next_nonce(self) -> int:
        """Of the newest block, without what waits."""
        return _number(self.node.call("eth_getTransactionCount", [self.sender, "latest"]))

    def head_time(self) -> int:
        return _number(self.node.call("eth_getBlockByNumber", ["latest", False])["timestamp"])

    def may_use(self) -> bool:
        """Whether the contract lets this account use tickets."""
        data = SELECTORS["TicketManager", "authorizedVerifiers"] + self.sender[2:].rjust(64, "0")
        request = {"to": self.ticket_manager, "data": data}
        return _number(self.node.call("eth_call", [request, "latest"])) == 1

    def balance(self) -> int:
        """In wei."""
        return _number(self.node.call("eth_getBalance", [self.sender, "latest"]))

    def fees(self) -> Fees:
        """Good for the next few blocks: twice the base fee, and the node's idea of a tip."""
        block = self.node.call("eth_getBlockByNumber", ["latest", False])
        if block.get("baseFeePerGas") is None:
            return Fees(Wei(_number(self.node.call("eth_gasPrice"))), None)
        tip = _number(self.node.call("eth_maxPriorityFeePerGas"))
        return Fees(Wei(2 * _number(block["baseFeePerGas"]) + tip), Wei(tip))

    def gas(self, token_id: TokenId) -> int:
        """What using the ticket takes, and a fifth more: at the newest block, without what waits to
        be mined, since that may be the same use.

        Raises:
            Reverted: it would not succeed now.
        """
        request = {"from": self.sender, "to": self.ticket_manager, "data": _data(token_id)}
        try:
            return _number(self.node.call("eth_estimateGas", [request, "latest"])) * 6 // 5
        except RpcError as error:
            raise Reverted(_reason(error)) from error

    def signed(self, token_id: TokenId, nonce: int, gas: int, fees: Fees) -> tuple[bytes, bytes]:
        """The transaction as it is sent, and its hash."""
        raw = encode(
            self.sign, chain_id=self.chain_id, nonce=nonce, gas=gas, fees=fees,
            to=self.ticket_manager, data=bytes.fromhex(_data(token_id)[2:]),
        )  # fmt: skip
        return raw, keccak(raw)

    def send(self, raw: bytes) -> str | None:
        """None if the node has it now, or had it already; else why it did not take it."""
        try:
            self.node.call("eth_sendRawTransaction", ["0x" + raw.hex()])
        except RpcError as error:
            known = any(words in error.message.lower() for words in _SENT_BEFORE)
            return None if known else error.message[:200]
        return None

    def outcome(self, hashes: Sequence[bytes]) -> bool | None:
        """Of the one that was mined: did it succeed? None: none was."""
        calls = [("eth_getTransactionReceipt", ["0x" + each.hex()]) for each in hashes]
        for receipt in self.node.batch(calls):
            if receipt is not None:
                return bool(_number(receipt["status"]) == 1)
        return None


def encode(
    sign: Sign, *, chain_id: int, nonce: int, gas: int, fees: Fees, to: str, data: bytes
) -> bytes:
    """A signed transaction of no value: type 2 (EIP-1559), or legacy with EIP-155's `v`."""
    target = bytes.fromhex(to[2:])
    if fees.tip is None:
        plain: list[Any] = [nonce, fees.max_fee, gas, target, 0, data]
        y_parity, r, s = sign(keccak(rlp.encode([*plain, chain_id, 0, 0])))
        return bytes(rlp.encode([*plain, chain_id * 2 + 35 + y_parity, r, s]))
    plain = [chain_id, nonce, fees.tip, fees.max_fee, gas, target, 0, data, []]
    y_parity, r, s = sign(keccak(b"\x02" + rlp.encode(plain)))
    return b"\x02" + bytes(rlp.encode([*plain, y_parity, r, s]))


def _data(token_id: TokenId) -> str:
    return SELECTORS["TicketManager", "useTicket"] + f"{token_id:064x}"


def _number(text: Any) -> int:
    return int(text, 16)


def _reason(error: RpcError) -> str:
    """The sentence of `Error(string)` in the revert's data, else what the node says."""
    raw = error.data if isinstance(error.data, str) else ""
    if raw.startswith(_ERROR_STRING):
        body = bytes.fromhex(raw[10:])
        return body[64 : 64 + int.from_bytes(body[32:64])].decode("utf-8", "replace")
    return error.message[:200]
