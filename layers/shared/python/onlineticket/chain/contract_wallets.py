"""Signatures of wallets that are contracts: EIP-1271, and EIP-6492 for those yet to be deployed.

One eth_call: the node simulates the creation of our SignatureValidator, which (deploys and) asks
the wallet; nothing is sent to the chain. Gas, time and the signature's size are bounded.
"""

import re

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_account.messages import defunct_hash_message

from onlineticket.chain.rpc import Node
from onlineticket.chain.rpc_errors import RpcError, TooMuch
from onlineticket.chain.signature_validator import CREATION_CODE
from onlineticket.domain.errors import Unavailable
from onlineticket.domain.types import WalletAddress

MAX_SIGNATURE_BYTES = 4_096
"""A passkey's signature has some 700, one wrapped with its wallet's deployment some 2,000."""

GAS = 5_000_000
"""For all of it. A wallet's deployment takes some 300,000, a passkey in Solidity 1,000,000."""

CALLER = "0x" + b"OnlineTicketVerifier".hex()
"""Nobody's account. Not the zero address, which simulations come from by default: some wallets take
any signature then, so that fees can be estimated.
"""

WRAPPED = bytes.fromhex("6492" * 16)
"""The end of a signature that brings its wallet's deployment along (EIP-6492)."""

_NO_FACTORY = "0x" + "00" * 20
_FAILED_RUN = re.compile(r"revert|out ?of ?gas", re.IGNORECASE)


def accepts(node: Node, wallet: WalletAddress, text: str, signature: bytes) -> bool:
    """Does the contract at `wallet` take `signature` for its own over `text` (EIP-191)?

    Raises:
        Unavailable: `RPC_UNAVAILABLE`: the node gave no verdict.
    """
    if len(signature) > MAX_SIGNATURE_BYTES:
        return False
    factory, prepare, inner = _NO_FACTORY, b"", signature
    if signature.endswith(WRAPPED):
        try:
            factory, prepare, inner = decode(["address", "bytes", "bytes"], signature[:-32])
        except (DecodingError, OverflowError):
            return False
    question = encode(
        ["address", "bytes32", "bytes", "address", "bytes"],
        [wallet, bytes(defunct_hash_message(text=text)), inner, factory, prepare],
    )
    request = {"from": CALLER, "data": CREATION_CODE + question.hex(), "gas": hex(GAS)}
    try:
        return bool(node.call("eth_call", [request, "latest"]) == "0x01")
    except RpcError as error:
        # Our validator says no in its own way; this is one that some node's limits cut short.
        if not isinstance(error, TooMuch) and (
            error.code == 3 or _FAILED_RUN.search(error.message)
        ):
            return False
        raise Unavailable("RPC_UNAVAILABLE", "The node gave no verdict.") from error
