"""How we talk to Postgres: whole numbers stay whole, and a dead server is a typed error."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.adapt import Loader

from onlineticket import settings
from onlineticket.domain.errors import Unavailable


class _WholeNumber(Loader):
    """Reads `numeric` as int: every numeric column here is a uint256 or a sum of them."""

    def load(self, data: bytes | bytearray | memoryview) -> int:
        return int(bytes(data))


def connect(conninfo: str) -> Connection[Any]:
    """Open in autocommit; a write of several statements says `with conn.transaction()`.

    Raises:
        Unavailable: `DATABASE_UNAVAILABLE`.
    """
    try:
        conn = psycopg.connect(conninfo, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as error:
        raise Unavailable("DATABASE_UNAVAILABLE", "The database does not answer.") from error
    conn.adapters.register_loader("numeric", _WholeNumber)
    conn.execute("SET timezone TO 'UTC'")
    return conn


@contextmanager
def losses_told(conn: Connection[Any]) -> Iterator[None]:
    """A server that goes away meanwhile is our typed error, and the connection to it is closed,
    so that nobody takes it for a good one. Also one that was demoted to a read-only copy.

    Raises:
        Unavailable: `DATABASE_UNAVAILABLE`; no transaction under way was committed, or the server
            could not say so any more.
    """
    try:
        yield
    except (
        psycopg.OperationalError,
        psycopg.InterfaceError,
        psycopg.errors.ReadOnlySqlTransaction,
    ) as error:
        conn.close()
        raise Unavailable("DATABASE_UNAVAILABLE", "The database does not answer.") from error


def conninfo() -> str:
    """Where the database is, as a URL: DB_URL if set (stage local, tests), else by IAM token."""
    url = settings.optional("DB_URL", "")
    return url if url else _iam_url()


def _iam_url() -> str:
    from urllib.parse import quote

    import boto3

    host, port = settings.required("DB_HOST"), int(settings.optional("DB_PORT", "5432"))
    user, name = settings.required("DB_USER"), settings.required("DB_NAME")
    # Good for 15 minutes, checked only when connecting: a connection made with it lives on.
    token = boto3.client("rds").generate_db_auth_token(DBHostname=host, Port=port, DBUsername=user)
    return f"postgresql://{user}:{quote(token, safe='')}@{host}:{port}/{name}?sslmode=require"
