"""How far a table has been gone through (table sweeps: own truth, but only a matter of effort)."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psycopg import Connection


def load(conn: "Connection[Any]", name: str) -> dict[str, Any] | None:
    row = conn.execute("SELECT position FROM sweeps WHERE name = %s", [name]).fetchone()
    return row[0] if row else None


def keep(conn: "Connection[Any]", name: str, position: dict[str, Any] | None) -> None:
    """`position` None: the end was reached, the next round begins anew."""
    from psycopg.types.json import Jsonb

    conn.execute(
        """
        INSERT INTO sweeps (name, position, rounds) VALUES (%(name)s, %(position)s, %(whole)s)
        ON CONFLICT (name) DO UPDATE
        SET position = excluded.position, rounds = sweeps.rounds + excluded.rounds,
            updated_at = now()
        """,
        {
            "name": name,
            "position": None if position is None else Jsonb(position),
            "whole": int(position is None),
        },
    )


def rounds(conn: "Connection[Any]", name: str) -> int:
    """Times the whole table has been gone through."""
    row = conn.execute("SELECT rounds FROM sweeps WHERE name = %s", [name]).fetchone()
    return row[0] if row else 0
