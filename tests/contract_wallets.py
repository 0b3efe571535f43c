"""Contract wallets on a test's own node, good and bad ones (tests/contracts/src)."""

from typing import Any

from eth_abi.abi import encode
from eth_account import Account

from infra.local.blocks import call, calldata, mine, mined_by_hand
from infra.local.contracts import artifacts
from infra.local.wallets import PLATFORM
from onlineticket.chain import contract_wallets, signatures
from onlineticket.chain.rpc import Node
from onlineticket.domain import siwe
from onlineticket.domain.types import WalletAddress
from tests.signing_in import ALICE, TERMS

SALT = "11" * 32
BOB = Account.from_key("0x" + "b0" * 32)
IDENTITY = WalletAddress("0x" + f"{4:040x}")
"""The precompile that answers with what it is asked."""


class Wallets:
    """Contracts on the test's own node; each method deploys one and returns its address."""

    def __init__(self, url: str) -> None:
        self.node = Node(url)

    def create(self, name: str, signature: str = "constructor()", *args: Any) -> WalletAddress:
        with mined_by_hand(self.node):
            creation = artifacts()[name].creation(PLATFORM.address, signature, *args)
            [receipt] = mine(self.node, [creation])
        assert receipt.contract
        return WalletAddress(receipt.contract.lower())

    def owned(self, owner: Any = ALICE) -> WalletAddress:
        return self.create("OwnedWallet", "constructor(address)", owner.address)

    def counterfactual(self, owner: Any = ALICE) -> tuple[WalletAddress, WalletAddress, bytes]:
        """(address to be, its factory, the call that deploys it)"""
        factory = self.create("WalletFactory")
        question = calldata("addressOf(address,bytes32)", owner.address, bytes.fromhex(SALT))
        answer = self.node.call("eth_call", [{"to": factory, "data": question}, "latest"])
        prepare = bytes.fromhex(
            calldata("create(address,bytes32)", owner.address, bytes.fromhex(SALT))[2:]
        )
        return WalletAddress("0x" + answer[-40:]), factory, prepare

    def deploy(self, factory: WalletAddress, prepare: bytes) -> None:
        with mined_by_hand(self.node):
            transaction = call(PLATFORM.address, factory, "create(address,bytes32)",
                               *_decoded(prepare))  # fmt: skip
            mine(self.node, [transaction])

    def accepts(self, wallet: WalletAddress, message: str, signature: str) -> bool:
        return signatures.is_signed(lambda: self.node, wallet, message, signature)


def _decoded(prepare: bytes) -> tuple[str, bytes]:
    return "0x" + prepare[16:36].hex(), prepare[36:68]


def wrapped(factory: str, prepare: bytes, signature: str) -> str:
    inner = bytes.fromhex(signature[2:])
    body = encode(["address", "bytes", "bytes"], [factory, prepare, inner])
    return "0x" + (body + contract_wallets.WRAPPED).hex()


def text_for(wallet: WalletAddress) -> str:
    return siwe.compose(siwe.challenge(TERMS, wallet, "0" * 32, now=1_800_000_000))
