"""The suite that tests and the local chain use: compiled by solc from npm, deployed on anvil."""

import fcntl
import json
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from infra.local.blocks import Receipt, Transaction, arguments, call, mine, mined_by_hand
from infra.local.errors import LocalCloudError
from onlineticket.chain.rpc import Node

ROOT = Path(__file__).resolve().parents[2]
INITIAL_SUPPLY = 1_000_000_000 * 10**18
"""Units of the platform token, all the deployer's."""
_CREATION_GAS = 6_000_000


@dataclass(frozen=True, slots=True)
class Artifact:
    """A compiled contract; its code is 0x text."""

    abi: list[dict[str, Any]]
    bytecode: str
    deployed_bytecode: str

    def creation(
        self, sender: str, signature: str = "constructor()", *args: str | int
    ) -> Transaction:
        data = self.bytecode + arguments(signature, *args).hex()
        return Transaction(sender, None, data, gas=_CREATION_GAS, what=signature)


@cache
def artifacts() -> dict[str, Artifact]:
    """Every contract in tests/contracts/src by name, compiled first if its cache is stale.

    Raises:
        LocalCloudError: node or solc is missing, or a source does not compile.
    """
    folder = ROOT / ".local" / "contracts"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        # A second process waits for the first one's result rather than compile beside it.
        fcntl.flock(lock, fcntl.LOCK_EX)
        text = Path(_compile()).read_text()
    return {
        name: Artifact(each["abi"], each["bytecode"], each["deployedBytecode"])
        for name, each in json.loads(text)["contracts"].items()
    }


def deploy(rpc_url: str) -> str:
    """A new suite, wired and owned by the node's first account; returns its contracts file's text.

    Raises:
        LocalCloudError: it can't be compiled, or the node refuses a transaction.
    """
    built, node = artifacts(), Node(rpc_url)
    chain_id, accounts = node.batch([("eth_chainId", []), ("eth_accounts", [])])
    owner = accounts[0]
    with mined_by_hand(node):
        first = mine(node, [
            built["PlatformToken"].creation(owner, "constructor(uint256)", INITIAL_SUPPLY),
            built["TicketManager"].creation(owner),
        ])  # fmt: skip
        token, tickets = map(_address, first)
        both = "constructor(address,address)"
        events, market, swap = map(_address, mine(node, [
            built["EventManager"].creation(owner, both, tickets, token),
            built["Marketplace"].creation(
                owner, "constructor(address,address,address)", tickets, token, owner
            ),
            built["TokenSwap"].creation(owner, "constructor(address)", token),
        ]))  # fmt: skip
        mine(node, [call(owner, tickets, "setMinterAuthorization(address,bool)", events, True)])
    contracts = {
        "EventManager": events,
        "TicketManager": tickets,
        "Marketplace": market,
        "TokenSwap": swap,
        "PlatformToken": token,
    }
    file = {"chain_id": int(chain_id, 16), "from_block": first[0].block, "contracts": contracts}
    return json.dumps(file, indent=2) + "\n"


def _compile() -> str:
    try:
        done = subprocess.run(
            ["node", ROOT / "tests" / "contracts" / "compile.mjs"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise LocalCloudError("node is not installed: the contracts can't be compiled.") from error
    if done.returncode != 0:
        raise LocalCloudError(f"The contracts can't be compiled: {done.stderr.strip()}")
    return done.stdout


def _address(receipt: Receipt) -> str:
    assert receipt.contract is not None
    return receipt.contract
