"""Fixtures of the chaos tests: a registered suite, and a pass of the indexer as it is wired."""

from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from onlineticket.domain.suite import Suite
from onlineticket.store import registry

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def registered(conn: Connection[Any], suite: Suite) -> Connection[Any]:
    """A database that knows the suite on `anvil`, and has indexed nothing."""
    registry.register(conn, suite)
    return conn
