"""The transcript: a line for each step that is done, with the time since the start and its own."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from infra.local.errors import Stopping


class Step:
    """A step under way; what `say` is given last stands at the end of its line."""

    def __init__(self) -> None:
        self.result = ""

    def say(self, result: str) -> None:
        self.result = result


class Progress:
    """Steps may run at the same time: each prints when it is done."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._lock = threading.Lock()

    @contextmanager
    def step(self, what: str) -> Iterator[Step]:
        began, step = time.monotonic(), Step()
        try:
            yield step
        except Stopping:
            raise  # not this step's failure
        except BaseException:
            self._line(f"{what}: FAILED", began)
            raise
        self._line(f"{what}: {step.result}" if step.result else what, began)

    def _line(self, text: str, began: float) -> None:
        now = time.monotonic()
        with self._lock:
            print(f"{now - self._began:6.1f} s  {text} ({now - began:.1f} s)", flush=True)
