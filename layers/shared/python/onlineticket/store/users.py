"""Wallets that have signed in, and their roles (table `users`: our own truth)."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from onlineticket.domain.session import Role
from onlineticket.domain.types import WalletAddress

if TYPE_CHECKING:
    from psycopg import Connection


def signed_in(conn: "Connection[Any]", wallet: WalletAddress, now: int) -> Role:
    """Note the sign-in, the first one too, and return the wallet's role. `now` in Unix seconds."""
    row = conn.execute(
        """
        INSERT INTO users (wallet, created_at, signed_in_at) VALUES (%(wallet)s, %(now)s, %(now)s)
        ON CONFLICT (wallet) DO UPDATE
        SET signed_in_at = GREATEST(users.signed_in_at, excluded.signed_in_at)
        RETURNING role
        """,
        {"wallet": wallet, "now": datetime.fromtimestamp(now, UTC)},
    ).fetchone()
    assert row is not None  # an upsert returns its row
    return cast(Role, row[0])


def role_of(conn: "Connection[Any]", wallet: WalletAddress) -> Role:
    """The wallet's role as of now; that of a wallet we do not know is `user`."""
    row = conn.execute("SELECT role FROM users WHERE wallet = %s", [wallet]).fetchone()
    return cast(Role, row[0]) if row else "user"
