import os
from typing import Any

import pytest

from onlineticket.domain import suite as suites
from onlineticket.store import registry
from tests.reading import CONTRACTS, Rows


@pytest.fixture
def rows(conn: Any, monkeypatch: pytest.MonkeyPatch) -> Rows:
    """The database of suite 1, registered and indexed up to block 90, with no rows yet."""
    monkeypatch.setenv("CONTRACTS", CONTRACTS)
    if "CACHE_TABLE" not in os.environ:
        _without_a_cache(monkeypatch)
    registry.register(conn, suites.parse(CONTRACTS))
    made = Rows(conn)
    made.indexed(90)
    return made


def _without_a_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """DynamoDB is away: it slows, and breaks nothing."""
    monkeypatch.setenv("CACHE_TABLE", "away")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
