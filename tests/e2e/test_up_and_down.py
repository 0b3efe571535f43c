"""`make up` on a chain that somebody else runs, `make down`, and Ctrl-C on the way."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from infra.local import chain, comparison, contracts, ports, processes, season, truth
from infra.local.api import Api
from infra.local.processes import Process
from infra.local.run import ROOT, Run
from onlineticket.domain import suite

pytestmark = pytest.mark.slow


def _make(target: str, folder: Path, **variables: str) -> list[str]:
    return ["make", target, f"FOLDER={folder}", *(f"{k}={v}" for k, v in variables.items())]


def _recorded(folder: Path) -> list[Process]:
    state = json.loads((folder / "state.json").read_text())
    return [Process(**each) for each in state["processes"]]


def _ports(folder: Path) -> list[int]:
    facts = json.loads((folder / "state.json").read_text())["facts"]
    return [int(facts[name].split("/")[2].split(":")[-1]) for name in ("aws_url", "db_url")]


def test_an_existing_chain_is_served_and_left_running(runs: Path, tmp_path: Path) -> None:
    elsewhere = Run(runs / "elsewhere")
    elsewhere.begin()
    folder = runs / "up"
    try:
        rpc_url = chain.start(elsewhere)
        text = contracts.deploy(rpc_url)
        season.play(rpc_url, text)
        contracts_file = tmp_path / "contracts.json"
        contracts_file.write_text(text)
        up = _make("up", folder, RPC_HTTP_URL=rpc_url, CONTRACTS_FILE=str(contracts_file))
        subprocess.run(up, cwd=ROOT, check=True)

        api = Api(Run(folder).facts["api_url"])
        head = int(chain.call(rpc_url, "eth_blockNumber"), 16)
        elsewhere.wait_until(
            "indexer",
            lambda: (api.get("/health").body["indexer"]["indexed_block"] or 0) >= head,
            seconds=90,
        )
        known = truth.read(rpc_url, suite.parse(text), block=head, now=int(time.time()))
        assert known.tickets
        assert comparison.differences(api, known) == []

        started, taken = _recorded(folder), _ports(folder)
        assert {process.name for process in started} == {"postgres", "ministack"}
        subprocess.run(_make("down", folder), cwd=ROOT, check=True)
        assert not [process for process in started if processes.is_alive(process)]
        assert all(ports.is_free(port) for port in taken)
        assert int(chain.call(rpc_url, "eth_blockNumber"), 16) == head
    finally:
        Run(folder).stop()
        elsewhere.stop()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_stops_what_was_started(runs: Path, number: signal.Signals) -> None:
    folder = runs / f"interrupted-{number.name}"
    command = [str(ROOT / ".venv/bin/python"), "-m", "infra.local", "up", "--folder", str(folder)]
    up = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert up.stdout is not None
        seen = ""
        while "Local AWS started" not in seen:
            line = up.stdout.readline()
            assert line, seen
            seen += line
        started = _recorded(folder)
        assert "ministack" in {process.name for process in started}
        os.kill(up.pid, number)
        up.communicate(timeout=30)
        assert up.returncode == 128 + number
        assert not [process for process in started if processes.is_alive(process)]
        assert not (folder / "state.json").exists()
    finally:
        up.kill()
        Run(folder).stop()


def test_a_contracts_file_of_another_chain_is_refused_in_a_sentence(
    runs: Path, tmp_path: Path
) -> None:
    elsewhere = Run(runs / "bare")
    elsewhere.begin()
    try:
        rpc_url = chain.start(elsewhere)
        names = ("EventManager", "TicketManager", "Marketplace", "TokenSwap", "PlatformToken")
        addresses = {name: f"0x{number:040x}" for number, name in enumerate(names, 0xA11CE)}
        contracts_file = tmp_path / "contracts.json"
        for chain_id, sentence in ((1, "is for chain 1"), (31337, "There is no contract at")):
            contracts_file.write_text(json.dumps({"chain_id": chain_id, "contracts": addresses}))
            up = _make(
                "up", runs / "refused", RPC_HTTP_URL=rpc_url, CONTRACTS_FILE=str(contracts_file)
            )
            refused = subprocess.run(up, cwd=ROOT, capture_output=True, text=True, check=False)
            assert refused.returncode != 0
            assert sentence in refused.stderr
            assert "Traceback" not in refused.stderr
    finally:
        elsewhere.stop()
