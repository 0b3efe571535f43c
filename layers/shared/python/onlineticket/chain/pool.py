"""TokenSwap's reserves and rates, read at one block (EIP-1898)."""

from collections.abc import Mapping
from typing import Any

from onlineticket.chain.decoders import SELECTORS
from onlineticket.chain.rpc import Call, Node
from onlineticket.chain.rpc_errors import RpcError
from onlineticket.domain.errors import Unavailable
from onlineticket.domain.quote import Pool
from onlineticket.domain.types import BlockNumber

_VIEWS = ("reserveToken", "reserveETH", "swapFeeRate", "maxSlippageRate")


def read(node: Node, token_swap: str) -> Pool:
    """The pool at the head.

    Raises:
        Unavailable: `RPC_UNAVAILABLE`; or what it answers is not what the views return.
    """
    try:
        head = node.call("eth_getBlockByNumber", ["latest", False])
        block, number = {"blockHash": head["hash"]}, int(head["number"], 16)
        answers = node.batch([_call(token_swap, view, block) for view in _VIEWS])
        token, eth, fee, slippage = (_uint256(answer) for answer in answers)
    except (RpcError, TypeError, KeyError, ValueError) as error:
        raise Unavailable("RPC_UNAVAILABLE") from error
    return Pool(token, eth, fee, slippage, BlockNumber(number))


def max_slippage_bps(node: Node, token_swap: str) -> int:
    """By how much a minimum may lie below the expected amount; no log tells of a change.

    Raises:
        Unavailable: as `read`.
    """
    try:
        return _uint256(node.call(*_call(token_swap, "maxSlippageRate", "latest")))
    except (RpcError, TypeError, ValueError) as error:
        raise Unavailable("RPC_UNAVAILABLE") from error


def _call(token_swap: str, view: str, block: str | Mapping[str, Any]) -> Call:
    return ("eth_call", [{"to": token_swap, "data": SELECTORS["TokenSwap", view]}, block])


def _uint256(answer: str) -> int:
    if len(answer) != 66:
        raise ValueError("not one word")
    return int(answer, 16)
