"""The deployed local stack with a season on its chain: built once, shared by all tests here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.api import Api
from infra.local.demo import Played, start_season, wait_until_indexed
from infra.local.progress import Progress
from infra.local.run import Run


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The stack is shared: first the tests that need the season as it was played, before others
    admit, trade and guess; last the one that reads the logs of them all.
    """
    order = {"test_whole_path": -1, "test_whole_run_logs": 1}
    places = [n for n, item in enumerate(items) if item.path.parent == Path(__file__).parent]
    here = sorted((items[n] for n in places), key=lambda item: order.get(item.path.stem, 0))
    for place, item in zip(places, here, strict=True):
        items[place] = item


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
