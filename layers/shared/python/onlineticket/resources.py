"""Clients opened once per warm process, on first use; heavy imports happen there too.

Tests call `forget()` after they change the environment.
"""

import functools
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from onlineticket import settings
from onlineticket.domain.errors import Unavailable
from onlineticket.domain.keyring import KeyRing, from_secret
from onlineticket.rereading import Rereading

if TYPE_CHECKING:
    from psycopg import Connection

    from onlineticket.chain.rpc import Node
    from onlineticket.domain.types import SuiteId
    from onlineticket.dynamo.cache import Cache
    from onlineticket.gateway.usage_keys import UsageKeys

_cached: list[Any] = []


def _once(open_: Any) -> Any:
    cached = functools.cache(open_)
    _cached.append(cached)
    return cached


def forget() -> None:
    """Close nothing, remember nothing: the next call opens anew."""
    settings.current_suite.cache_clear()
    for cached in _cached:
        cached.cache_clear()
    _key_rings.clear()
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
def impatient_dynamodb() -> Any:
    """As `dynamodb`, for what a request can do without."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        "dynamodb",
        config=Config(connect_timeout=0.3, read_timeout=0.5, retries={"total_max_attempts": 1}),
    )


@_once
def cache() -> "Cache":
    """The table `cache` behind this process's memory, asked with little patience."""
    from aws_lambda_powertools import Logger

    from onlineticket.dynamo.cache import Cache

    logger = Logger(child=True)
    return Cache(
        impatient_dynamodb,
        settings.required("CACHE_TABLE"),
        lambda fault: logger.warning("cache failed", error=type(fault).__name__),
    )


_key_rings: dict[str, Rereading] = {}


def key_ring(variable: str) -> KeyRing:
    """The keys in the secret whose ARN `variable` holds (JWT_SECRET_ARN, QR_SECRET_ARN, …), read
    again once a minute; and to find a key that is not among them, at once, every 10 s at most.

    Raises:
        Unavailable: `SECRETS_UNAVAILABLE`.
    """
    if variable not in _key_rings:
        _key_rings[variable] = Rereading(lambda now: from_secret(_secret(variable), now))
    return _key_rings[variable].get()


@_once
def node() -> "Node":
    """The EVM node, for a caller who waits for the answer."""
    from onlineticket.chain.rpc import Node

    return Node(rpc_url(), timeout_seconds=2.0, attempts=2, patience_seconds=4.0)


@_once
def usage_keys() -> "UsageKeys":
    """The terminals' API keys at API Gateway. The ids of the tiers' plans are in a parameter, for
    the plans need the API, the API the function, and so the function can't be given them.
    """
    import boto3
    from botocore.config import Config

    from onlineticket.gateway.usage_keys import UsageKeys

    # Two calls to answer one request, which has ten seconds.
    retries = {"mode": "standard", "total_max_attempts": 2}
    config = Config(connect_timeout=1, read_timeout=2, retries=retries)
    name = settings.required("USAGE_PLANS_PARAMETER")
    parameter = boto3.client("ssm", config=config).get_parameter(Name=name)["Parameter"]
    return UsageKeys(
        boto3.client("apigateway", config=config),
        json.loads(parameter["Value"]),
        settings.switch("GATEWAY_COUNTS_BY_HEADER"),
    )


@_once
def kms() -> Any:
    """The client of the key that uses tickets on chain."""
    import boto3
    from botocore.config import Config

    retries = {"mode": "standard", "total_max_attempts": 3}
    return boto3.client("kms", config=Config(connect_timeout=2, read_timeout=5, retries=retries))


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
    from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

    away = Unavailable("SECRETS_UNAVAILABLE", "The store of the keys does not answer.")
    try:
        answer = secrets_manager().get_secret_value(
            SecretId=settings.required(variable), VersionStage="AWSCURRENT"
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("InternalServiceError", "ThrottlingException"):
            raise
        raise away from error
    except (ConnectionError, HTTPClientError) as error:
        raise away from error
    loaded: dict[str, str] = json.loads(answer["SecretString"])
    return loaded


@_once
def secrets_manager() -> Any:
    """With little patience: 4 s at most."""
    import boto3
    from botocore.config import Config

    retries = {"mode": "standard", "total_max_attempts": 2}
    return boto3.client(
        "secretsmanager", config=Config(connect_timeout=1, read_timeout=1, retries=retries)
    )


with suppress(ImportError):  # a module of Lambda's own Python, nowhere else
    from snapshot_restore_py import register_after_restore  # type: ignore[import-not-found]

    # Connections do not live through a snapshot, and a key ring may be days old.
    register_after_restore(forget)
