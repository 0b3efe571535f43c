"""A scan that a terminal made offline, decided on its own word, and tells of later."""

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from onlineticket.domain.door import Scan, ScanRecord
from onlineticket.domain.refusals import refusal

OLDEST = 48 * 3600
"""Seconds for which a terminal may keep its scans to itself."""
LEEWAY = 60
"""Seconds by which a terminal's clock may be ahead of ours."""
MOST = 100
"""Scans in one request."""

Provisional = Literal["admitted", "refused"]
"""What the terminal did: it let the holder pass, or did not."""


@dataclass(frozen=True, slots=True)
class Upload:
    """`scanned_at` by the terminal's clock, in Unix seconds.

    `scan.scan_id` names the press as ever: if it was also sent at once and its answer lost, both
    are one press, of which we have two observations.
    """

    scan: Scan
    scanned_at: int
    provisional: Provisional

    @property
    def passed(self) -> bool:
        """Somebody went through, rightly or not."""
        return self.provisional == "admitted"

    def fingerprint(self) -> str:
        content = [self.scan.fingerprint(), self.scanned_at, self.provisional]
        return sha256(json.dumps(content).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class UploadRecord:
    """A settled upload as kept. `record.fingerprint` is the upload's own, not the scan's.

    `line`: it wrote one in the journal of the ticket `token_id`.
    """

    record: ScanRecord
    scanned_at: int
    provisional: Provisional
    token_id: int | None
    line: bool


def check_age(upload: Upload, now: int) -> None:
    """
    Raises:
        RuleBroken: `SCANNED_IN_FUTURE`, `SCANNED_TOO_LONG_AGO`.
    """
    if upload.scanned_at > now + LEEWAY:
        raise refusal("SCANNED_IN_FUTURE", leeway_seconds=LEEWAY)
    if upload.scanned_at < now - OLDEST:
        raise refusal("SCANNED_TOO_LONG_AGO", oldest_seconds=OLDEST)
