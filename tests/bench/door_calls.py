"""The processes of `make bench-door`: warm functions, one or many.

one COUNT               scans one after the other; its own CPU, and that in boto3 and psycopg
crowd KIND CALLERS EACH CALLERS functions at once, EACH scans; KIND is ours or row-lock
"""

import os
import statistics
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from multiprocessing import get_context
from time import perf_counter, process_time, thread_time
from typing import Any

import psutil  # type: ignore[import-untyped]
import psycopg
from botocore.client import BaseClient

import functions.verify.handler as module
from onlineticket.api.http import logger
from onlineticket.store import database
from tests.bench import door_stage, measuring, row_lock

WARM_UP = 30


def one(count: int) -> dict[str, float]:
    handler = module.lambda_handler
    outside = _Clock()
    outside.watch_clients()
    for event in door_stage.requests(1, WARM_UP):
        _admit(event)
    events = list(door_stage.requests(1 + WARM_UP, count))
    walls, wholes, owns = [], [], []
    for event in events:
        outside.seconds = 0.0
        wall, cpu = perf_counter(), process_time()
        answer = handler(event, door_stage.CONTEXT)
        cpu, wall = process_time() - cpu, perf_counter() - wall
        assert answer["statusCode"] == 200, answer
        walls.append(wall)
        wholes.append(cpu)
        owns.append(cpu - outside.seconds)
    return dict(
        p50_ms=_ms(statistics.median(walls)),
        p95_ms=_ms(statistics.quantiles(walls, n=20)[18]),
        p99_ms=_ms(statistics.quantiles(walls, n=100)[98]),
        cpu_ms=_ms(statistics.mean(wholes)),
        own_cpu_ms=_ms(statistics.mean(owns)),
        own_cpu_p50_ms=_ms(statistics.median(owns)),
    )


class _Clock:
    """CPU seconds spent inside boto3 and psycopg."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._inside = False

    def watch_clients(self) -> None:
        for owner, names in (
            (BaseClient, ("_make_api_call",)),
            (psycopg.Connection, ("execute", "cursor")),
            (psycopg.Cursor, ("execute", "fetchone", "fetchall", "close")),
        ):
            for name in names:
                setattr(owner, name, self._timed(getattr(owner, name)))

    def _timed(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **options: Any) -> Any:
            if self._inside:
                return call(*args, **options)
            self._inside, began = True, thread_time()
            try:
                return call(*args, **options)
            finally:
                self.seconds += thread_time() - began
                self._inside = False

        return timed


def crowd(kind: str, callers: int, each: int) -> dict[str, float]:
    """Each caller is a forked process with connections of its own, as Lambda makes them."""
    if kind == "row-lock":
        vars(module)["scan"] = row_lock.scan
    context = get_context("fork")
    line, told = context.Barrier(callers + 1), context.SimpleQueue()
    children = [
        context.Process(target=_caller, args=(number, each, line, told))
        for number in range(callers)
    ]
    for child in children:
        child.start()
    line.wait(timeout=120)
    before, began = _database_cpu(), perf_counter()
    results = [told.get() for _ in children]
    wall, database_cpu = perf_counter() - began, _database_cpu() - before
    line.wait(timeout=120)  # only now may they hang up: a backend takes its CPU time with it
    for child in children:
        child.join()
    latencies = [seconds for waits, _ in results for seconds in waits]
    scans, cpu = callers * each, sum(cpu for _, cpu in results)
    return dict(
        scans_per_s=scans / wall,
        caller_cpu_ms=_ms(cpu / scans),
        database_cpu_ms=_ms(database_cpu / scans),
        p50_ms=_ms(statistics.median(latencies)),
        p95_ms=_ms(statistics.quantiles(latencies, n=20)[18]),
    )


def _caller(number: int, each: int, line: Any, told: Any) -> None:
    first = 1 + number * (each + 3)
    for event in door_stage.requests(first, 3):
        _admit(event)
    events = list(door_stage.requests(first + 3, each))
    line.wait(timeout=120)
    waits, cpu = [], process_time()
    for event in events:
        began = perf_counter()
        _admit(event)
        waits.append(perf_counter() - began)
    told.put((waits, process_time() - cpu))
    line.wait(timeout=120)


def _database_cpu() -> float:
    """CPU seconds of the server's processes that are there now."""
    with database.connect(os.environ["DB_URL"]) as conn:
        [own] = conn.execute("SELECT pg_backend_pid()").fetchone() or (0,)
        server = psutil.Process(own).parent()
        processes = [server, *server.children()]
        times = [each.cpu_times() for each in processes if each.pid != own]
    return float(sum(each.user + each.system for each in times))


def _admit(event: Any) -> None:
    answer = module.lambda_handler(event, door_stage.CONTEXT)
    assert answer["statusCode"] == 200, answer


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 3)


def main(arguments: list[str]) -> None:
    kind, *rest = arguments
    with open(os.devnull, "w") as null, redirect_stdout(null):
        # Logs and metrics go where nobody reads, as fast as into Lambda's pipe.
        logger.registered_handler.stream = null  # type: ignore[attr-defined]
        numbers = _MEASURES[kind](*rest)
    measuring.tell(**numbers)


_MEASURES: dict[str, Callable[..., dict[str, float]]] = {
    "one": lambda count: one(int(count)),
    "crowd": lambda kind, callers, each: crowd(kind, int(callers), int(each)),
}

if __name__ == "__main__":
    main(sys.argv[1:])
