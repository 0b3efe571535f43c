"""Wallets that have signed in, their roles and profiles (table `users`: our own truth)."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from onlineticket.domain.audit import Entry
from onlineticket.domain.errors import Conflict, Forbidden, NotFound
from onlineticket.domain.session import Role
from onlineticket.domain.types import WalletAddress
from onlineticket.domain.user import User
from onlineticket.store import audit

if TYPE_CHECKING:
    from psycopg import Connection

_COLUMNS = "wallet, role, display_name, locale, avatar_url, created_at, signed_in_at"
_PROFILE = ("display_name", "locale", "avatar_url")

After = tuple[int, int]
"""(created_at in microseconds, wallet as a number) of the last user of the page before."""


def after(user: User) -> After:
    return _microseconds(user.created_at), int(user.wallet, 16)


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


def get(conn: "Connection[Any]", wallet: WalletAddress) -> User:
    """
    Raises:
        NotFound: `USER_NOT_FOUND`.
    """
    return _one(conn, f"SELECT {_COLUMNS} FROM users WHERE wallet = %(wallet)s", {"wallet": wallet})


def change_profile(
    conn: "Connection[Any]",
    wallet: WalletAddress,
    changes: Mapping[str, str | None],
    *,
    now: int,
    source: str | None,
) -> User:
    """Set the fields of the profile that `changes` names, None clears; the others stay, also if
    another request changes them at the same moment. The audit log learns which, not what: it is for
    ever, and people may want to be forgotten.

    Raises:
        NotFound: `USER_NOT_FOUND`.
    """
    chosen = [name for name in _PROFILE if name in changes]
    assignments = ", ".join(f"{name} = %({name})s" for name in chosen) or "wallet = wallet"
    actor = f"wallet:{wallet}"
    with conn.transaction():
        user = _one(
            conn,
            f"UPDATE users SET {assignments} WHERE wallet = %(wallet)s RETURNING {_COLUMNS}",
            {"wallet": wallet, **{name: changes[name] for name in chosen}},
        )
        entry = Entry(actor, "user.profile_changed", now, actor, source, {"fields": chosen})
        audit.append(conn, [entry])
    return user


def page(conn: "Connection[Any]", role: Role | None, after: After | None, limit: int) -> list[User]:
    """One page, in the order in which they became known; None: of any role."""
    from psycopg.rows import class_row

    conditions = {
        "role = %(role)s": role,
        "(created_at, wallet) > (%(last_time)s, %(last_wallet)s)": after,
    }
    given = " AND ".join(sql for sql, value in conditions.items() if value is not None)
    microseconds, number = after or (0, 0)
    with conn.cursor(row_factory=class_row(User)) as cursor:
        return cursor.execute(
            f"""
            SELECT {_COLUMNS} FROM users WHERE {given or "true"}
            ORDER BY created_at, wallet LIMIT %(limit)s
            """.encode(),
            {
                "role": role, "limit": limit, "last_wallet": f"0x{number % 2**160:040x}",
                "last_time": _time(microseconds),
            },
        ).fetchall()  # fmt: skip


def set_role(
    conn: "Connection[Any]",
    wallet: WalletAddress,
    role: Role,
    *,
    by: WalletAddress,
    by_owner: bool,
    now: int,
    source: str | None,
) -> User:
    """Grant `wallet`, known or not, the role, and write it into the audit log. `by_owner`: `by` is
    the contracts' owner, who needs no role here.

    Raises:
        Forbidden: `NOT_AN_ADMIN`: `by` is none any more.
        Conflict: `LAST_ADMIN`: nobody would be left.
    """
    with conn.transaction():
        # Locked in one order: of two admins who demote each other at once, one comes second, and
        # sees what the first has done.
        rows = conn.execute(
            "SELECT wallet FROM users WHERE role = 'admin' ORDER BY wallet FOR UPDATE"
        ).fetchall()
        admins = {row[0] for row in rows}
        if not by_owner and by not in admins:
            raise Forbidden("NOT_AN_ADMIN", "Only an admin may do this.")
        if role != "admin" and admins == {wallet}:
            raise Conflict("LAST_ADMIN", "This is the last admin: grant another one first.")
        before = role_of(conn, wallet)
        user = _one(
            conn,
            f"""
            INSERT INTO users (wallet, role, created_at) VALUES (%(wallet)s, %(role)s, %(now)s)
            ON CONFLICT (wallet) DO UPDATE SET role = excluded.role
            RETURNING {_COLUMNS}
            """,
            {"wallet": wallet, "role": role, "now": datetime.fromtimestamp(now, UTC)},
        )
        entry = Entry(
            f"wallet:{by}", "user.role_set", now, f"wallet:{wallet}", source,
            {"before": before, "after": role},
        )  # fmt: skip
        audit.append(conn, [entry])  # last: it holds the chain of hashes until the commit
    return user


def _one(conn: "Connection[Any]", sql: str, values: Mapping[str, Any]) -> User:
    from psycopg.rows import class_row

    with conn.cursor(row_factory=class_row(User)) as cursor:
        found = cursor.execute(sql.encode(), values).fetchone()
    if found is None:
        raise NotFound("USER_NOT_FOUND", "This wallet is not known here: sign in once more.")
    return found


def _microseconds(time: datetime) -> int:
    return (time - _EPOCH) // timedelta(microseconds=1)


def _time(microseconds: int) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:  # of a page token made up by its caller
        return datetime.max.replace(tzinfo=UTC)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
