"""Bring what the door decided from its own store into Postgres: every line of every journal with
its audit and its happening, each once; and every refusal into the audit log.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from onlineticket.domain.door import ScanRecord
from onlineticket.domain.passage import Journal
from onlineticket.domain.settlement import Recorded

Image = dict[str, Any]
"""An item of the store as its stream gives it."""
Read = Callable[[Image], Journal | ScanRecord | None]
"""A journal, a refused scan, or None for all else."""
ReportFailure = Callable[[str, Exception], None]


class Written(Protocol):
    """What a batch came to. `failed`: by place among the journals, and why."""

    recorded: list[Recorded]
    failed: dict[int, Exception]


Write = Callable[[Sequence[Journal], Sequence[ScanRecord]], Written]
"""In one transaction; safe to replay."""


def settle(
    changes: Iterable[tuple[str, Image | None]],
    *,
    read: Read,
    write: Write,
    report: ReportFailure,
) -> tuple[list[Recorded], list[str]]:
    """Settle all `changes`, pairs of a name and the item after the change (None: it is gone).
    Returns what is new, and the names to be sent again: one that fails is reported and keeps none
    of the others waiting.
    """
    journals: list[tuple[str, Journal]] = []
    refused: list[ScanRecord] = []
    failed = []
    for name, image in changes:
        try:
            found = read(image) if image else None
        except Exception as error:
            report(name, error)
            failed.append(name)
            continue
        if isinstance(found, Journal):
            journals.append((name, found))
        elif found is not None:
            refused.append(found)
    written = write([journal for _, journal in journals], refused)
    for place, reason in written.failed.items():
        report(journals[place][0], reason)
        failed.append(journals[place][0])
    return written.recorded, failed
