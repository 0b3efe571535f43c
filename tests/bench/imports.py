"""How long the light functions take to import, in units of `import boto3`: `make bench-imports`.

Each import is timed in a fresh process, in turns, so that a busy minute hits all alike. A handler
may cost at most `LIMIT` times boto3: it is the part of a cold start that is ours.
"""

import statistics
import subprocess
import sys

from infra.local.run import ROOT
from tests.bench import report

HANDLERS = ("queries", "tickets", "verify", "verifier_auth")
RUNS = 11
LIMIT = 2.5

_TIMED = """
import time
began = time.perf_counter()
import {module}
print(time.perf_counter() - began)
"""


def main() -> int:
    modules = {"boto3": "boto3"} | {name: f"functions.{name}.handler" for name in HANDLERS}
    seconds: dict[str, list[float]] = {name: [] for name in modules}
    for turn in range(RUNS + 1):
        for name, module in modules.items():
            took = _import(module)
            if turn > 0:  # the first turn fills the file cache and __pycache__
                seconds[name].append(took)
    medians = {name: statistics.median(taken) for name, taken in seconds.items()}
    ratios = {name: medians[name] / medians["boto3"] for name in HANDLERS}
    numbers = {
        **{f"{name}_import_ms": round(1000 * median, 1) for name, median in medians.items()},
        **{f"{name}_ratio": round(ratio, 2) for name, ratio in ratios.items()},
        "limit": LIMIT,
    }
    report.write("imports", numbers, runs=RUNS, packages=("boto3", "aws-lambda-powertools"))
    print(f"{'import':10} {'median':>10}  {'of boto3':>8}   ({RUNS} runs, {report.machine()})")
    for name, median in medians.items():
        print(f"{name:10} {1000 * median:7.1f} ms  {median / medians['boto3']:8.2f}")
    slow = [name for name, ratio in ratios.items() if ratio > LIMIT]
    if slow:
        print(f"error: {', '.join(slow)}: more than {LIMIT} x boto3", file=sys.stderr)
    return 1 if slow else 0


def _import(module: str) -> float:
    command = [sys.executable, "-c", _TIMED.format(module=module)]
    timed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return float(timed.stdout.splitlines()[-1])


if __name__ == "__main__":
    sys.exit(main())
