"""A random season on the real contracts, with reorganisations: one seed is one season.

All chance comes from one Random, and all times from the head's, so that only hashes and the day
differ from one playing to the next. Every step is printed: pytest shows them when a test fails.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from infra.local import first_sale
from infra.local.blocks import Transaction, mine
from infra.local.contracts import artifacts
from infra.local.stage import DAY, HOUR, Stage
from infra.local.wallets import ARIA, BO, PARTNER
from onlineticket.chain.rpc import Node
from onlineticket.chain.rpc_errors import RpcError
from onlineticket.domain.suite import Suite
from tests.chaos import random_market, random_sales
from tests.chaos.random_draw import Act, Draw, NothingYet
from tests.chaos.random_scene import Scene

DEEPEST = 64
"""A reorg never reaches a block that was ever this deep: that is what "finalized" means."""


@dataclass(slots=True)
class Season:
    """`peak`: the highest block there ever was. `opening`: all before it is never reorganised."""

    random: Random
    stage: Stage
    draw: Draw
    opening: int = 0
    peak: int = 0
    snapshots: list[tuple[int, str]] = field(default_factory=list)
    """Block number and id of each snapshot of the node that is still good."""

    # -- the chain as it is ---------------------------------------------------------------------

    def head(self) -> int:
        return int(self.stage.node.call("eth_blockNumber"), 16)

    @property
    def deepest(self) -> int:
        """How deep a reorg may be now."""
        return self.head() - max(self.opening, self.peak - DEEPEST)

    def look(self) -> None:
        """Let the players see the chain as it is."""
        suite, stage = self.stage.suite, self.stage
        query = {
            "address": [suite.event_manager, suite.ticket_manager, suite.marketplace],
            "fromBlock": hex(suite.from_block),
            "toBlock": "latest",
        }
        self.draw.scene = Scene()
        for log in stage.node.call("eth_getLogs", [query]):
            self.draw.scene.add(log)
        stage.events = {str(each): each for each in self.draw.scene.organizers}
        stage.now = stage.head_time()

    # -- growth ---------------------------------------------------------------------------------

    def burst(self) -> None:
        """A few blocks of acts, a few without, and sometimes many without."""
        for _ in range(self.random.randint(1, 5)):
            self.block(self._transactions(self.random.choice((0, 3, 5, 8, 12))))
        if self.random.random() < 0.01:
            for _ in range(3):
                self.perform(random_market.full_house)
            self.idle(DEEPEST + 1)
        if self.random.random() < 0.15:
            self.idle(self.random.choice((1, 5, 30, DEEPEST, DEEPEST + 10)))
        if self.random.random() < 0.2:
            self.snapshots.append((self.head(), self.stage.node.call("evm_snapshot")))

    def perform(self, act: Act) -> None:
        """That act alone, in a block."""
        self.look()
        self.block(self._act(act))

    def block(self, transactions: Sequence[Transaction]) -> None:
        """One block, however many of them it holds and whether they succeed or not."""
        for each in transactions:
            try:
                self.stage.node.call("eth_sendTransaction", [each.request()])
            except RpcError as refusal:
                print(f"  refused: {each.what}: {refusal}")
        self._mine()
        print(f"block {self.head()}: {', '.join(each.what.split('(')[0] for each in transactions)}")

    def idle(self, blocks: int) -> None:
        print(f"{blocks} empty blocks")
        self.stage.node.call("anvil_mine", [hex(blocks), "0x2"])
        self.peak = max(self.peak, self.head())

    def outgrow(self) -> None:
        """Higher than ever, so that everybody knows which chain it is."""
        print("to a new height: ", end="")
        self.idle(self.peak - self.head() + 1)

    # -- reorganisations ------------------------------------------------------------------------

    def reorganise(self) -> None:
        """As deep as may be; the chain may be lower afterwards, or of equal height, or higher."""
        deepest = self.deepest
        if deepest < 1:
            return
        usual = [self.random.randint(1, min(most, deepest)) for most in (3, 3, 3, 6, 6, 20)]
        depth = self.random.choice((*usual, self.random.randint(1, deepest), deepest))
        way = self.random.choice((self._replace, *[self._mine_again] * 3, self._revert))
        way(depth)
        for _ in range(self.random.choice((0, 0, 1, 3))):
            self.block(self._transactions(self.random.choice((0, 2))))
        print(f"  the head is now {self.head()}")

    def _replace(self, depth: int) -> None:
        """At once, at equal height, other transactions instead: of what they are about, some is
        gone with the old ones.
        """
        pairs = [
            [each.request(), self.random.randrange(depth)]
            for each in self._transactions(self.random.choice((0, 0, 3)))
        ]
        print(f"reorg {depth} deep, {len(pairs)} transactions instead")
        self._forget_snapshots(self.head() - depth)
        self.stage.node.call("anvil_reorg", [depth, sorted(pairs, key=lambda pair: pair[1])])

    def _mine_again(self, depth: int) -> None:
        """The same transactions in other blocks and in another order, or some of them."""
        head, node = self.head(), self.stage.node
        calls = [
            ("eth_getBlockByNumber", [hex(each), True])
            for each in range(head - depth + 1, head + 1)
        ]
        lost = [each for block in node.batch(calls) for each in block["transactions"]]
        raw = node.batch([("eth_getRawTransactionByHash", [each["hash"]]) for each in lost])
        queues: dict[str, list[str]] = {}
        for transaction, text in zip(lost, raw, strict=True):
            queues.setdefault(transaction["from"], []).append(text)
        share = self.random.choice((0.0, 0.6, 1.0, 1.0))
        # One sender's go in their order, or the node would hold the later ones back.
        kept = {sender: queue[: round(len(queue) * share)] for sender, queue in queues.items()}
        turns = [sender for sender, queue in kept.items() for _ in queue]
        self.random.shuffle(turns)
        self._roll_back(depth)
        print(f"reorg {depth} deep, {len(turns)} of {len(lost)} transactions mined again")
        while turns:
            now, turns = turns[: (size := self.random.randint(1, 8))], turns[size:]
            for sender in now:
                self._send_again(kept[sender].pop(0))
            self._mine()

    def _revert(self, depth: int) -> None:
        """Back to a snapshot; if there is none that is not too deep, by other means."""
        for number, snapshot in reversed(self.snapshots):
            if 0 < self.head() - number <= self.deepest:
                print(f"reorg back to the snapshot at block {number}")
                self.stage.node.call("evm_revert", [snapshot])
                self._forget_snapshots(number - 1)
                return
        self._roll_back(depth)
        print(f"reorg {depth} deep, nothing mined again")

    def _roll_back(self, depth: int) -> None:
        self._forget_snapshots(self.head() - depth)
        self.stage.node.call("anvil_rollback", [depth])

    def _forget_snapshots(self, above: int) -> None:
        self.snapshots = [each for each in self.snapshots if each[0] <= above]

    # -- details --------------------------------------------------------------------------------

    def _transactions(self, acts: int) -> list[Transaction]:
        self.look()
        drawn = self.random.choices(tuple(_WEIGHTS), tuple(_WEIGHTS.values()), k=acts)
        return [each for act in drawn for each in self._act(act)]

    def _act(self, act: Act) -> list[Transaction]:
        try:
            return act(self.draw)
        except NothingYet:
            return []

    def _send_again(self, raw: str) -> None:
        try:
            self.stage.node.call("eth_sendRawTransaction", [raw])
        except RpcError as refusal:
            print(f"  refused: {refusal}")

    def _mine(self) -> None:
        node = self.stage.node
        seconds = self.random.choice((*(1, 12, 12, 60) * 2, HOUR, HOUR, DAY))
        node.call("evm_setNextBlockTimestamp", [self.stage.head_time() + seconds])
        node.call("evm_mine")
        self.peak = max(self.peak, self.head())


def begin(node: Node, suite: Suite, random: Random) -> Season:
    """Rights, money, and an event on sale; the node mines by hand."""
    stage = Stage(node, suite, now=0)
    # Drawn too: two seasons with a block in common confuse the node's memory of old states.
    stage.now = stage.head_time() + 39 * DAY + random.randint(1, HOUR)
    first_sale.found(stage)
    (created,) = mine(node, [artifacts()["ContractWallet"].creation(PARTNER.address)])
    assert created.contract is not None
    season = Season(random, stage, Draw(random, stage, Scene(), created.contract))
    season.opening = season.peak = season.head()
    season.block([
        stage.announce(ARIA, "Opening Night", "Hall", DAY),
        stage.announce(BO, "Under Review", "Arena", 2 * DAY, requires_approval=True),
    ])  # fmt: skip
    for act in _OPENING:
        season.perform(act)
    return season


_WEIGHTS: dict[Act, float] = random_sales.WEIGHTS | random_market.WEIGHTS

_OPENING = (
    random_sales.open_sale, random_sales.open_sale, random_sales.buy, random_sales.buy_with_eth,
    random_market.offer, random_market.offer, random_market.add_liquidity,
)  # fmt: skip
