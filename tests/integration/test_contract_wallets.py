"""Signatures of contract wallets, asked of real contracts on anvil."""

from typing import Any

import pytest

from infra.generate_validator import TARGET, text
from infra.local.blocks import arguments, calldata
from onlineticket.chain import contract_wallets, signatures
from onlineticket.chain.rpc import Node
from onlineticket.domain.errors import Unavailable
from onlineticket.domain.types import WalletAddress
from tests.contract_wallets import BOB, IDENTITY, Wallets, text_for, wrapped
from tests.signing_in import ALICE, sign


@pytest.fixture
def wallets(anvil: str) -> Wallets:
    return Wallets(anvil)


def test_the_packages_bytecode_is_that_of_its_source() -> None:
    assert TARGET.read_text() == text()


def test_a_deployed_wallet_takes_its_owners_signature_over_this_text(wallets: Wallets) -> None:
    wallet = wallets.owned()
    message = text_for(wallet)
    assert wallets.accepts(wallet, message, sign(message))
    assert not wallets.accepts(wallet, message, sign(message, BOB))
    assert not wallets.accepts(wallet, message, sign(message + " "))
    other = wallets.owned(BOB)
    assert not wallets.accepts(other, message, sign(message))


def test_a_wallet_to_be_takes_its_owners_signature_and_stays_undeployed(wallets: Wallets) -> None:
    wallet, factory, prepare = wallets.counterfactual()
    message = text_for(wallet)
    assert wallets.accepts(wallet, message, wrapped(factory, prepare, sign(message)))
    assert not wallets.accepts(wallet, message, wrapped(factory, prepare, sign(message, BOB)))
    assert not wallets.accepts(wallet, message, sign(message))
    assert wallets.node.call("eth_getCode", [wallet, "latest"]) == "0x"


def test_a_wrapped_signature_is_good_after_the_deployment_too(wallets: Wallets) -> None:
    wallet, factory, prepare = wallets.counterfactual()
    message = text_for(wallet)
    wallets.deploy(factory, prepare)
    assert wallets.accepts(wallet, message, wrapped(factory, prepare, sign(message)))
    assert wallets.accepts(wallet, message, sign(message))
    assert not wallets.accepts(wallet, message, wrapped(factory, prepare, sign(message, BOB)))


def test_a_factory_can_not_speak_for_another_wallet(wallets: Wallets) -> None:
    """It deploys the attacker's wallet, and the message names the victim's."""
    victim = wallets.owned(ALICE)
    _, factory, prepare = wallets.counterfactual(BOB)
    message = text_for(victim)
    assert not wallets.accepts(victim, message, wrapped(factory, prepare, sign(message, BOB)))


@pytest.mark.parametrize(
    "name",
    [
        "RefusingWallet", "TrueWallet", "RevertingWallet", "BurningWallet", "HugeWallet",
        "SloppyWallet", "WritingWallet", "TrustingWallet", "WalletFactory",
    ],
)  # fmt: skip
def test_a_contract_that_does_not_answer_as_it_should_has_signed_nothing(
    wallets: Wallets, name: str
) -> None:
    wallet = wallets.create(name)
    message = text_for(wallet)
    assert not wallets.accepts(wallet, message, sign(message))
    assert not wallets.accepts(wallet, message, wrapped(wallet, b"", sign(message)))


def test_a_factory_that_burns_all_gas_or_is_none_deploys_nothing(wallets: Wallets) -> None:
    wallet, factory, _ = wallets.counterfactual()
    message = text_for(wallet)
    burn = bytes.fromhex(calldata("burn()")[2:])
    for prepare in (burn, b"", b"\xff" * 100):
        assert not wallets.accepts(wallet, message, wrapped(factory, prepare, sign(message)))
    for nobody in ("0x" + "00" * 20, IDENTITY, ALICE.address, wallet):
        assert not wallets.accepts(wallet, message, wrapped(nobody, burn, sign(message)))


def test_addresses_without_code_answer_nothing(wallets: Wallets) -> None:
    for wallet in (IDENTITY, WalletAddress("0x" + "00" * 20), WalletAddress("0x" + "99" * 20)):
        message = text_for(wallet)
        assert not wallets.accepts(wallet, message, sign(message))


@pytest.mark.parametrize(
    "signature",
    [
        "0x" + "6492" * 16,
        "0x" + "ff" * 96 + "6492" * 16,
        "0x" + "00" * 500 + "6492" * 16,
        "0x" + arguments("f(address)", IDENTITY).hex() + "6492" * 16,
        "0x" + "ab" * (contract_wallets.MAX_SIGNATURE_BYTES + 1),
        "0x",
        "",
        "0xabc",
        "0x zz",
        "6492" * 16,
    ],
)
def test_a_signature_of_no_form_is_refused(wallets: Wallets, signature: str) -> None:
    wallet = wallets.owned()
    assert not wallets.accepts(wallet, text_for(wallet), signature)


def test_an_accounts_own_signature_needs_no_node() -> None:
    wallet = WalletAddress(ALICE.address.lower())
    message = text_for(wallet)

    def no_node() -> Node:
        pytest.fail("asked the node")

    assert signatures.is_signed(no_node, wallet, message, sign(message))


def test_a_node_that_is_away_is_no_verdict(wallets: Wallets) -> None:
    wallet = wallets.owned()
    message = text_for(wallet)
    gone = Node("http://127.0.0.1:1", timeout_seconds=1, attempts=1)
    with pytest.raises(Unavailable) as fault:
        signatures.is_signed(lambda: gone, wallet, message, sign(message))
    assert fault.value.code == "RPC_UNAVAILABLE"


def test_a_burnt_call_stays_within_the_gas_we_give(wallets: Wallets) -> None:
    """The same question with a tenth of the gas is still answered: the reserve is ours."""
    wallet = wallets.create("BurningWallet")
    asked: list[dict[str, str]] = []

    class Watching(Node):
        def call(self, method: str, params: Any = ()) -> Any:
            asked.append(params[0])
            return super().call(method, params)

    watching = Watching(wallets.node.url)
    message = text_for(wallet)
    assert not contract_wallets.accepts(watching, wallet, message, b"\1" * 65)
    [request] = asked
    assert int(request["gas"], 16) == contract_wallets.GAS
    answer = wallets.node.call("eth_call", [request | {"gas": hex(500_000)}, "latest"])
    assert answer == "0x00"
