"""A key ring that is read once a minute: rotations arrive without a deploy.

It is read on first use, never at import, so a snapshot (SnapStart) holds no secret.
"""

from collections.abc import Callable
from dataclasses import replace
from time import time

from aws_lambda_powertools import Logger

from onlineticket.domain.errors import Unavailable
from onlineticket.domain.keyring import KeyRing

MAX_AGE = 60
"""Seconds after which a ring is read again."""
PAUSE = 30
"""Seconds between two tries at least when one failed: each may take its whole time limit."""
SEEK_PAUSE = 10
"""Seconds between two readings for a key that is not known: anyone can name one."""
MAX_STALE = 3_600
"""Seconds for which a ring serves that can't be read again."""

logger = Logger()


class Rereading:
    """`read(now)` gets the ring from where it is kept, within a time limit; `clock` in Unix seconds
    (not a monotonic one: that stands still in a snapshot).
    """

    def __init__(self, read: Callable[[int], KeyRing], clock: Callable[[], float] = time) -> None:
        self._read = read
        self._clock = clock
        self._ring: KeyRing | None = None
        self._read_at = self._tried_at = self._sought_at = 0.0
        self._failed = False

    def get(self) -> KeyRing:
        """The ring. It looks for a key that it lacks by being read again at once.

        Raises:
            Unavailable: `SECRETS_UNAVAILABLE`: it can't be read, and there is none that serves.
        """
        now = self._clock()
        if self._ring is None or self._is_due(now):
            self._try(now)
        if self._ring is None:
            raise _away()
        return replace(self._ring, seek=self._seek)

    def _seek(self, key_id: str) -> bytes | None:
        now = self._clock()
        if not self._has(key_id) and not _within(now, self._sought_at, SEEK_PAUSE):
            self._sought_at = now
            self._try(now)
        if self._failed and not self._has(key_id):
            raise _away()  # nobody can say that there is no such key
        return self._ring.find(key_id) if self._ring else None

    def _has(self, key_id: str) -> bool:
        return self._ring is not None and key_id in self._ring.keys

    def _is_due(self, now: float) -> bool:
        if _within(now, self._read_at, MAX_AGE):
            return False
        return not (self._failed and _within(now, self._tried_at, PAUSE))

    def _try(self, now: float) -> None:
        self._tried_at = now
        try:
            self._ring = self._read(int(now))
        except (Unavailable, ValueError) as error:
            self._failed = True
            # A ValueError is a slip of an operator's: the ring from before it goes on serving.
            logger.warning("keys not read", error=type(error).__name__)
            if self._ring is None and isinstance(error, ValueError):
                raise
            if now - self._read_at > MAX_STALE:
                self._ring = None
            return
        self._read_at, self._failed = now, False


def _away() -> Unavailable:
    return Unavailable("SECRETS_UNAVAILABLE", "The store of the keys does not answer.")


def _within(now: float, then: float, seconds: float) -> bool:
    """Not if the clock was put back, either: then nothing is known of an age."""
    return 0 <= now - then < seconds
