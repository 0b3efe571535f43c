"""The contracts of one deployment, as the stage's contracts file names them."""

import json
import re
from dataclasses import dataclass

from onlineticket.domain.errors import Invalid
from onlineticket.domain.types import BlockNumber, SuiteId, WalletAddress

CONTRACT_NAMES = ("EventManager", "TicketManager", "Marketplace", "TokenSwap", "PlatformToken")

_ADDRESS = re.compile("0x[0-9a-fA-F]{40}")


@dataclass(frozen=True, slots=True)
class Suite:
    """Where the five contracts live. Addresses lowercase; `from_block` is their first block."""

    chain_id: int
    from_block: BlockNumber
    event_manager: WalletAddress
    ticket_manager: WalletAddress
    marketplace: WalletAddress
    token_swap: WalletAddress
    platform_token: WalletAddress

    @property
    def identity(self) -> str:
        """What no other deployment shares, on any chain: ids in it mean something by this only."""
        return f"{self.chain_id}:{self.event_manager}"

    def by_name(self) -> dict[str, WalletAddress]:
        """Addresses under their contract's name, e.g. `{"EventManager": "0x…", …}`."""
        addresses = (
            self.event_manager, self.ticket_manager, self.marketplace,
            self.token_swap, self.platform_token,
        )  # fmt: skip
        return dict(zip(CONTRACT_NAMES, addresses, strict=True))


@dataclass(frozen=True, slots=True)
class Contract:
    """One registered address. Blocks are inclusive; `to_block` None: still in use."""

    suite_id: SuiteId
    chain_id: int
    name: str
    address: WalletAddress
    abi_version: int
    from_block: BlockNumber
    to_block: BlockNumber | None


@dataclass(frozen=True, slots=True)
class Registry:
    """A bare id in a path is of the suite `current`."""

    current: SuiteId
    items: list[Contract]


def parse(text: str) -> Suite:
    """Read the contracts file (README, "Contracts file"); keys it does not know are ignored.

    Raises:
        Invalid: `BAD_CONTRACTS_FILE`, naming what is missing or malformed.
    """
    try:
        raw = json.loads(text)
        chain_id, from_block = raw["chain_id"], raw.get("from_block", 0)
        addresses = [_address(name, raw["contracts"][name]) for name in CONTRACT_NAMES]
    except KeyError as error:
        raise _bad(f"{error.args[0]} is missing") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise _bad(str(error)) from error
    for name, value in (("chain_id", chain_id), ("from_block", from_block)):
        if type(value) is not int or value < 0:
            raise _bad(f"{name} is not a whole number")
    if len(set(addresses)) != len(addresses):
        raise _bad("two contracts have one address")
    return Suite(chain_id, BlockNumber(from_block), *addresses)


def _address(name: str, value: str) -> WalletAddress:
    if not _ADDRESS.fullmatch(value):
        raise ValueError(f"{name} is not an address")
    return value.lower()  # type: ignore[return-value]


def _bad(what: str) -> Invalid:
    return Invalid("BAD_CONTRACTS_FILE", f"The contracts file can't be used: {what}.")
