"""TokenSwap: swaps, and the pool's reserves and rates."""

from typing import Any

from onlineticket.domain.chain_log import ChainLog, clamp_time
from onlineticket.domain.folding.state import POOL, Keys, Kind, State
from onlineticket.domain.rows import PoolRow, SwapRow


def _swap(
    state: State, log: ChainLog, wallet: str, token_in: str, token_out: str,
    amount_in: int, amount_out: int, fee: int,
) -> None:  # fmt: skip
    state.swaps.append(
        SwapRow(
            log.block_number,
            log.log_index,
            wallet,
            token_in,
            token_out,
            amount_in,
            amount_out,
            fee,
            log.block_time,
            log.tx_hash,
        )
    )


def _liquidity_moved(
    state: State, log: ChainLog, _by: str, _token: int, _eth: int, _share: int
) -> None:
    """Nothing of its own: the ReservesUpdated that follows carries the new reserves."""


def _reserves_updated(state: State, log: ChainLog, token: int, eth: int) -> None:
    row = _pool(state, log)
    row.reserve_token, row.reserve_eth = token, eth


def _fee_rates_updated(state: State, log: ChainLog, swap_fee: int, protocol_fee: int) -> None:
    row = _pool(state, log)
    row.swap_fee_rate, row.protocol_fee_rate = swap_fee, protocol_fee


def _price_updated(state: State, log: ChainLog, token: int, eth: int, at: int) -> None:
    row = _pool(state, log)
    row.token_price, row.eth_price, row.priced_at = token, eth, clamp_time(at)


def _pool(state: State, log: ChainLog) -> PoolRow:
    known = state.pool.rows.get(POOL)
    if known is None or any(
        known.updated_block < start <= log.block_number for start in state.pool_starts
    ):
        # No FeeRatesUpdated at deployment: 30 basis points, of which 5 %, is how every pool starts.
        state.pool.rows[POOL] = PoolRow(0, 0, 30, 5, None, None, None, log.block_number)
    row = state.pool.change(POOL)
    row.updated_block = log.block_number
    return row


def _pool_key(keys: Keys, args: tuple[Any, ...]) -> None:
    keys.pool = True


KINDS = {
    "Swap": Kind(_swap, _pool_key),
    "LiquidityAdded": Kind(_liquidity_moved, _pool_key),
    "LiquidityRemoved": Kind(_liquidity_moved, _pool_key),
    "ReservesUpdated": Kind(_reserves_updated, _pool_key),
    "FeeRatesUpdated": Kind(_fee_rates_updated, _pool_key),
    "PriceUpdated": Kind(_price_updated, _pool_key),
}
