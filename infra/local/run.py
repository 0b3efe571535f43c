"""One run of the local cloud: the folder it lives in, and everything it started.

`state.json` in that folder is written after each start, so that a later command (or this one,
interrupted) stops all of it, and nothing else.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from infra.local import processes
from infra.local.errors import LocalCloudError, Stopping
from infra.local.processes import Process

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_FOLDER = ROOT / ".local" / "run"

_FIRST_SIGNAL = {"postgres": signal.SIGINT}
"""Postgres takes SIGTERM as "when the last client has gone", SIGINT as "now, cleanly"."""


class Run:
    """Starts processes and remembers them. Every method may be called from any thread."""

    def __init__(self, folder: Path = DEFAULT_FOLDER) -> None:
        self.folder = folder
        self._lock = threading.RLock()
        self._closing = threading.Event()
        self._children: list[subprocess.Popen[bytes]] = []
        self._owner: Process | None = None
        self._processes: list[Process] = []
        self._folders: list[str] = []
        self._facts: dict[str, str] = {}
        self._load()

    # -- what it is -----------------------------------------------------------------------------

    @property
    def facts(self) -> dict[str, str]:
        """URLs and names that later commands need, e.g. `api_url`."""
        return dict(self._facts)

    @property
    def is_up(self) -> bool:
        return bool(self._facts) and any(processes.is_alive(each) for each in self._processes)

    @property
    def is_recorded(self) -> bool:
        """Whether there is anything to stop or tidy up."""
        return self._owner is not None

    def owns(self, name: str) -> bool:
        """Whether it started a process of this name that still runs."""
        return any(each.name == name and processes.is_alive(each) for each in self._processes)

    @property
    def is_orphaned(self) -> bool:
        """Whether the command that began the run ended without stopping it."""
        return self._owner is None or not processes.is_alive(self._owner)

    def interrupt_owner(self, seconds: float) -> None:
        """Ask the command that is still bringing the run up to stop it, and wait for that."""
        owner = self._owner
        if owner is None or owner.pid == os.getpid() or not processes.is_alive(owner):
            return
        os.kill(owner.pid, signal.SIGTERM)
        deadline = time.monotonic() + seconds
        while processes.is_alive(owner) and time.monotonic() < deadline:
            time.sleep(0.05)

    def log(self, name: str) -> Path:
        return self.folder / "logs" / f"{name}.log"

    # -- what it does ---------------------------------------------------------------------------

    def begin(self) -> None:
        """Take the folder into use, empty; the process that calls this owns the run."""
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "logs").mkdir(parents=True)
        self._owner = processes.describe("owner", os.getpid())
        self._save()

    def note(self, **facts: str) -> None:
        with self._lock:
            self._facts.update(facts)
            self._save()

    def own_folder(self, path: str) -> None:
        """`path`, outside the run's folder, goes when the run stops."""
        with self._lock:
            self._folders.append(path)
            self._save()

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path = ROOT,
        user: str | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a process whose output goes to `log(name)`; `user` only if we are root."""
        with self._lock, self.log(name).open("ab") as output:
            if self._closing.is_set():
                raise Stopping(f"{name} was not started: the run is being stopped.")
            child = subprocess.Popen(
                [str(word) for word in command],
                env=env,
                cwd=cwd,
                user=user,
                group=None if user is None else _group_of(user),
                extra_groups=None if user is None else [],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._children.append(child)
            # A child that has already ended is a zombie here, and nothing is left to stop.
            with contextlib.suppress(ProcessLookupError):
                self._processes.append(processes.describe(name, child.pid))
            self._save()
            return child

    def run(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path = ROOT,
        user: str | None = None,
    ) -> None:
        """Start a process and wait for it.

        Raises:
            LocalCloudError: it ended with another code than 0.
        """
        child = self.start(name, command, env=env, cwd=cwd, user=user)
        code = child.wait()
        with self._lock:
            self._processes = [each for each in self._processes if each.pid != child.pid]
            self._save()
        if self._closing.is_set():
            raise Stopping(f"{name} ended: the run is being stopped.")
        if code != 0:
            raise LocalCloudError(f"{name} failed (code {code}); its log is {self.log(name)}")

    def wait_until(
        self,
        name: str,
        is_ready: Callable[[], bool],
        *,
        seconds: float,
        child: subprocess.Popen[bytes] | None = None,
    ) -> None:
        """Ask `is_ready` every little while; stop asking when `child` has died.

        Raises:
            LocalCloudError: it did not come about in `seconds`.
        """
        deadline = time.monotonic() + seconds
        while not is_ready():
            if child is not None and child.poll() is not None:
                raise LocalCloudError(f"{name} stopped right away; its log is {self.log(name)}")
            if time.monotonic() > deadline:
                raise LocalCloudError(
                    f"{name} was not ready after {seconds:.0f} s; its log is {self.log(name)}"
                )
            if self._closing.wait(0.05):
                raise Stopping(f"Waiting for {name} ended: the run is being stopped.")

    def stop_process(self, child: subprocess.Popen[bytes]) -> None:
        """Stop one process that `start` returned, ahead of the rest."""
        with self._lock:
            mine = [each for each in self._processes if each.pid == child.pid]
            self._processes = [each for each in self._processes if each.pid != child.pid]
        for process in mine:
            _stop(process)
        child.wait()
        self._save()

    def stop(self) -> list[str]:
        """Stop all of it, remove all but its logs, and say which processes were still running."""
        self._closing.set()
        with self._lock:
            found, self._processes = self._processes, []
            running = [each.name for each in found if processes.is_alive(each)]
            # All at once: the slowest decides how long it takes, not the sum.
            with ThreadPoolExecutor(max_workers=max(1, len(found))) as pool:
                list(pool.map(_stop, found))
            for child in self._children:
                child.wait()
            for folder in self._folders:
                shutil.rmtree(folder, ignore_errors=True)
            for path in self.folder.glob("*"):
                if path.is_file():
                    path.unlink(missing_ok=True)
                elif path.name != "logs":
                    shutil.rmtree(path, ignore_errors=True)
            return running

    # -- its record -----------------------------------------------------------------------------

    def _load(self) -> None:
        try:
            record = json.loads((self.folder / "state.json").read_text())
        except (FileNotFoundError, NotADirectoryError):
            return
        except json.JSONDecodeError as error:
            raise LocalCloudError(
                f"{self.folder / 'state.json'} is damaged, so what was started can't be found."
            ) from error
        self._owner = Process(**record["owner"]) if record["owner"] else None
        self._processes = [Process(**each) for each in record["processes"]]
        self._folders = record["folders"]
        self._facts = record["facts"]

    def _save(self) -> None:
        with self._lock:
            if self._closing.is_set():
                return  # nothing is left to find, and the record is gone
            record = {
                "owner": asdict(self._owner) if self._owner else None,
                "processes": [asdict(each) for each in self._processes],
                "folders": self._folders,
                "facts": self._facts,
            }
            target = self.folder / "state.json"
            written = target.with_suffix(".new")
            written.write_text(json.dumps(record, indent=2))
            written.replace(target)  # a reader never meets half a record


def _stop(process: Process) -> None:
    first = _FIRST_SIGNAL.get(process.name, signal.SIGTERM)
    processes.stop(process, first=first, grace_seconds=5)


def _group_of(user: str) -> int:
    import pwd

    return pwd.getpwnam(user).pw_gid
