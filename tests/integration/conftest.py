import os
from typing import Any

import pytest

from onlineticket.domain import suite as suites
from onlineticket.store import registry
from tests.reading import CONTRACTS, Rows, without_a_cache


@pytest.fixture
def rows(conn: Any, monkeypatch: pytest.MonkeyPatch) -> Rows:
    """The database of suite 1, registered and indexed up to block 90, with no rows yet."""
    monkeypatch.setenv("CONTRACTS", CONTRACTS)
    if "CACHE_TABLE" not in os.environ:
        without_a_cache(monkeypatch)
    registry.register(conn, suites.parse(CONTRACTS))
    made = Rows(conn)
    made.indexed(90)
    return made
