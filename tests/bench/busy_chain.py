"""The workload on a real node: emitters at the five contracts' addresses, a block at a time."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice
from typing import NamedTuple

from infra.local import chain, contracts
from infra.local.run import Run
from onlineticket.chain.rpc import Call, Node
from onlineticket.domain import suite as suites
from onlineticket.domain.suite import Suite
from tests import emitting
from tests.bench.workload import BLOCK_SECONDS, Log, Story, Transaction

_RELAY = "0x" + "1e1a" * 10
_SENDER = "0x" + "5e4d" * 10
_BLOCK_GAS = 500_000_000
_TRANSACTION_GAS = 8_000_000
_PAST_SECONDS = 2 * 86_400
"""The chain begins that long ago, and stays in the past."""

_ZEROS = "0x6102005ff3"
"""PUSH2 512, PUSH0, RETURN: sixteen words of zeros, an answer that every view's type allows."""


class Mark(NamedTuple):
    """A moment of the chain that it can go back to."""

    snapshot: str
    head: int
    transactions: int
    logs: int
    fetched: int
    listed: int


@dataclass(slots=True)
class BusyChain:
    """What has been told so far, on a node that mines only for us."""

    url: str
    contracts_file: str
    suite: Suite
    node: Node
    blocks: Iterator[list[Transaction]]
    head: int
    transactions: int = 0
    logs: int = 0
    """All, PlatformToken's and meaningless ones too."""
    fetched: int = 0
    """All but PlatformToken's, which nobody asks for."""
    listed: int = 0
    """Logs that the indexer keeps."""
    counts: list[tuple[int, int, int]] = field(default_factory=list)
    """(block, `fetched` and `listed` after it), in order."""

    def tell(self, *, listed: int = 0, blocks: int = 0) -> list[list[Transaction]]:
        """At least `listed` more listed logs, or `blocks` more blocks; returns only the latter."""
        if blocks:
            told = list(islice(self.blocks, blocks))
            for block in told:
                self.mine(block)
            return told
        goal = self.listed + listed
        while self.listed < goal:
            self.mine(next(self.blocks))
        return []

    def mine(self, block: Sequence[Transaction]) -> None:
        """One block of these transactions, in this order.

        Raises:
            AssertionError: the node left one out.
        """
        addresses = self.suite.by_name()
        sent: list[Call] = [
            ("eth_sendTransaction", [_request(addresses, one, self.transactions + place)])
            for place, one in enumerate(block)
        ]
        self.node.batch(sent)
        self.node.call("evm_mine")
        self.transactions += len(block)
        self.head += 1
        logs = [log for transaction in block for log in transaction]
        self.logs += len(logs)
        self.fetched += sum(log.contract != "PlatformToken" for log in logs)
        self.listed += sum(log.is_listed for log in logs)
        self.counts.append((self.head, self.fetched, self.listed))

    def mark(self) -> Mark:
        snapshot = self.node.call("evm_snapshot")
        return Mark(snapshot, self.head, self.transactions, self.logs, self.fetched, self.listed)

    def go_back(self, mark: Mark) -> None:
        """Forget every block after `mark`, once."""
        snapshot, self.head, self.transactions, self.logs, self.fetched, self.listed = mark
        assert self.node.call("evm_revert", [snapshot])
        self.counts = [one for one in self.counts if one[0] <= self.head]

    def answer_views(self) -> None:
        """From the next block on, every view of the suite answers with zeros, and nothing logs."""
        self.node.batch(
            [("anvil_setCode", [each, _ZEROS]) for each in self.suite.by_name().values()]
        )
        self.mine([])

    def check(self) -> None:
        """Hold the node's counts of blocks and transactions against what was told.

        Raises:
            AssertionError: they differ.
        """
        head, nonce = self.node.batch(
            [("eth_blockNumber", []), ("eth_getTransactionCount", [_SENDER, "latest"])]
        )
        assert (int(head, 16), int(nonce, 16)) == (self.head, self.transactions)


def start(run: Run, seed: int = 1) -> BusyChain:
    """A node with the suite's emitters, at its first block of the story's."""
    begins = int(time.time()) - _PAST_SECONDS
    options = ["--timestamp", str(begins), "--gas-limit", str(_BLOCK_GAS), "--no-mining"]
    url = chain.start(run, *options, "--accounts", "1", "--order", "fifo")
    node = Node(url, timeout_seconds=60)
    # Any five addresses do: each gets the emitter's code.
    names = {name: f"0x{place:040x}" for place, name in enumerate(suites.CONTRACT_NAMES, 0xC0DE01)}
    text = json.dumps({"chain_id": chain.CHAIN_ID, "from_block": 1, "contracts": names})
    suite = suites.parse(text)
    emitting.place_emitters(node, names.values())
    node.batch([
        ("anvil_setCode", [_RELAY, contracts.artifacts()["LogRelay"].deployed_bytecode]),
        ("anvil_setBalance", [_SENDER, hex(10**30)]),
        ("anvil_impersonateAccount", [_SENDER]),
        ("anvil_setBlockTimestampInterval", [BLOCK_SECONDS]),
    ])  # fmt: skip
    story = Story(suite, begins, seed)
    return BusyChain(url, text, suite, node, story.blocks(), head=0)


def _request(addresses: Mapping[str, str], logs: Sequence[Log], nonce: int) -> dict[str, str]:
    parts = []
    for contract, group in groupby(logs, key=lambda log: log.contract):
        records = b"".join(log.record for log in group)
        parts += [bytes(12), bytes.fromhex(addresses[contract][2:])]
        parts += [len(records).to_bytes(32, "big"), records]
    return {
        "from": _SENDER, "to": _RELAY, "nonce": hex(nonce), "data": "0x" + b"".join(parts).hex(),
        "gas": hex(_TRANSACTION_GAS), "gasPrice": hex(2 * 10**9),
    }  # fmt: skip
