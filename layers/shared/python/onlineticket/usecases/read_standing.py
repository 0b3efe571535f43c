"""A wallet's standing on chain, from the cache while it is fresh, else from the node."""

from collections.abc import Callable
from typing import Any, Protocol

from onlineticket.domain.roles import Standing
from onlineticket.domain.suite import Suite
from onlineticket.domain.types import WalletAddress


class Cache(Protocol):
    """As dynamo/cache.py: it raises nothing."""

    def find(self, key: str, *, now: int) -> Any | None: ...

    def keep(self, key: str, value: Any, *, now: int, expires_at: int) -> None: ...


def read_standing(
    wallet: WalletAddress,
    *,
    suite: Suite,
    now: int,
    cache: Cache,
    ask: Callable[[WalletAddress], Standing],
) -> Standing:
    """`now` is from before the chain is asked, so an answer is never believed for too long.

    Raises:
        Unavailable: `RPC_UNAVAILABLE`, and there is no fresh answer.
    """
    key = f"standing#{suite.identity}#{wallet}"
    kept = cache.find(key, now=now)
    # Exactly as we write it: whatever else is there must make nobody an admin.
    if kept in ([False, False], [False, True], [True, False], [True, True]):
        return Standing(*kept)
    standing = ask(wallet)
    pair = [standing.is_owner, standing.is_authorized]
    cache.keep(key, pair, now=now, expires_at=now + standing.lifetime)
    return standing
