"""What `make down` relies on: it stops all that a run started, and nothing else."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from infra.local import chain, ports, processes
from infra.local.errors import LocalCloudError
from infra.local.processes import Process
from infra.local.run import Run

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
# A parent that starts a child and ignores SIGTERM; prints the child's id.
PARENT = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run(tmp_path / "run")
    run.begin()
    return run


def _is_running(pid: int) -> bool:
    try:
        return processes.is_alive(processes.describe("any", pid))
    except ProcessLookupError:
        return False


def test_stop_ends_what_was_started_as_a_later_command_finds_it(run: Run) -> None:
    child = run.start("sleeper", SLEEPER)
    assert Run(run.folder).stop() == ["sleeper"]
    assert not _is_running(child.pid)
    child.wait()
    assert Run(run.folder).stop() == []


def test_stop_ends_the_children_of_a_process_that_ignores_it(run: Run) -> None:
    parent = run.start("parent", [sys.executable, "-c", PARENT])
    run.wait_until("parent", lambda: run.log("parent").read_text().endswith("\n"), seconds=10)
    grandchild = int(run.log("parent").read_text())
    process = processes.describe("parent", parent.pid)
    processes.stop(process, first=signal.SIGTERM, grace_seconds=0.3)
    assert not _is_running(parent.pid)
    assert not _is_running(grandchild)
    run.stop()


def test_stop_ends_the_children_of_a_process_that_is_already_gone(run: Run) -> None:
    parent = run.start("parent", [sys.executable, "-c", PARENT])
    run.wait_until("parent", lambda: run.log("parent").read_text().endswith("\n"), seconds=10)
    grandchild = int(run.log("parent").read_text())
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    run.stop()
    assert not _is_running(grandchild)


def test_a_stranger_with_a_recorded_id_is_left_alone(run: Run) -> None:
    stranger = subprocess.Popen(SLEEPER, start_new_session=True)
    try:
        earlier = Process("ours, long gone", stranger.pid, time.time() - 3600)
        assert not processes.is_alive(earlier)
        processes.stop(earlier, first=signal.SIGTERM, grace_seconds=1)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_failing_command_is_a_sentence_that_names_its_log(run: Run) -> None:
    with pytest.raises(
        LocalCloudError, match=r"^broken failed \(code 3\); its log is .*broken\.log"
    ):
        run.run("broken", [sys.executable, "-c", "raise SystemExit(3)"])


def test_nothing_is_started_once_the_run_is_being_stopped(run: Run) -> None:
    run.stop()
    run.folder.joinpath("logs").mkdir(parents=True, exist_ok=True)
    with pytest.raises(LocalCloudError, match="being stopped"):
        run.start("late", SLEEPER)


def test_a_taken_port_that_was_asked_for_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind((ports.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("ANVIL_PORT", str(port))
        with pytest.raises(LocalCloudError, match=f"Port {port} \\(ANVIL_PORT\\) is taken"):
            ports.pick("ANVIL_PORT")


def test_a_node_leaves_neither_process_nor_port_behind(run: Run) -> None:
    url = chain.start(run)
    port = int(url.rsplit(":", 1)[1])
    [recorded] = json.loads((run.folder / "state.json").read_text())["processes"]
    assert not ports.is_free(port)
    run.stop()
    assert ports.is_free(port)
    assert not _is_running(recorded["pid"])
