"""The real things the tests run against, each started once per run and stopped at its end.

Postgres (a fresh database per test), an EVM node (a snapshot per test), DynamoDB by moto where only
the conditions matter and by ministack where real concurrency does, and the whole deployed stack.
What an earlier run left behind, killed on its way, is stopped first.
"""

import json
import logging
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil  # type: ignore[import-untyped]
import pytest
from hypothesis import HealthCheck, settings

from infra.local import chain, cloud, contracts, postgres
from infra.local.run import ROOT, Run
from onlineticket import resources
from onlineticket.domain import suite as suites
from onlineticket.domain.suite import Suite
from onlineticket.dynamo import sessions, verifier_keys
from onlineticket.store import database as databases
from onlineticket.store import migrate
from tests import secrets_in_logs

TABLES = {
    "REDEMPTIONS_TABLE": True,
    "SESSIONS_TABLE": False,
    "VERIFIER_KEYS_TABLE": False,
    "CACHE_TABLE": False,
    "RATE_LIMITS_TABLE": False,
}
"""The variable that names each DynamoDB table, and whether it has a stream."""
INDEXES = {
    "SESSIONS_TABLE": (sessions.BY_OWNER, "owner", "KEYS_ONLY"),
    "VERIFIER_KEYS_TABLE": (verifier_keys.INDEX, "organizer", "ALL"),
}
"""Its index: the name, the hash key beside `created_at`, and what it holds."""
MEMORY = Path("/dev/shm")
SECRETS = ("JWT_SECRET_ARN", "QR_SECRET_ARN", "PEPPER_SECRET_ARN")

STATES_KEPT = 5_000
"""Of the newest blocks: more than one run has. A state that anvil has put aside on disk, as it does
by default, is empty for anvil_rollback and anvil_reorg.
"""

settings.register_profile("quick", deadline=None)
settings.register_profile(
    "long", deadline=None, max_examples=5_000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def pytest_configure() -> None:
    # So that fixtures are torn down, which SIGTERM's default does not do.
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("terminated", returncode=143))


# -- Processes ------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def runs() -> Iterator[Path]:
    """The folder of this test run's state."""
    everyone = ROOT / ".local" / "tests"
    for left in everyone.glob("*"):
        if not psutil.pid_exists(int(left.name)):
            _tidy_up(left)
    mine = everyone / str(os.getpid())
    _tidy_up(mine)
    mine.mkdir(parents=True)
    yield mine
    shutil.rmtree(mine, ignore_errors=True)


def _tidy_up(folder: Path) -> None:
    """Stop what a test run that is no more has left in its folder."""
    for run in folder.glob("*"):
        Run(run).stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def services(runs: Path) -> Iterator[Run]:
    """The servers that tests share one by one, as against the deployed `stack`."""
    run = Run(runs / "services")
    run.begin()
    try:
        yield run
    finally:
        run.stop()


@pytest.fixture(autouse=True)
def _clean_process() -> Iterator[None]:
    """No test sees the clients or settings that another one opened."""
    resources.forget()
    yield
    resources.forget()


@pytest.fixture(autouse=True)
def _no_secret_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No test of a function may leave a secret in the function's log."""
    yield
    as_text = logging.Formatter().format
    lines = [
        # All fields of a record, for the JSON lines hold them all, and its traceback.
        f"{as_text(record)} {record.__dict__}"
        for when in ("setup", "call")
        for record in caplog.get_records(when)
        if not record.name.startswith(("asyncio", "botocore", "moto", "urllib3", "werkzeug"))
    ]
    assert list(secrets_in_logs.found(lines)) == []


# -- Postgres -------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgres_server(services: Run) -> str:
    """URL of a database that has every migration: the template of each test's own."""
    # In memory where there is enough: three hundred databases of 7 MB keep a disk busy.
    has_room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 2**30
    url = postgres.start(services, MEMORY if has_room else None)
    migrate.apply(url)
    return url


@pytest.fixture(scope="session")
def spent_databases() -> list[str]:
    """Those of earlier tests, to be dropped later: right away, Postgres would wait 0.1 s for the
    test's own connections to be gone.
    """
    return []


@pytest.fixture
def database(
    postgres_server: str, spent_databases: list[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """URL of this test's own migrated, empty database; the environment's DB_URL names it too."""
    server, template = postgres_server.rsplit("/", 1)
    name = f"test_{uuid4().hex}"
    with databases.connect(f"{server}/postgres") as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY".encode())
    monkeypatch.setenv("DB_URL", f"{server}/{name}")
    yield f"{server}/{name}"
    resources.forget()
    with databases.connect(f"{server}/postgres") as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )
        while spent_databases:
            admin.execute(f"DROP DATABASE {spent_databases.pop()} WITH (FORCE)".encode())
    spent_databases.append(name)


@pytest.fixture
def conn(database: str) -> Iterator[Any]:
    """A connection to the test's own database, as the functions open theirs."""
    with databases.connect(database) as connection:
        yield connection


# -- The chain ------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def anvil_node(services: Run) -> str:
    """URL of the node; take `anvil` in a test, which puts the chain back."""
    return chain.start(services, "--prune-history", str(STATES_KEPT))


@pytest.fixture(scope="session")
def contracts_file(anvil_node: str) -> str:
    """Text of the contracts file of the suite deployed once on that node."""
    return contracts.deploy(anvil_node)


@pytest.fixture
def anvil(anvil_node: str, contracts_file: str) -> Iterator[str]:
    """URL of a node that has the suite, and nothing of what other tests did."""
    snapshot = chain.call(anvil_node, "evm_snapshot")
    yield anvil_node
    chain.call(anvil_node, "evm_revert", snapshot)


@pytest.fixture
def suite(anvil: str, contracts_file: str, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """The suite on `anvil`; CONTRACTS and RPC_URL of the environment name both."""
    monkeypatch.setenv("CONTRACTS", contracts_file)
    monkeypatch.setenv("RPC_URL", anvil)
    resources.forget()
    return suites.parse(contracts_file)


# -- AWS ------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def botocore_session() -> Any:
    """Keeps the services' models, which would take each test a tenth of a second to read."""
    import botocore.session
    import moto.core  # noqa: F401 (it hooks into every session made after this)

    return botocore.session.get_session()


@pytest.fixture
def aws(botocore_session: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """AWS by moto, in this process."""
    import boto3
    from moto import mock_aws

    _pretend_credentials(monkeypatch)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        boto3.setup_default_session(botocore_session=botocore_session)
        yield
        resources.forget()
    boto3.DEFAULT_SESSION = None


@pytest.fixture
def dynamodb(aws: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A DynamoDB client with the three tables, which the environment names."""
    import boto3

    client = boto3.client("dynamodb")
    _create_tables(client, monkeypatch)
    return client


@pytest.fixture
def secrets(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The three key rings in Secrets Manager; the environment names them."""
    _create_secrets(monkeypatch)


@pytest.fixture(scope="session")
def ministack(services: Run) -> str:
    """Endpoint of a local AWS in a process of its own, which serves calls at the same time."""
    return cloud.start(services)


@pytest.fixture
def ministack_dynamodb(ministack: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """As `dynamodb`, on a server that many threads really race on."""
    import boto3
    from botocore.config import Config

    _pretend_credentials(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL", ministack)
    client = boto3.client("dynamodb", config=Config(max_pool_connections=512))
    # Made on first use: of threads that race for that, one would catch another one's classes.
    assert client.exceptions
    names = _create_tables(client, monkeypatch)
    yield client
    resources.forget()
    for name in names:
        client.delete_table(TableName=name)


@pytest.fixture
def ministack_secrets(ministack_dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `secrets`, on that server."""
    _create_secrets(monkeypatch)


def _create_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    import boto3

    client = boto3.client("secretsmanager")
    for variable in SECRETS:
        value = json.dumps({"id": "1", "secret": f"{variable} of the tests, 32 characters or more"})
        made = client.create_secret(Name=f"{variable}-{uuid4().hex[:8]}", SecretString=value)
        monkeypatch.setenv(variable, made["ARN"])


def _pretend_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, cloud.REGION)
    resources.forget()


def _create_tables(client: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names = []
    for variable, streams in TABLES.items():
        name = f"{variable.removesuffix('_TABLE').lower()}-{uuid4().hex[:8]}"
        stream = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
        attributes, indexes = _index(*INDEXES[variable]) if variable in INDEXES else ([], {})
        client.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                *attributes,
            ],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            **({"StreamSpecification": stream} if streams else {}),
            **indexes,
        )
        monkeypatch.setenv(variable, name)
        names.append(name)
    return names


def _index(name: str, hash_key: str, holds: str) -> tuple[list[dict[str, str]], dict[str, Any]]:
    """The attributes that the index adds to the table's definition, and the index."""
    attributes = [
        {"AttributeName": hash_key, "AttributeType": "S"},
        {"AttributeName": "created_at", "AttributeType": "N"},
    ]
    schema = [
        {"AttributeName": hash_key, "KeyType": "HASH"},
        {"AttributeName": "created_at", "KeyType": "RANGE"},
    ]
    index = {"IndexName": name, "KeySchema": schema, "Projection": {"ProjectionType": holds}}
    return attributes, {"GlobalSecondaryIndexes": [index]}
