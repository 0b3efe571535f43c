"""The suite as the tests play on it: transactions with their logs decoded, refusals as text."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from eth_abi.abi import decode, encode
from eth_utils.crypto import keccak

from infra.local.blocks import Transaction, mine
from infra.local.contracts import artifacts
from infra.local.stage import CREATED, DAY, ETHER, MINTED, ONSALE, TOKEN, Stage
from infra.local.wallets import ARIA, HOLDER, MINA, NOAH, PLATFORM, Wallet
from onlineticket.chain.rpc_errors import RpcError

SUITE = ("EventManager", "TicketManager", "Marketplace", "TokenSwap", "PlatformToken")
PRICE, ETH_PRICE = 20 * TOKEN, ETHER // 100
ALWAYS = (-DAY, -DAY, 30 * DAY)


class Log(NamedTuple):
    contract: str
    event: str
    args: dict[str, Any]


@dataclass(slots=True)
class Theatre(Stage):
    """HOLDER, MINA and NOAH have platform tokens and have allowed the suite to take them."""

    names: dict[str, str] = field(default_factory=dict)
    """Contract by its address."""

    def open(self) -> None:
        self.names = {address: name for name, address in self.suite.by_name().items()}
        self.do(self.on_events(PLATFORM, "authorizeOrganizer(address,bool)", ARIA.address, True))
        market = self.suite.marketplace
        for wallet in (HOLDER, MINA, NOAH):
            self.do(
                self.on_token(PLATFORM, "transfer(address,uint256)", wallet.address, 1_000 * TOKEN),
                *(
                    self.on_token(wallet, "approve(address,uint256)", spender, 2**256 - 1)
                    for spender in (self.suite.event_manager, market, self.suite.token_swap)
                ),
                self.on_tickets(wallet, "setApprovalForAll(address,bool)", market, True),
            )

    # -- acts -----------------------------------------------------------------------------------

    def do(self, *transactions: Transaction) -> list[Log]:
        """Mine them and return what they logged, in order."""
        receipts = mine(self.node, transactions)
        return [self._log(each) for receipt in receipts for each in receipt.logs]

    def wait(self, seconds: int) -> None:
        """Until the head is that much later."""
        mine(self.node, [], at=self.head_time() + seconds)

    def create_wallet(self) -> str:
        """A contract wallet, which anybody may command by `execute`."""
        (receipt,) = mine(self.node, [artifacts()["ContractWallet"].creation(PLATFORM.address)])
        assert receipt.contract is not None
        return receipt.contract

    def concert(
        self, *, supply: int = 10, price: int = PRICE, eth_price: int = ETH_PRICE,
        sale: tuple[int, int, int] = ALWAYS, transferable: bool = True,
        presale_only: bool = False, requires_approval: bool = False, status: int = ONSALE,
    ) -> int:  # fmt: skip
        """An event of ARIA's with one ticket type, in two days; returns its id."""
        receipts = mine(
            self.node,
            [self.announce(ARIA, "Concert", "Hall", 2 * DAY, requires_approval=requires_approval)],
        )
        (event_id,) = receipts[0].ids(CREATED)
        self.events["concert"] = event_id
        self.do(
            self.add_type(
                ARIA, "concert", "Stalls", price, eth_price, supply,
                sale=sale, transferable=transferable, presale_only=presale_only,
            )
        )  # fmt: skip
        for step in _way_to(status, draft=requires_approval):
            self.do(self.move(ARIA, "concert", step))
        return event_id

    def bought(self, wallet: Wallet = MINA, seats: list[int] | None = None) -> int:
        """The first new token id of a purchase at the last `concert`."""
        receipts = mine(self.node, [self.buy(wallet, "concert", 0, seats or [0])])
        return receipts[0].ids(MINTED)[0]

    # -- questions ------------------------------------------------------------------------------

    def refusal(self, transaction: Transaction) -> str:
        """Why it would revert now: a reason, an error's name, `Panic(0x…)`, or "" for no data.

        Raises:
            AssertionError: it would succeed.
        """
        try:
            self.node.call("eth_call", [transaction.request(), "latest"])
        except RpcError as error:
            return _reason(bytes.fromhex((error.data or "0x")[2:]))
        raise AssertionError(f"{transaction.what} would succeed")

    def ask(self, contract: str, view: str, *args: Any) -> Any:
        """A view's answer: a dict if its results have names, a value if it is one."""
        (entry,) = (
            each
            for each in artifacts()[contract].abi
            if each["type"] == "function" and each["name"] == view
        )
        data = keccak(text=signature(entry))[:4] + encode(
            [type_of(i) for i in entry["inputs"]], args
        )
        request = {"to": self.suite.by_name()[contract], "data": "0x" + data.hex()}
        raw = bytes.fromhex(self.node.call("eth_call", [request, "latest"])[2:])
        outputs = entry["outputs"]
        values = decode([type_of(each) for each in outputs], raw)
        if outputs[0]["type"] == "tuple":
            outputs, values = outputs[0]["components"], values[0]
        if len(outputs) == 1:
            return values[0]
        return dict(zip((each["name"] for each in outputs), values, strict=True))

    def balance(self, wallet: Wallet) -> int:
        return int(self.node.call("eth_getBalance", [wallet.address, "latest"]), 16)

    def _log(self, raw: dict[str, Any]) -> Log:
        contract, topics = self.names[raw["address"]], raw["topics"]
        (entry,) = (
            each
            for each in artifacts()[contract].abi
            if each["type"] == "event" and "0x" + keccak(text=signature(each)).hex() == topics[0]
        )
        indexed = [each for each in entry["inputs"] if each["indexed"]]
        plain = [each for each in entry["inputs"] if not each["indexed"]]
        values = {
            each["name"]: decode([each["type"]], bytes.fromhex(topic[2:]))[0]
            for each, topic in zip(indexed, topics[1:], strict=True)
        }
        data = decode([each["type"] for each in plain], bytes.fromhex(raw["data"][2:]))
        return Log(contract, entry["name"], values | {
            each["name"]: value for each, value in zip(plain, data, strict=True)
        })  # fmt: skip


def names_of(logs: list[Log]) -> list[str]:
    """The logs' names, but for the platform token's, which mean nothing."""
    return [each.event for each in logs if each.contract != "PlatformToken"]


def type_of(parameter: dict[str, Any]) -> str:
    """A parameter's type as the ABI encodes it: tuples spelled out."""
    kind: str = parameter["type"]
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(type_of(each) for each in parameter['components'])}){kind[5:]}"


def signature(entry: dict[str, Any]) -> str:
    return f"{entry['name']}({','.join(type_of(each) for each in entry['inputs'])})"


def _way_to(status: int, *, draft: bool) -> list[int]:
    """The moves from an event's first status to one of DRAFT … ONSALE."""
    return [step for step in (1, 2, 3) if (draft or step > 1) and step <= status and step != 2] + (
        [2] if status == 2 else []
    )


def _reason(data: bytes) -> str:
    if not data:
        return ""
    selector, rest = data[:4], data[4:]
    if selector == keccak(text="Error(string)")[:4]:
        return str(decode(["string"], rest)[0])
    if selector == keccak(text="Panic(uint256)")[:4]:
        return f"Panic({decode(['uint256'], rest)[0]:#x})"
    errors = {
        keccak(text=signature(each))[:4]: each["name"]
        for name in SUITE
        for each in artifacts()[name].abi
        if each["type"] == "error"
    }
    return str(errors[selector])
