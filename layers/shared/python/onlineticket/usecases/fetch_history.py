"""Fetch finalized blocks ahead of the writer: several ranges in flight, handed over in order."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from onlineticket.domain.chain_log import Chunk, RangeTooLarge
from onlineticket.domain.errors import Unavailable
from onlineticket.domain.ranges import Width, split

IN_FLIGHT = 3
"""Ranges fetched or waiting: enough to keep the writer busy, few enough to stay in memory."""

FetchRange = Callable[[int, int], Chunk]


@dataclass(slots=True)
class Fetcher:
    """`throttled()` counts the node's "too many requests": each new one halves what is in flight,
    and an answer without one lets it grow again. It begins with one range, whose answer tells how
    dense the chain is: three wrong guesses at once would cost the memory of all three.
    """

    fetch: FetchRange
    throttled: Callable[[], int]
    width: Width = field(default_factory=Width)
    in_flight: int = 1
    _throttled_before: int = 0

    def chunks(self, first: int, last: int) -> Iterator[Chunk]:
        """Blocks `first` to `last` (inclusive) in order, each exactly once.

        Raises:
            Unavailable: `RPC_UNAVAILABLE`, or `RPC_RANGE_TOO_LARGE`: the node won't give even one
                block; what was yielded before stands.
        """
        pool = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="fetch")
        ahead: deque[Future[list[Chunk]]] = deque()
        try:
            while first <= last or ahead:
                while first <= last and len(ahead) < self.in_flight:
                    end = min(first + self.width.blocks - 1, last)
                    ahead.append(pool.submit(self.whole, first, end))
                    first = end + 1
                chunks = ahead.popleft().result()
                self._adapt(chunks)
                yield from chunks
        finally:
            # Not waited for: a fetch that hangs must not outlive the run that gave up on it.
            pool.shutdown(wait=False, cancel_futures=True)

    def whole(self, first: int, last: int) -> list[Chunk]:
        """The range, in as many pieces as the node makes of it."""
        try:
            return [self.fetch(first, last)]
        except RangeTooLarge as refusal:
            smaller = self.width.refused(last - first + 1, refusal.hint)
            if smaller == 0:
                raise Unavailable(
                    "RPC_RANGE_TOO_LARGE", f"The node won't give the logs of block {first}."
                ) from refusal
            pieces = (self.whole(*part) for part in split(first, last, smaller))
            return [chunk for piece in pieces for chunk in piece]

    def _adapt(self, chunks: list[Chunk]) -> None:
        for chunk in chunks:
            self.width.learn(chunk.last - chunk.first + 1, len(chunk.raw))
        throttled = self.throttled()
        if throttled > self._throttled_before:
            self.in_flight = max(1, self.in_flight // 2)
        else:
            self.in_flight = min(IN_FLIGHT, self.in_flight + 1)
        self._throttled_before = throttled
