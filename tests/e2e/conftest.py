"""The deployed local stack with a season on its chain: built once, shared by all tests here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.api import Api
from infra.local.demo import Played, start_season, wait_until_indexed
from infra.local.progress import Progress
from infra.local.run import Run


@pytest.fixture(scope="session")
def run(runs: Path) -> Iterator[Run]:
    """The stack's own run, apart from a demo that may be running beside the tests."""
    run = Run(runs / "stack")
    try:
        yield run
    finally:
        run.stop()


@pytest.fixture(scope="session")
def played(run: Run) -> Played:
    progress = Progress()
    played = start_season(run, progress)
    wait_until_indexed(run, progress, played.stack)
    return played


@pytest.fixture(scope="session")
def api(played: Played) -> Api:
    return Api(played.stack.api_url)
