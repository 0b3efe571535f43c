"""What happened, for those who want to be told (table outbox: own truth).

A happening is written in the transaction that causes it, so it is told if and only if it happened;
publishing, in order for each entity, is another's task.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from onlineticket.domain.happening import Happening

if TYPE_CHECKING:
    from psycopg import Connection


def append(conn: "Connection[Any]", happenings: Iterable[Happening]) -> None:
    """Write them, in their order, in the caller's transaction."""
    from psycopg.types.json import Jsonb

    rows = [[each.kind, each.entity, Jsonb(dict(each.payload))] for each in happenings]
    if rows:
        with conn.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO outbox (kind, entity, payload) VALUES (%s, %s, %s)", rows
            )
