"""Bring the journals of tickets from the door's own store into Postgres: every line, each once."""

from collections.abc import Callable, Iterable
from typing import Any

from onlineticket.domain.passage import Journal

Image = dict[str, Any]
"""An item of the store as its stream gives it."""
ReadJournal = Callable[[Image], Journal | None]
"""None if the item is not a journal."""
RecordCheckIns = Callable[[Journal], object]
"""Safe to replay."""
ReportFailure = Callable[[str, Exception], None]


def settle(
    changes: Iterable[tuple[str, Image | None]],
    *,
    read: ReadJournal,
    record: RecordCheckIns,
    report: ReportFailure,
) -> list[str]:
    """Record every journal among `changes`, pairs of a sequence number and the item after the
    change (None: it is gone). Returns the sequence numbers to be sent again: one that fails is
    reported and does not keep those after it waiting.
    """
    failed = []
    for sequence_number, image in changes:
        try:
            journal = read(image) if image else None
            if journal is not None:
                record(journal)
        except Exception as error:
            report(sequence_number, error)
            failed.append(sequence_number)
    return failed
