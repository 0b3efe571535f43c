"""Swaps, and the pool as its last logs left it."""

from onlineticket.domain.chain_log import LAST_SECOND
from onlineticket.domain.folding.state import POOL
from onlineticket.domain.rows import PoolRow, SwapRow
from onlineticket.domain.types import UINT256_MAX
from tests.folding import ALICE, BOB, NOBODY, POOL_TOKEN, Ledger

ETH = NOBODY


def pool_of(ledger: Ledger) -> PoolRow:
    return ledger.state.pool.rows[POOL]


def test_a_pool_begins_at_30_basis_points_of_which_5_percent_since_no_log_says_so() -> None:
    ledger = Ledger(block=8)
    ledger.log("ReservesUpdated", 1_000, 20)
    assert ledger.state.pool.rows == {
        POOL: PoolRow(
            reserve_token=1_000, reserve_eth=20, swap_fee_rate=30, protocol_fee_rate=5,
            token_price=None, eth_price=None, priced_at=None, updated_block=8,
        )
    }  # fmt: skip


def test_the_reserves_are_those_of_the_last_log_that_says_them() -> None:
    ledger = Ledger()
    ledger.log("ReservesUpdated", 1_000, 20)
    ledger.mine()
    ledger.log("Swap", ALICE, ETH, POOL_TOKEN, 1, 40, 0)
    assert (pool_of(ledger).reserve_token, pool_of(ledger).reserve_eth) == (1_000, 20)
    ledger.log("ReservesUpdated", 960, 21)
    row = pool_of(ledger)
    assert (row.reserve_token, row.reserve_eth, row.updated_block) == (960, 21, ledger.block)


def test_liquidity_moved_is_told_by_the_reserves_that_follow_it() -> None:
    ledger = Ledger()
    ledger.log("LiquidityAdded", ALICE, 1_000, 20, 141)
    assert ledger.state.pool.rows == {}
    ledger.log("ReservesUpdated", 1_000, 20)
    ledger.log("LiquidityRemoved", ALICE, 500, 10, 70)
    assert pool_of(ledger).reserve_token == 1_000
    ledger.log("ReservesUpdated", 500, 10)
    assert pool_of(ledger).reserve_token == 500


def test_new_rates_leave_the_reserves_and_new_reserves_the_rates() -> None:
    ledger = Ledger()
    ledger.log("ReservesUpdated", 1_000, 20)
    ledger.mine()
    ledger.log("FeeRatesUpdated", 50, 10)
    row = pool_of(ledger)
    assert (row.swap_fee_rate, row.protocol_fee_rate, row.reserve_eth) == (50, 10, 20)
    assert row.updated_block == ledger.block
    ledger.log("ReservesUpdated", 1, 2)
    assert (pool_of(ledger).swap_fee_rate, pool_of(ledger).protocol_fee_rate) == (50, 10)


def test_a_price_is_kept_with_its_time_which_may_lie_past_the_year_9999() -> None:
    ledger = Ledger()
    ledger.log("PriceUpdated", 3, 4, 2_000_000_000)
    row = pool_of(ledger)
    assert (row.token_price, row.eth_price, row.priced_at) == (3, 4, 2_000_000_000)
    assert (row.reserve_token, row.reserve_eth) == (0, 0)
    ledger.log("PriceUpdated", UINT256_MAX, UINT256_MAX, UINT256_MAX)
    row = pool_of(ledger)
    assert (row.token_price, row.eth_price, row.priced_at) == (
        UINT256_MAX,
        UINT256_MAX,
        LAST_SECOND,
    )


def test_a_swap_is_kept_as_it_was_said_its_fee_in_units_of_what_went_in() -> None:
    ledger = Ledger()
    first = ledger.log("Swap", ALICE, ETH, POOL_TOKEN, UINT256_MAX, 40, 3)
    second = ledger.log("Swap", BOB, POOL_TOKEN, ETH, 40, 1, 0)
    assert ledger.state.swaps == [
        SwapRow(
            block_number=ledger.block, log_index=first.log_index, wallet=ALICE, token_in=ETH,
            token_out=POOL_TOKEN, amount_in=UINT256_MAX, amount_out=40, fee=3,
            swapped_at=ledger.now, tx_hash=first.tx_hash,
        ),
        SwapRow(
            block_number=ledger.block, log_index=second.log_index, wallet=BOB,
            token_in=POOL_TOKEN, token_out=ETH, amount_in=40, amount_out=1, fee=0,
            swapped_at=ledger.now, tx_hash=second.tx_hash,
        ),
    ]  # fmt: skip
    assert ledger.state.pool.rows == {}


def test_a_new_pool_begins_as_every_pool_does_whatever_the_one_before_it_was_like() -> None:
    ledger = Ledger(block=8)
    ledger.state.pool_starts = (11, 13)
    ledger.log("FeeRatesUpdated", 50, 10)
    ledger.log("PriceUpdated", 7, 9, 1)
    ledger.block = 10
    ledger.log("ReservesUpdated", 1_000, 20)
    assert pool_of(ledger).swap_fee_rate == 50
    ledger.block = 11
    ledger.log("ReservesUpdated", 5, 6)
    assert pool_of(ledger) == PoolRow(5, 6, 30, 5, None, None, None, updated_block=11)
    ledger.log("FeeRatesUpdated", 40, 4)
    ledger.block = 12
    ledger.log("ReservesUpdated", 7, 8)
    assert pool_of(ledger).swap_fee_rate == 40
    ledger.block = 20
    ledger.log("ReservesUpdated", 9, 1)
    assert pool_of(ledger) == PoolRow(9, 1, 30, 5, None, None, None, updated_block=20)
