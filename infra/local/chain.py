"""A real EVM node (anvil): a block for each transaction, ten rich accounts, chain id 31337."""

import json
import platform
import sys
import urllib.error
import urllib.request
from typing import Any

from infra.local import ports
from infra.local.errors import LocalCloudError, NodeRefused
from infra.local.run import ROOT, Run

CHAIN_ID = 31337


def start(run: Run, *options: str) -> str:
    """Start a node and return its URL; `options` go to anvil, e.g. `--block-time`, `2`."""
    port = ports.pick("ANVIL_PORT")
    # The platform's own program, not the npm wrapper: the wrapper may die and leave it behind.
    packages = ROOT / "node_modules" / "@foundry-rs"
    program = packages / f"anvil-{_platform()}" / "bin" / "anvil"
    if not program.exists():
        raise LocalCloudError(f"anvil is not installed ({program} is missing): run `npm ci`.")
    child = run.start("anvil", [
        program, "--host", ports.HOST, "--port", str(port), "--chain-id", str(CHAIN_ID),
        "--quiet", *options,
    ])  # fmt: skip
    url = f"http://{ports.HOST}:{port}"
    run.wait_until("anvil", lambda: _answers(url), seconds=30, child=child)
    return url


def call(url: str, method: str, *params: Any) -> Any:
    """One JSON-RPC call.

    Raises:
        NodeRefused: it answered with an error.
        LocalCloudError: it does not answer.
    """
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            answer = json.load(response)
    except (OSError, ValueError) as error:
        raise LocalCloudError(f"The node at {url} does not answer: {error}") from error
    if "error" in answer:
        raise NodeRefused(f"The node refused {method}: {answer['error'].get('message')}")
    return answer["result"]


def _answers(url: str) -> bool:
    try:
        return int(call(url, "eth_chainId"), 16) == CHAIN_ID
    except LocalCloudError:
        return False


def _platform() -> str:
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return f"{sys.platform}-{machine}"
