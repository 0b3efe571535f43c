"""ERC-721 `ownerOf`, of many tokens in one request."""

import re
from collections.abc import Sequence

from onlineticket.chain.decoders import SELECTORS
from onlineticket.chain.rpc import Node
from onlineticket.chain.rpc_errors import RpcError
from onlineticket.domain.errors import Unavailable
from onlineticket.domain.types import TokenId, WalletAddress

_ADDRESS = re.compile("0x0{24}([0-9a-fA-F]{40})")
_NONEXISTENT = "0x7e273289"
"""Selector of `ERC721NonexistentToken(uint256)` (EIP-6093)."""


def owners_of(
    node: Node, ticket_manager: str, token_ids: Sequence[TokenId]
) -> list[WalletAddress | None]:
    """Their owners at the head; None for a token that does not exist.

    Raises:
        Unavailable: `RPC_UNAVAILABLE`: no answer, or none that ownerOf gives.
    """
    selector = SELECTORS["TicketManager", "ownerOf"]
    calls = [
        ("eth_call", [{"to": ticket_manager, "data": f"{selector}{token_id:064x}"}, "latest"])
        for token_id in token_ids
    ]
    return [_owner(answer) for answer in node.try_batch(calls)]


def _owner(answer: object) -> WalletAddress | None:
    if isinstance(answer, RpcError) and str(answer.data).startswith(_NONEXISTENT):
        return None
    found = _ADDRESS.fullmatch(answer) if isinstance(answer, str) else None
    if found is None:
        raise Unavailable("RPC_UNAVAILABLE", "The node does not say who owns a ticket.")
    return WalletAddress("0x" + found[1].lower())
