"""What every benchmark leaves: `.bench/NAME.json`, flat, with the machine and the versions."""

import json
import os
import platform
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from infra.local.run import ROOT

Numbers = Mapping[str, float | int | str | bool]


def write(name: str, numbers: Numbers, *, runs: int, packages: Iterable[str]) -> None:
    """`packages`: the distributions whose versions matter, e.g. `boto3`."""
    report = {
        **numbers,
        "runs": runs,
        "machine": machine(),
        "python": platform.python_version(),
        **{each.replace("-", "_"): version(each) for each in packages},
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    target = ROOT / ".bench" / f"{name}.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(report, indent=2) + "\n")


def machine() -> str:
    return f"{platform.machine()}, {os.cpu_count()} cores, {_processor()}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(": ", 1)[1] for line in lines if line.startswith("model name")), "")
