"""A moment as callers send it: RFC 3339 with its offset, and nothing else.

Pydantic by itself also takes a number of seconds, or of milliseconds if it is large.
"""

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator

_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def _written(raw: Any) -> Any:
    """What is not written so becomes what pydantic can't read, and says so."""
    if isinstance(raw, datetime) or (isinstance(raw, str) and _RFC3339.fullmatch(raw)):
        return raw
    return "no time"


Instant = Annotated[AwareDatetime, BeforeValidator(_written)]
