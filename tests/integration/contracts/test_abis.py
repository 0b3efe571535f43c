"""`abis/` against the compiled contracts, and the compiler's cache."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra.generate_decoders import MEANINGLESS, MEANINGLESS_HERE
from infra.local.contracts import ROOT, artifacts
from tests.integration.contracts.theatre import SUITE, signature

CODE_SIZE_LIMIT = 24_576  # EIP-170


def _published(contract: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads((ROOT / "abis" / f"{contract}.json").read_text())
    return entries


def _bare(value: Any) -> Any:
    """Without `internalType`, which names things of the source."""
    if isinstance(value, list):
        return [_bare(each) for each in value]
    if isinstance(value, dict):
        return {name: _bare(each) for name, each in value.items() if name != "internalType"}
    return value


def test_there_is_one_abi_for_each_contract_of_the_suite() -> None:
    assert sorted(path.stem for path in (ROOT / "abis").iterdir()) == sorted(SUITE)


@pytest.mark.parametrize("contract", SUITE)
def test_every_entry_of_an_abi_is_the_contracts_own(contract: str) -> None:
    compiled = {signature(each): _bare(each) for each in _named(artifacts()[contract].abi)}
    for entry in _published(contract):
        assert compiled[signature(entry)] == entry


@pytest.mark.parametrize("contract", SUITE)
def test_every_log_of_a_contract_is_in_its_abi_or_known_to_mean_nothing(contract: str) -> None:
    published = {signature(each) for each in _published(contract) if each["type"] == "event"}
    meaningless = set(MEANINGLESS) | {one for name, one in MEANINGLESS_HERE if name == contract}
    for entry in artifacts()[contract].abi:
        # The platform token's logs mean nothing, all of them.
        if entry["type"] == "event" and contract != "PlatformToken":
            assert (signature(entry) in published) != (signature(entry) in meaningless)


@pytest.mark.parametrize("contract", SUITE)
def test_an_abi_is_sorted_and_its_lines_are_short(contract: str) -> None:
    entries = _published(contract)
    assert entries == sorted(entries, key=lambda each: (each["type"], each["name"]))
    lines = (ROOT / "abis" / f"{contract}.json").read_text().splitlines()
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize("contract", SUITE)
def test_a_contract_fits_the_chains_limit(contract: str) -> None:
    assert len(artifacts()[contract].deployed_bytecode) // 2 - 1 <= CODE_SIZE_LIMIT


def test_unchanged_sources_are_not_compiled_again() -> None:
    artifacts()
    command = ["node", str(ROOT / "tests" / "contracts" / "compile.mjs")]
    target = Path(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    written = target.stat().st_mtime_ns
    subprocess.run(command, check=True, capture_output=True)
    assert target.stat().st_mtime_ns == written


def _named(abi: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for each in abi if "name" in each]
