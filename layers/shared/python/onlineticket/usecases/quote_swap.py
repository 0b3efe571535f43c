"""A quote for a swap: from the index while it keeps up with the chain, else from the chain."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any, Protocol

from onlineticket.domain import quote as quotes
from onlineticket.domain.errors import Unavailable
from onlineticket.domain.quote import Pool, Quote

MOST_BEHIND_SECONDS = 30
"""By its clock, the last indexed block may be so old. A chain that rests longer costs one more
call; asking the node for its head each time would cost that call always.
"""

IndexedPool = Callable[[], tuple[Pool, int] | None]
"""The pool as indexed, and the time (Unix seconds) of the last indexed block; None before the
first log of the pool or the first pass.
"""
ChainPool = Callable[[], Pool]
"""The pool at the chain's head."""
MaxSlippage = Callable[[], int]
"""The contract's bound, in basis points, which no log tells."""

SLIPPAGE_KNOWN_FOR = 300
"""Seconds for which that bound, once read, is believed."""


class Cache(Protocol):
    def find(self, key: str, *, now: int) -> Any | None: ...

    def keep(self, key: str, value: Any, *, now: int, expires_at: int) -> None: ...


def quote_swap(
    amount_in: int,
    *,
    for_eth: bool,
    of: str,
    now: int,
    cache: Cache,
    indexed_pool: IndexedPool,
    chain_pool: ChainPool,
    max_slippage: MaxSlippage,
) -> Quote:
    """A quote made now, or in the last `quotes.REUSED_FOR` seconds. `of` names the pool.

    Raises:
        RuleBroken: `SWAP_AMOUNT_ZERO`, `SWAP_AMOUNT_TOO_LARGE`.
        Conflict: `SWAP_POOL_EMPTY`.
        Unavailable: neither the index nor the node can say.
    """
    key = f"quote:{of}:{'token' if for_eth else 'eth'}:{amount_in}"
    kept = cache.find(key, now=now)
    if kept is not None:
        return Quote(**kept)
    pool = _indexed(now, indexed_pool)
    if pool is None:
        pool = chain_pool()
    else:
        pool = replace(pool, max_slippage_bps=_slippage(of, now, cache, max_slippage))
    made = quotes.quote(pool, amount_in, for_eth=for_eth, now=now)
    # Amounts of 78 digits: JSON text has no bounds, and Python reads them exactly.
    cache.keep(key, asdict(made), now=now, expires_at=now + quotes.REUSED_FOR)
    return made


def _indexed(now: int, indexed_pool: IndexedPool) -> Pool | None:
    """The indexed pool if it is not behind; None if the chain must be asked."""
    try:
        found = indexed_pool()
    except Unavailable:
        return None
    return found[0] if found and found[1] >= now - MOST_BEHIND_SECONDS else None


def _slippage(of: str, now: int, cache: Cache, max_slippage: MaxSlippage) -> int | None:
    """None while the node can't say: a quote from the index does not wait for it."""
    key = f"slippage:{of}"
    kept: int | None = cache.find(key, now=now)
    if kept is None:
        try:
            kept = max_slippage()
        except Unavailable:
            return None
        cache.keep(key, kept, now=now, expires_at=now + SLIPPAGE_KNOWN_FOR)
    return kept
