from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from onlineticket.api.instants import Instant

ADAPTER: TypeAdapter[datetime] = TypeAdapter(Instant)


@pytest.mark.parametrize(
    "written",
    ["2026-01-02T03:04:05Z", "2026-01-02t05:04:05+02:00", "2026-01-02 03:04:05.000z"],
)
def test_a_moment_is_taken_as_rfc_3339_writes_it(written: str) -> None:
    assert ADAPTER.validate_python(written) == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "raw",
    [0, 0.5, "0.5", "1767322800", "2026-01-02", "2026-01-02T03:04Z", "2026-01-02T03:04:05",
     "2026-13-02T03:04:05Z", "\uff12026-01-02T03:04:05Z", None, True],
)  # fmt: skip
def test_nothing_else_is_a_moment(raw: Any) -> None:
    with pytest.raises(ValidationError):
        ADAPTER.validate_python(raw)


def test_the_last_moment_there_is_stays_one() -> None:
    last = datetime.max.replace(tzinfo=UTC)
    assert ADAPTER.validate_python(last) == last
