"""The contracts of one deployment, as the stage's contracts file names them."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from onlineticket.domain.deployments import Deployment, bad_file, checked
from onlineticket.domain.types import BlockNumber, SuiteId, WalletAddress

CONTRACT_NAMES = ("EventManager", "TicketManager", "Marketplace", "TokenSwap", "PlatformToken")

_ADDRESS = re.compile("0x[0-9a-fA-F]{40}")


@dataclass(frozen=True, slots=True)
class Suite:
    """Where the five contracts live: of those deployed more than once, the newest one. Addresses
    lowercase; `from_block` is where those begin that don't say so themselves.
    """

    chain_id: int
    from_block: BlockNumber
    event_manager: WalletAddress
    ticket_manager: WalletAddress
    marketplace: WalletAddress
    token_swap: WalletAddress
    platform_token: WalletAddress
    listed: tuple[Deployment, ...] = field(default=(), kw_only=True)
    """Every address with its bounds, where the file gives lists."""

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

    def deployments(self) -> tuple[Deployment, ...]:
        """Every address with the blocks in which it is in force."""
        return self.listed or tuple(
            Deployment(name, address, self.from_block) for name, address in self.by_name().items()
        )


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
        given = {name: raw["contracts"][name] for name in CONTRACT_NAMES}
    except KeyError as error:
        raise bad_file(f"{error.args[0]} is missing") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise bad_file(str(error)) from error
    _check_number("chain_id", chain_id)
    _check_number("from_block", from_block)
    contracts = checked(
        one for name, value in given.items() for one in _contracts(name, value, from_block)
    )
    newest = {one.name: one.address for one in contracts}
    return Suite(
        chain_id,
        BlockNumber(from_block),
        event_manager=newest["EventManager"],
        ticket_manager=newest["TicketManager"],
        marketplace=newest["Marketplace"],
        token_swap=newest["TokenSwap"],
        platform_token=newest["PlatformToken"],
        listed=tuple(contracts) if any(isinstance(each, list) for each in given.values()) else (),
    )


def _contracts(name: str, value: Any, from_block: int) -> list[Deployment]:
    entries = value if isinstance(value, list) else [{"address": value}]
    if not entries or not all(isinstance(entry, dict) for entry in entries):
        raise bad_file(f"{name} is neither an address nor a list of objects")
    return [_contract(name, entry, from_block) for entry in entries]


def _contract(name: str, entry: dict[str, Any], from_block: int) -> Deployment:
    address, first = entry.get("address"), entry.get("from_block", from_block)
    last, version = entry.get("to_block"), entry.get("abi_version", 1)
    if not isinstance(address, str) or not _ADDRESS.fullmatch(address):
        raise bad_file(f"{name} is not an address")
    _check_number(f"{name}'s from_block", first)
    _check_number(f"{name}'s abi_version", version)
    if last is not None:
        _check_number(f"{name}'s to_block", last)
    return Deployment(name, _lowercase(address), first, last, version)


def _lowercase(address: str) -> WalletAddress:
    return address.lower()  # type: ignore[return-value]


def _check_number(name: str, value: Any) -> None:
    if type(value) is not int or not 0 <= value < 2**63:
        raise bad_file(f"{name} is not a whole number")
