"""Who is signed in."""

from dataclasses import dataclass
from typing import Literal, get_args

from onlineticket.domain.types import WalletAddress

Role = Literal["user", "organizer", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True, slots=True)
class Session:
    """A wallet that proved itself, and what it may do as of its sign-in."""

    wallet: WalletAddress
    role: Role
    session_id: str | None = None
    """The sign-in it comes from (domain/refresh_token.py's Family)."""
