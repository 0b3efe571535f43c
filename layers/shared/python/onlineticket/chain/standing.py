"""What EventManager says of a wallet now: two views in one batch, at the newest block."""

from functools import partial
from typing import Any

from onlineticket.chain.decoders import SELECTORS
from onlineticket.chain.rpc import Call, Node
from onlineticket.chain.rpc_errors import RetryableRpcError, RpcError
from onlineticket.domain.errors import Unavailable
from onlineticket.domain.roles import Standing
from onlineticket.domain.types import WalletAddress


def read(node: Node, event_manager: WalletAddress, wallet: WalletAddress) -> Standing:
    """
    Raises:
        Unavailable: `RPC_UNAVAILABLE`; also if what it answers is not what the views return.
    """
    try:
        return node.persist(partial(_read, node, event_manager, wallet))
    except RpcError as error:
        # These views never revert: such a node, or such an address, tells us nothing of the wallet.
        raise Unavailable("RPC_UNAVAILABLE", "The node does not answer.") from error


def _read(node: Node, event_manager: WalletAddress, wallet: WalletAddress) -> Standing:
    authorized, owner = node.batch(
        [
            _view(event_manager, "authorizedOrganizers", f"{int(wallet, 16):064x}"),
            _view(event_manager, "owner"),
        ]
    )
    return Standing(
        is_owner=_word(owner, below=2**160) == int(wallet, 16),
        is_authorized=_word(authorized, below=2) == 1,
    )


def _view(contract: WalletAddress, name: str, arguments: str = "") -> Call:
    data = SELECTORS["EventManager", name] + arguments
    return "eth_call", [{"to": contract, "data": data}, "latest"]


def _word(answer: Any, *, below: int) -> int:
    """One 32-byte word, as the ABI has it. An empty answer is a node that lacks the contract."""
    try:
        number = int(answer, 16) if len(answer) == 66 and answer.startswith("0x") else below
    except (TypeError, ValueError, AttributeError):
        number = below
    if not 0 <= number < below:
        raise RetryableRpcError("not what the view returns")
    return number
