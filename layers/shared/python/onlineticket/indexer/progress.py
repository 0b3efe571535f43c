"""A progress line on a terminal: how much is done, how fast, how long it still takes."""

import sys
import time

WIDTH = 30
SECONDS_BETWEEN = 0.2


class Progress:
    """`total` in `unit`; nothing is drawn where standard error is no terminal."""

    def __init__(self, unit: str, total: int) -> None:
        self.unit = unit
        self.total = max(total, 1)
        self.started = time.monotonic()
        self.shown = 0.0

    def show(self, done: int, logs: int) -> None:
        now = time.monotonic()
        if sys.stderr.isatty() and now - self.shown >= SECONDS_BETWEEN:
            self.shown = now
            print("\r" + self.line(done, logs, now - self.started), end="", file=sys.stderr)

    def end(self, done: int, logs: int) -> None:
        if sys.stderr.isatty():
            seconds = time.monotonic() - self.started
            print("\r" + self.line(done, logs, seconds), file=sys.stderr)

    def line(self, done: int, logs: int, seconds: float) -> str:
        share = min(done / self.total, 1.0)
        bar = "#" * int(share * WIDTH)
        rate = logs / seconds if seconds else 0.0
        left = seconds / share - seconds if share else 0.0
        return (
            f"[{bar:<{WIDTH}}] {done:,}/{self.total:,} {self.unit}  {rate:,.0f} logs/s"
            f"  ETA {int(left // 60)}:{int(left % 60):02}  "
        )
