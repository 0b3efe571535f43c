"""A wallet that is known to us."""

from dataclasses import dataclass
from datetime import datetime

from onlineticket.domain.profile import Locale
from onlineticket.domain.session import Role
from onlineticket.domain.types import WalletAddress


@dataclass(frozen=True, slots=True)
class User:
    """`role` is what we have granted; the chain may say more (domain/roles.py). `signed_in_at` is
    the newest sign-in, None for a wallet that has only been given a role.
    """

    wallet: WalletAddress
    role: Role
    display_name: str | None
    locale: Locale | None
    avatar_url: str | None
    created_at: datetime
    signed_in_at: datetime | None
