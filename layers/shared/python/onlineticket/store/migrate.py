"""Brings a database to the newest schema: the plain SQL files of store/migrations, by yoyo.

`NNNN.name.sql` goes up, `NNNN.name.rollback.sql` back down; what can't go back says so on top.
"""

from pathlib import Path

from onlineticket.store import database

FOLDER = Path(__file__).parent / "migrations"


def apply(url: str) -> list[str]:
    """Apply what is missing, in order, each in a transaction of its own; return their names.
    Two runs at once are safe: yoyo takes a lock in the database.
    """
    from yoyo import get_backend, read_migrations

    database.connect(url).close()  # a dead server is our typed error, not yoyo's
    backend = get_backend(url.replace("postgresql://", "postgresql+psycopg://", 1))
    try:
        with backend.lock():
            missing = backend.to_apply(read_migrations(str(FOLDER)))
            backend.apply_migrations(missing)
            return [migration.id for migration in missing]
    finally:
        backend.connection.close()


def roll_back_all(url: str) -> list[str]:
    """Undo every migration, newest first: for tests of the way back. Destroys all data."""
    from yoyo import get_backend, read_migrations

    backend = get_backend(url.replace("postgresql://", "postgresql+psycopg://", 1))
    try:
        with backend.lock():
            applied = backend.to_rollback(read_migrations(str(FOLDER)))
            backend.rollback_migrations(applied)
            return [migration.id for migration in applied]
    finally:
        backend.connection.close()
