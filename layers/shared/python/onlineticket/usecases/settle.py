"""Bring admissions from the door's own store into Postgres, each once, none lost."""

from collections.abc import Callable, Iterable
from typing import Any

from onlineticket.domain.door import Admission

Image = dict[str, Any]
"""An item of the store as its stream gives it."""
ReadAdmission = Callable[[Image], Admission | None]
"""None if the item is not an admission."""
RecordCheckIn = Callable[[Admission], bool]
"""False if it was there already."""
ReportFailure = Callable[[str, Exception], None]


def settle(
    changes: Iterable[tuple[str, Image | None]],
    *,
    read: ReadAdmission,
    record: RecordCheckIn,
    report: ReportFailure,
) -> list[str]:
    """Record every admission among `changes`, pairs of a sequence number and the item after the
    change (None: it is gone). Returns the sequence numbers to be sent again: one that fails is
    reported and does not keep those after it waiting.
    """
    failed = []
    for sequence_number, image in changes:
        try:
            admission = read(image) if image else None
            if admission is not None:
                record(admission)
        except Exception as error:
            report(sequence_number, error)
            failed.append(sequence_number)
    return failed
