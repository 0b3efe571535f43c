"""Clients opened once per warm process, on first use; heavy imports happen there too.

Tests call `forget()` after they change the environment.
"""

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from onlineticket import settings
from onlineticket.domain.keyring import KeyRing, from_secret

if TYPE_CHECKING:
    from psycopg import Connection

    from onlineticket.domain.types import SuiteId

_cached: list[Any] = []


def _once(open_: Any) -> Any:
    cached = cache(open_)
    _cached.append(cached)
    return cached


def forget() -> None:
    """Close nothing, remember nothing: the next call opens anew."""
    settings.current_suite.cache_clear()
    for cached in _cached:
        cached.cache_clear()
    global _connection
    _connection = None


_connection: "Connection | None" = None


def postgres() -> "Connection":
    """This process's connection, in autocommit; reopened when the last one broke.

    Raises:
        Unavailable: `DATABASE_UNAVAILABLE`.
    """
    from onlineticket.store import database

    global _connection
    if _connection is None or _connection.closed or _connection.broken:
        _connection = database.connect(database.conninfo())
    return _connection


@_once
def suite_id() -> "SuiteId":
    """The suite that a bare id in a path means.

    Raises:
        Unavailable: `SUITE_NOT_REGISTERED`, `DATABASE_UNAVAILABLE`.
    """
    from onlineticket.store import registry

    return registry.current_suite_id(postgres(), settings.current_suite())


@_once
def dynamodb() -> Any:
    """The low-level DynamoDB client: short time-outs, and our own retries where they matter."""
    import boto3
    from botocore.config import Config

    retries = {"mode": "standard", "total_max_attempts": 3}
    return boto3.client(
        "dynamodb", config=Config(connect_timeout=1, read_timeout=3, retries=retries)
    )


@_once
def kms() -> Any:
    """The client of the key that uses tickets on chain."""
    import boto3
    from botocore.config import Config

    retries = {"mode": "standard", "total_max_attempts": 3}
    return boto3.client("kms", config=Config(connect_timeout=2, read_timeout=5, retries=retries))


@_once
def key_ring(variable: str) -> KeyRing:
    """The keys in the secret whose ARN `variable` holds (JWT_SECRET_ARN, QR_SECRET_ARN, …)."""
    return from_secret(_secret(variable))


@_once
def rpc_url() -> str:
    """The EVM node: RPC_URL if set (stage local, tests), else the secret RPC_SECRET_ARN's `url`."""
    return settings.optional("RPC_URL", "") or _secret("RPC_SECRET_ARN")["url"]


@dataclass(slots=True)
class Outage:
    """A dependency that did not answer is left alone until then (by time.monotonic)."""

    until: float = 0.0


@_once
def rpc_outage() -> Outage:
    """What this warm process knows of the EVM node."""
    return Outage()


def _secret(variable: str) -> dict[str, str]:
    import boto3
    from botocore.config import Config

    client = boto3.client("secretsmanager", config=Config(connect_timeout=2, read_timeout=3))
    answer = client.get_secret_value(SecretId=settings.required(variable))
    loaded: dict[str, str] = json.loads(answer["SecretString"])
    return loaded
