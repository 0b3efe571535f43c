"""The suite, opened for the tests of its contracts."""

from collections.abc import Iterator

import pytest

from infra.local.blocks import mined_by_hand
from onlineticket.chain.rpc import Node
from onlineticket.domain.suite import Suite
from tests.integration.contracts.theatre import Theatre


@pytest.fixture
def theatre(anvil: str, suite: Suite) -> Iterator[Theatre]:
    theatre = Theatre(Node(anvil), suite, now=0)
    with mined_by_hand(theatre.node):
        theatre.now = theatre.head_time()
        theatre.open()
        yield theatre
