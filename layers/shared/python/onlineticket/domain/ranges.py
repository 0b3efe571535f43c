"""How many blocks to ask a node for: enough logs for one good commit, never more than it gives."""

from dataclasses import dataclass

LOGS_PER_COMMIT = 5_000
"""What one commit carries best: less wastes round trips, more wastes memory."""

FIRST_WIDTH = 64
MOST_BLOCKS = 100_000
FASTEST_GROWTH = 4

FIRST_PROBE, LAST_PROBE = 50, 1600
"""Answers at a node's limit before we try twice as much; twice as many after each time in vain."""


@dataclass(slots=True)
class Width:
    """The width of the next range, in blocks; it learns from every answer and every refusal.

    `ceiling`: the most that the node was heard to take. It may be one node's limit among many
    behind a balancer, or one that passes; so it is tried again, less and less often.
    """

    blocks: int = FIRST_WIDTH
    ceiling: int = MOST_BLOCKS
    _at_ceiling: int = 0
    _probe_after: int = FIRST_PROBE
    _is_probing: bool = False

    def learn(self, blocks: int, logs: int) -> None:
        """A range of `blocks` held `logs`: aim the next one at LOGS_PER_COMMIT."""
        if blocks >= self.ceiling < MOST_BLOCKS:
            self._at_ceiling += 1
            if self._at_ceiling >= self._probe_after:
                self.ceiling = min(self.ceiling * 2, MOST_BLOCKS)
                self._at_ceiling, self._is_probing = 0, True
        aimed = blocks * LOGS_PER_COMMIT // max(logs, 1)
        self.blocks = max(1, min(aimed, self.blocks * FASTEST_GROWTH, self.ceiling))

    def refused(self, blocks: int, hint: int | None) -> int:
        """The node found `blocks` too many: how many to ask for instead; 0 if one was too many.
        Its hint is believed only if it is less than what it refused.
        """
        if hint is not None and 0 < hint < blocks:
            if self._is_probing:
                self._probe_after = min(self._probe_after * 2, LAST_PROBE)
            self._at_ceiling, self._is_probing = 0, False
            self.ceiling = min(self.ceiling, hint)
            smaller = hint
        else:
            smaller = blocks // 2
        self.blocks = max(1, min(self.blocks, smaller))
        return smaller


def split(first: int, last: int, width: int) -> list[tuple[int, int]]:
    """Blocks `first` to `last` (inclusive) as ranges of at most `width` blocks, in order."""
    return [(at, min(at + width - 1, last)) for at in range(first, last + 1, width)]
