"""What measurements share: servers of their own, and a process of its own for each."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.local.errors import LocalCloudError
from infra.local.run import ROOT, Run


def servers(name: str) -> Run:
    """A run for a benchmark's servers, not begun yet; what an earlier one left is stopped.

    Raises:
        LocalCloudError: the same benchmark is at work.
    """
    folder = ROOT / ".local" / f"bench-{name}"
    previous = Run(folder)
    if previous.is_recorded and not previous.is_orphaned:
        raise LocalCloudError(f"Another run of this benchmark is at work in {folder}.")
    previous.stop()
    return Run(folder)


def tell(**numbers: float) -> None:
    """The process's answer: its last line. Its peak memory is added: VmHWM, not getrusage's
    maximum, which a new process takes over from the one that started it.
    """
    status = Path("/proc/self/status").read_text().splitlines()
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    print(json.dumps({**numbers, "peak_rss_mb": round(peak / 1024, 1)}))


def ask(module: str, *arguments: object, env: Mapping[str, str]) -> dict[str, Any]:
    """Run `python -m module arguments` to its end; what it told.

    Raises:
        subprocess.CalledProcessError: it failed; its traceback is on our standard error.
    """
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told
