"""How long the light functions take to import, in units of `import boto3`: `make bench-imports`.

Each import is timed in a fresh process, in turns, so that a busy minute hits all alike. A handler
may cost at most `LIMIT` times boto3: it is the part of a cold start that is ours.
"""

import json
import platform
import statistics
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HANDLERS = ("queries", "tickets", "verify")
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
    report = {
        **{f"{name}_import_ms": round(1000 * median, 1) for name, median in medians.items()},
        **{f"{name}_ratio": round(ratio, 2) for name, ratio in ratios.items()},
        "limit": LIMIT,
        "runs": RUNS,
        "machine": f"{platform.machine()}, {_processor()}",
        "python": platform.python_version(),
        "boto3": version("boto3"),
        "aws_lambda_powertools": version("aws-lambda-powertools"),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    target = ROOT / ".bench" / "imports.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(report, indent=2) + "\n")
    print(f"{'import':10} {'median':>10}  {'of boto3':>8}   ({RUNS} runs, {report['machine']})")
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


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(": ", 1)[1] for line in lines if line.startswith("model name")), "")


if __name__ == "__main__":
    sys.exit(main())
