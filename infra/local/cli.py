"""The commands up, demo, down and status; the Makefile's targets of these names call them."""

import argparse
import signal
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import FrameType

from infra.local import up as bringing_up
from infra.local.errors import LocalCloudError
from infra.local.progress import Progress
from infra.local.run import DEFAULT_FOLDER, Run

_OWNER_SECONDS = 30
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """A signal asked us to go; everything started goes first."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.local", description=__doc__)
    parser.add_argument("command", choices=["up", "demo", "down", "status"])
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER, help="where its state lives")
    arguments = parser.parse_args()
    commands = {"up": up, "demo": demo, "down": down, "status": status}
    for number in _SIGNALS:
        signal.signal(number, _interrupt)
    try:
        return commands[arguments.command](arguments.folder.resolve())
    except LocalCloudError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except Interrupted as interruption:
        return interruption.exit_code


def up(folder: Path) -> int:
    existing = bringing_up.ExistingChain.from_environment()
    if existing is not None:
        previous = Run(folder)
        if previous.owns("anvil") and previous.facts.get("rpc_url") == existing.rpc_url:
            raise LocalCloudError(
                f"{existing.rpc_url} belongs to the run that `make up` would replace: "
                "index it from another checkout, or start a node of your own."
            )
        existing.check()

    def work(run: Run, progress: Progress) -> None:
        stack = bringing_up.bring_up(run, progress, existing)
        print(f"\nThe API answers at {stack.api_url}; its indexer is catching up. Try")
        print(f"  curl -s {stack.api_url}/health")
        print("`make down` stops everything.")

    return _keep_running(folder, work)


def demo(folder: Path) -> int:
    from infra.local import demo as steps

    return _keep_running(folder, steps.play)


def down(folder: Path) -> int:
    Run(folder).interrupt_owner(_OWNER_SECONDS)
    stopped = Run(folder).stop()
    print(f"Stopped: {', '.join(stopped)}." if stopped else "Nothing was running.")
    return 0


def status(folder: Path) -> int:
    run = Run(folder)
    if not run.is_up:
        print("Nothing is running; `make up` or `make demo` starts it.")
        return 1
    for name, value in run.facts.items():
        print(f"{name:15} {value}")
    return 0


def _keep_running(folder: Path, work: Callable[[Run, Progress], None]) -> int:
    """Do `work` on a fresh run, which outlives us if all went well and is stopped if not."""
    progress = Progress()
    previous = Run(folder)
    if previous.is_recorded and not previous.is_orphaned:
        raise LocalCloudError(
            f"Another `make up` or `make demo` is at work in {folder}: wait for it, "
            "or end it by `make down`."
        )
    if previous.is_recorded:
        with progress.step("Previous run stopped") as step:
            step.say(", ".join(previous.stop()) or "nothing of it was left")
    run = Run(folder)
    pool = ThreadPoolExecutor(max_workers=1)
    try:
        # In a thread of its own: signals reach the main thread only, so none falls between
        # the start of a process and its entry in the record.
        pool.submit(partial(work, run, progress)).result()
    except BaseException as error:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)  # from here on, tidy up whatever comes
        print("Stopping what was started …", file=sys.stderr, flush=True)
        run.stop()
        pool.shutdown(cancel_futures=True)
        if isinstance(error, Interrupted | LocalCloudError):
            raise
        run.log("local").write_text("".join(traceback.format_exception(error)))
        raise LocalCloudError(
            f"{type(error).__name__}: {error}; the traceback is in {run.log('local')}"
        ) from error
    return 0


def _interrupt(number: int, _: FrameType | None) -> None:
    raise Interrupted(number)
