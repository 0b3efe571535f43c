"""No test of a function may leave a secret in the function's log."""

import logging
from collections.abc import Iterator

import pytest

from tests import secrets_in_logs

_FORMAT = logging.Formatter()


@pytest.fixture(autouse=True)
def _no_secret_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    lines = [
        # All fields of a record, for the JSON lines hold them all, and its traceback.
        f"{_FORMAT.format(record)} {record.__dict__}"
        for when in ("setup", "call")
        for record in caplog.get_records(when)
        if not record.name.startswith(("botocore", "urllib3", "moto", "asyncio", "werkzeug"))
    ]
    assert list(secrets_in_logs.found(lines)) == []
