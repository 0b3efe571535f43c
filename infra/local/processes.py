"""Processes that outlive the command which started them: found again by id, stopped by id.

A process id alone is not proof: the system hands ids out again. So a process is known by its id
*and* the second it started. Each leads a process group of its own, which its children share.
"""

import os
import signal
import time
from dataclasses import dataclass

import psutil  # type: ignore[import-untyped]

_CLOCK_SLACK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Process:
    """`pid` is also the id of its process group. `started_at`: Unix seconds, by the system."""

    name: str
    pid: int
    started_at: float


def describe(name: str, pid: int) -> Process:
    """The process that has the id `pid` now.

    Raises:
        ProcessLookupError: there is none.
    """
    started_at = _started_at(pid)
    if started_at is None:
        raise ProcessLookupError(pid)
    return Process(name, pid, started_at)


def is_alive(process: Process) -> bool:
    """Whether the process itself still runs; a zombie does not, a stranger with its id neither."""
    started_at = _started_at(process.pid)
    return started_at is not None and abs(started_at - process.started_at) < _CLOCK_SLACK_SECONDS


def stop(process: Process, *, first: signal.Signals, grace_seconds: float) -> None:
    """Signal the process, wait for its whole group to end, kill what is left of it after that."""
    if not _group(process):
        return
    if is_alive(process):
        _signal(process.pid, first)
    deadline = time.monotonic() + grace_seconds
    while is_alive(process) and time.monotonic() < deadline:
        time.sleep(0.05)
    for member in _group(process):
        _signal(member, signal.SIGKILL)
    while _group(process):
        time.sleep(0.02)


def _group(process: Process) -> list[int]:
    """Ids of the living members of the process's group, none of which is a stranger."""
    leader = _started_at(process.pid)
    if leader is not None and not is_alive(process):
        return []  # the id went to another process, so our group is gone
    members = []
    for pid in psutil.pids():
        try:
            if os.getpgid(pid) != process.pid:
                continue
        except (ProcessLookupError, PermissionError):
            continue
        started_at = _started_at(pid)
        if started_at is not None and started_at >= process.started_at - _CLOCK_SLACK_SECONDS:
            members.append(pid)
    return members


def _started_at(pid: int) -> float | None:
    try:
        found = psutil.Process(pid)
        if found.status() == psutil.STATUS_ZOMBIE:
            return None
        return float(found.create_time())
    except psutil.NoSuchProcess:
        return None


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
