"""Fixtures of the chaos tests: a registered suite, and a pass of the indexer as it is wired."""

from collections.abc import Iterator
from pathlib import Path
from time import sleep
from typing import Any
from uuid import uuid4

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from psycopg import Connection

from infra.local import chain, season
from onlineticket.domain import suite as suites
from onlineticket.domain.suite import Suite
from onlineticket.store import database as databases
from onlineticket.store import registry
from tests.chaos.lying_node import LyingNode, serving
from tests.chaos.lying_stage import Rows, Stage, take

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


# -- A lying node -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chain_url(anvil_node: str, contracts_file: str) -> Iterator[str]:
    """A season, deep enough to be history, and a log in each of the blocks of the tail."""
    snapshot = chain.call(anvil_node, "evm_snapshot")
    season.play(anvil_node, contracts_file)
    chain.call(anvil_node, "anvil_mine", hex(40))
    call_owner(anvil_node, contracts_file, 50)
    yield anvil_node
    chain.call(anvil_node, "evm_revert", snapshot)


def call_owner(url: str, contracts_file: str, times: int) -> None:
    """So many logs OrganizerAuthorized, each in a block of its own."""
    suite = suites.parse(contracts_file)
    owner = chain.call(url, "eth_accounts")[0]
    selector = keccak(text="authorizeOrganizer(address,bool)")[:4]
    for number in range(times):
        calldata = selector + encode(["address", "bool"], [f"0x{number + 1:040x}", number % 3 > 0])
        transaction = {"from": owner, "to": suite.event_manager, "data": "0x" + calldata.hex()}
        sent = chain.call(url, "eth_sendTransaction", transaction)
        # On a busy machine anvil answers before it has mined it, and would mine two together.
        while chain.call(url, "eth_getTransactionReceipt", sent) is None:
            sleep(0.01)


@pytest.fixture(scope="module")
def tables(postgres_server: str, contracts_file: str) -> Iterator[Connection[Any]]:
    """One database for all tests here, which knows the suite: emptied, not made anew, for each."""
    server, template = postgres_server.rsplit("/", 1)
    name = f"lying_{uuid4().hex}"
    with databases.connect(f"{server}/postgres") as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
    with databases.connect(f"{server}/{name}") as conn:
        registry.register(conn, suites.parse(contracts_file))
        yield conn
    with databases.connect(f"{server}/postgres") as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(scope="module")
def truth(chain_url: str, contracts_file: str, tables: Connection[Any]) -> Rows:
    """The rows of an undisturbed pass."""
    with pytest.MonkeyPatch.context() as environment, serving(LyingNode(chain_url)) as honest:
        environment.setenv("CONTRACTS", contracts_file)
        Stage(tables, chain_url, honest, {}).index()
    rows = take(tables)
    assert len(rows["events_raw"]) > 200
    return rows


@pytest.fixture
def stage(
    chain_url: str,
    contracts_file: str,
    tables: Connection[Any],
    truth: Rows,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Stage]:
    monkeypatch.setenv("CONTRACTS", contracts_file)
    with serving(LyingNode(chain_url)) as liar:
        stage = Stage(tables, chain_url, liar, truth)
        stage.empty()
        yield stage
