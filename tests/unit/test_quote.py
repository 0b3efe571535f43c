from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onlineticket.domain import quote as quotes
from onlineticket.domain.errors import Conflict, RuleBroken, Unavailable
from onlineticket.domain.quote import BASIS, Pool, Quote
from onlineticket.domain.suite import Suite
from onlineticket.domain.types import ZERO_ADDRESS, BlockNumber, WalletAddress
from onlineticket.usecases.quote_swap import (
    MOST_BEHIND_SECONDS,
    SLIPPAGE_KNOWN_FOR,
    quote_swap,
)

NOW = 1_700_000_000
LARGEST = 2**256 - 1
POOL = Pool(500 * 10**18, 5 * 10**18, 30, 1_000, BlockNumber(7))
WALLETS = [WalletAddress(f"0x{number:040x}") for number in range(1, 6)]
SUITE = Suite(31337, BlockNumber(0), *WALLETS)
TOKEN = WALLETS[4]

amounts = st.integers(1, 2**115)
pools = st.builds(
    Pool, amounts, amounts, st.integers(0, 1_000), st.integers(0, BASIS), st.just(BlockNumber(1))
)


def test_the_arithmetic_is_that_of_the_contracts_page() -> None:
    made = quotes.quote(POOL, 10**18, for_eth=False, now=NOW)
    in_fee = 10**18 * 9_970
    assert made == Quote(
        amount_in=10**18,
        amount_out=in_fee * 500 * 10**18 // (5 * 10**18 * 10_000 + in_fee),
        fee=3 * 10**15,
        fee_bps=30,
        price_impact_bps=1_663,  # 9.97 of 59.97, rounded up
        max_slippage_bps=1_000,
        as_of_block=BlockNumber(7),
        valid_until=NOW + 15,
    )


@given(pools, amounts, st.booleans())
def test_the_pool_never_pays_all_it_has_nor_more_than_its_price(
    pool: Pool, amount: int, for_eth: bool
) -> None:
    ours, theirs = (
        (pool.reserve_token, pool.reserve_eth)
        if for_eth
        else (pool.reserve_eth, pool.reserve_token)
    )
    made = quotes.quote(pool, amount, for_eth=for_eth, now=NOW)
    assert made.amount_out < theirs
    assert made.amount_out * ours <= amount * theirs
    assert 0 < made.price_impact_bps <= BASIS


@given(pools, amounts, st.integers(0, BASIS))
def test_a_minimum_within_the_contracts_bound_is_one_that_it_takes(
    pool: Pool, amount: int, slippage: int
) -> None:
    made = quotes.quote(pool, amount, for_eth=False, now=NOW)
    assert pool.max_slippage_bps is not None
    if slippage > pool.max_slippage_bps:
        with pytest.raises(RuleBroken) as refused:
            quotes.minimum_out(made, slippage)
        assert refused.value.code == "SLIPPAGE_TOO_HIGH"
        assert refused.value.details == {"largest": pool.max_slippage_bps}
    else:
        lowest = made.amount_out * (BASIS - pool.max_slippage_bps) // BASIS
        assert lowest <= quotes.minimum_out(made, slippage) <= made.amount_out


def test_a_bound_that_nobody_can_say_is_no_bound() -> None:
    made = quotes.quote(replace(POOL, max_slippage_bps=None), 10**18, for_eth=True, now=NOW)
    assert quotes.minimum_out(made, BASIS) == 0


@pytest.mark.parametrize(
    ("pool", "amount", "kind", "code"),
    [
        (POOL, 0, RuleBroken, "SWAP_AMOUNT_ZERO"),
        (replace(POOL, reserve_eth=0, reserve_token=0), 0, RuleBroken, "SWAP_AMOUNT_ZERO"),
        (replace(POOL, reserve_eth=0), 1, Conflict, "SWAP_POOL_EMPTY"),
        (replace(POOL, reserve_token=0), 1, Conflict, "SWAP_POOL_EMPTY"),
        # Each of the contract's four calculations in turn, at its last number and one beyond.
        (POOL, LARGEST, RuleBroken, "SWAP_AMOUNT_TOO_LARGE"),
        (POOL, LARGEST // 9_970 + 1, RuleBroken, "SWAP_AMOUNT_TOO_LARGE"),
        (POOL, LARGEST // (9_970 * 500 * 10**18) + 1, RuleBroken, "SWAP_AMOUNT_TOO_LARGE"),
        (
            replace(POOL, reserve_eth=LARGEST // BASIS + 1), 1,
            RuleBroken, "SWAP_AMOUNT_TOO_LARGE",
        ),
        (
            replace(POOL, reserve_eth=LARGEST // BASIS), 10,
            RuleBroken, "SWAP_AMOUNT_TOO_LARGE",
        ),
        (replace(POOL, fee_bps=BASIS + 1), 1, RuleBroken, "SWAP_AMOUNT_TOO_LARGE"),
        (POOL, 10**90, RuleBroken, "SWAP_AMOUNT_TOO_LARGE"),
    ],
)  # fmt: skip
def test_what_the_contract_would_refuse_is_refused_by_name(
    pool: Pool, amount: int, kind: type[Exception], code: str
) -> None:
    with pytest.raises(kind) as refused:
        quotes.quote(pool, amount, for_eth=False, now=NOW)
    assert getattr(refused.value, "code", None) == code


def test_the_largest_amount_the_contract_takes_is_quoted() -> None:
    largest = LARGEST // (9_970 * 500 * 10**18)
    assert quotes.quote(POOL, largest, for_eth=False, now=NOW).amount_out == 500 * 10**18 - 1


def test_only_the_pools_two_currencies_can_be_swapped() -> None:
    assert quotes.is_for_eth(TOKEN, ZERO_ADDRESS, SUITE)
    assert not quotes.is_for_eth(ZERO_ADDRESS, TOKEN, SUITE)
    for pair in ((TOKEN, TOKEN), (ZERO_ADDRESS, ZERO_ADDRESS), (TOKEN, WALLETS[0])):
        with pytest.raises(RuleBroken) as refused:
            quotes.is_for_eth(*pair, SUITE)
        assert refused.value.code == "SWAP_PAIR_UNKNOWN"


class Kept:
    """A cache that forgets when an entry expires."""

    def __init__(self) -> None:
        self.entries: dict[str, tuple[Any, int]] = {}

    def find(self, key: str, *, now: int) -> Any | None:
        value, expires_at = self.entries.get(key, (None, 0))
        return value if now < expires_at else None

    def keep(self, key: str, value: Any, *, now: int, expires_at: int) -> None:
        self.entries[key] = value, expires_at


class Sources:
    """An index and a node, and what was asked of them. A None stands for one that is away."""

    def __init__(self, indexed: tuple[Pool, int] | None, chain: Pool | None) -> None:
        self.cache = Kept()
        self.indexed, self.chain = indexed, chain
        self.asked: list[str] = []
        self.index_is_down = False

    def quote(self, amount: int = 10**18, now: int = NOW, for_eth: bool = True) -> Quote:
        return quote_swap(
            amount, for_eth=for_eth, of="1:swap", now=now, cache=self.cache,
            indexed_pool=self._indexed, chain_pool=self._chain, max_slippage=self._slippage,
        )  # fmt: skip

    def _indexed(self) -> tuple[Pool, int] | None:
        self.asked.append("index")
        if self.index_is_down:
            raise Unavailable("DATABASE_UNAVAILABLE")
        return self.indexed

    def _chain(self) -> Pool:
        self.asked.append("chain")
        if self.chain is None:
            raise Unavailable("RPC_UNAVAILABLE")
        return self.chain

    def _slippage(self) -> int:
        self.asked.append("slippage")
        if self.chain is None or self.chain.max_slippage_bps is None:
            raise Unavailable("RPC_UNAVAILABLE")
        return self.chain.max_slippage_bps


INDEXED = replace(POOL, max_slippage_bps=None)
NEWER = replace(POOL, reserve_eth=6 * 10**18, block_number=BlockNumber(9))


def test_an_index_that_keeps_up_is_believed() -> None:
    sources = Sources((INDEXED, NOW - MOST_BEHIND_SECONDS), NEWER)
    assert sources.quote() == quotes.quote(POOL, 10**18, for_eth=True, now=NOW)
    assert sources.asked == ["index", "slippage"]


@pytest.mark.parametrize("indexed", [None, (INDEXED, NOW - MOST_BEHIND_SECONDS - 1)])
def test_the_chain_is_asked_while_the_index_lags(indexed: tuple[Pool, int] | None) -> None:
    sources = Sources(indexed, NEWER)
    assert sources.quote() == quotes.quote(NEWER, 10**18, for_eth=True, now=NOW)
    assert sources.asked == ["index", "chain"]


def test_the_chain_is_asked_while_the_database_is_down() -> None:
    sources = Sources((INDEXED, NOW), NEWER)
    sources.index_is_down = True
    assert sources.quote().as_of_block == 9


def test_nobody_to_ask_is_an_outage() -> None:
    with pytest.raises(Unavailable) as outage:
        Sources(None, None).quote()
    assert outage.value.code == "RPC_UNAVAILABLE"


def test_a_quote_from_the_index_does_not_wait_for_the_bound() -> None:
    assert Sources((INDEXED, NOW), None).quote().max_slippage_bps is None


def test_the_bound_is_read_once_in_a_while() -> None:
    sources = Sources((INDEXED, NOW + 10_000), NEWER)
    for amount, later in ((1, 0), (2, SLIPPAGE_KNOWN_FOR - 1), (3, SLIPPAGE_KNOWN_FOR)):
        assert sources.quote(amount, now=NOW + later).max_slippage_bps == 1_000
    assert sources.asked.count("slippage") == 2


def test_a_quote_is_given_again_until_five_seconds_before_its_end() -> None:
    sources = Sources((INDEXED, NOW + 10_000), NEWER)
    first = sources.quote()
    sources.indexed = (NEWER, NOW + 10_000)
    assert sources.quote(now=NOW + 9) == first
    assert first.valid_until - (NOW + 9) >= 5
    assert sources.quote(now=NOW + 10).as_of_block == 9


def test_another_amount_or_direction_is_another_quote() -> None:
    sources = Sources((INDEXED, NOW), NEWER)
    quoted = {sources.quote(10**18).amount_out, sources.quote(10**19).amount_out}
    assert len(quoted | {sources.quote(10**18, for_eth=False).amount_out}) == 3


def test_a_refusal_is_not_kept() -> None:
    sources = Sources((replace(INDEXED, reserve_eth=0), NOW), NEWER)
    with pytest.raises(Conflict):
        sources.quote()
    sources.indexed = (INDEXED, NOW)
    assert sources.quote().amount_out
