"""How often one may ask for a challenge, verify and refresh: token buckets that never break.

Each request counts against its wallet. A stranger can name any wallet, and so empty its bucket;
that does not lock the owner out: behind it each network has a small bucket of its own per wallet.
What is refused counts against the network it came from, and a network that failed too often is
refused before any work is done. If the store of the buckets is away, nothing is limited (the
gateway's own throttles stay) and the log says so.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import time
from typing import Any

from onlineticket.api.http import logger
from onlineticket.api.source_address import source_address, source_network
from onlineticket.domain.errors import Refused, TooMany, Unavailable
from onlineticket.domain.rate_limit import Bucket, Level
from onlineticket.domain.types import WalletAddress

WALLET = Bucket("wallet", size=30, seconds=60)
RESERVE = Bucket("wallet-here", size=5, seconds=60)
FAILURES = Bucket("failures", size=30, seconds=60)

Ask = Callable[[Bucket, str, int], Level]
"""(bucket, who, now in ms). Raises Unavailable."""


class Limits:
    """Those of one request. `action` keeps what wallets do apart: `challenge`, `verify`, …"""

    def __init__(self, event: Mapping[str, Any], action: str, *, take: Ask, look: Ask) -> None:
        address = source_address(event)
        self._network = source_network(address) if address else None
        self._action = action
        self._take, self._look = take, look
        self._level: Level | None = None

    @property
    def headers(self) -> dict[str, str]:
        """RateLimit and RateLimit-Policy, of the wallet's bucket once it was asked."""
        return self._level.headers() if self._level else {}

    def spend(self, wallet: WalletAddress) -> None:
        """
        Raises:
            TooMany: `TOO_MANY_REQUESTS`.
        """
        who = f"{self._action}#{wallet}"
        self._level = level = self._ask(self._take, WALLET, who)
        if level is None or level.granted:
            return
        reserve = self._ask(self._take, RESERVE, f"{who}#{self._network or '-'}")
        if reserve is not None and not reserve.granted:
            raise level.refusal()

    @contextmanager
    def count_failures(self) -> Iterator[None]:
        """What is refused inside is held against the caller's network.

        Raises:
            TooMany: `TOO_MANY_REQUESTS`: it has failed too often.
        """
        if self._network is None:
            yield
            return
        level = self._ask(self._look, FAILURES, self._network)
        if level is not None and level.remaining == 0:
            raise level.refusal()
        try:
            yield
        except TooMany:
            raise
        except Refused:
            self._ask(self._take, FAILURES, self._network)
            raise

    def _ask(self, ask: Ask, bucket: Bucket, who: str) -> Level | None:
        """None while nobody counts."""
        try:
            return ask(bucket, who, int(time() * 1000))
        except Unavailable as error:
            logger.warning("nothing is limited", error_code=error.code, bucket=bucket.name)
            return None
