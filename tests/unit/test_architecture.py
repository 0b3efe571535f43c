"""The rules of the layout: imports point inward, and light functions stay light."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path("layers/shared/python/onlineticket")
OURS = "onlineticket."
LIBRARIES = {"domain": {"pydantic", "annotated_types", "base45"}, "usecases": {"pydantic"}}
"""What the two inner layers may use besides the standard library."""
REACH = {
    "domain": {"domain"},
    "usecases": {"domain", "usecases"},
    "store": {"domain", "store", "settings"},
    "dynamo": {"domain", "dynamo", "settings"},
    "chain": {"domain", "chain", "settings"},
    "gateway": {"domain", "gateway", "settings"},
    "api": {"domain", "api", "settings", "resources"},
}
LIGHT = (
    "verify", "tickets", "queries", "verifier_auth", "users", "organizer", "settle", "worker",
    "indexer",
)  # fmt: skip
HEAVY = ("web3", "eth_account", "eth_keys", "rlp", "siwe")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{name.name}" for name in node.names)


@pytest.mark.parametrize("layer", REACH)
def test_imports_point_inward(layer: str) -> None:
    for path in sorted((PACKAGE / layer).rglob("*.py")):
        for name in imports(path):
            if name.startswith(OURS):
                assert name.split(".")[1] in REACH[layer], f"{path} imports {name}"
            elif layer in LIBRARIES:
                top = name.split(".")[0]
                known = top in sys.stdlib_module_names or top in LIBRARIES[layer]
                assert known, f"{path} imports {name}"


def test_nothing_in_the_package_knows_the_functions_or_the_infrastructure() -> None:
    for path in sorted(PACKAGE.rglob("*.py")):
        for name in imports(path):
            assert name.split(".")[0] not in {"functions", "infra", "tests"}, f"{path}: {name}"


def test_only_the_chain_folder_knows_the_heavy_chain_libraries() -> None:
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.parent.name != "chain":
            for name in imports(path):
                assert name.split(".")[0] not in HEAVY, f"{path} imports {name}"


@pytest.mark.parametrize("function", LIGHT)
def test_light_functions_load_no_chain_library(function: str) -> None:
    code = (
        f"import functions.{function}.handler, sys;"
        f"sys.exit(', '.join(set({HEAVY}) & sys.modules.keys()) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
