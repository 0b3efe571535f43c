"""A measurement in a process of its own: what it prints, how it is started, what it may use."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.local.run import ROOT


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
