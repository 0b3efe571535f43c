"""What the pool would pay for a swap now: TokenSwap's own arithmetic, to the last wei.

Whole numbers only, and the same refusals in the same order as the contract: what it computes
beyond 256 bits reverts there (Panic 0x11), so it is refused here.
"""

from dataclasses import dataclass

from onlineticket.domain.errors import Conflict, RuleBroken
from onlineticket.domain.suite import Suite
from onlineticket.domain.types import UINT256_MAX, ZERO_ADDRESS, BlockNumber, WalletAddress

BASIS = 10_000
"""Basis points in a whole."""

LIFETIME = 15
"""Seconds that a fresh quote is good for."""
REUSED_FOR = 10
"""Seconds for which it is given out again, and so still has 5 at the least."""


@dataclass(frozen=True, slots=True)
class Pool:
    """The pool after block `block_number`. Reserves in wei and 1e-18 of the platform token;
    `max_slippage_bps` is None while nobody can say: it changes without a log.
    """

    reserve_token: int
    reserve_eth: int
    fee_bps: int
    max_slippage_bps: int | None
    block_number: BlockNumber


@dataclass(frozen=True, slots=True)
class Quote:
    """For `amount_in` of one currency, `amount_out` of the other; `fee` in the one given.

    `price_impact_bps`: by how much the swap itself worsens the price, apart from the fee, rounded
    up. `valid_until` in Unix seconds.
    """

    amount_in: int
    amount_out: int
    fee: int
    fee_bps: int
    price_impact_bps: int
    max_slippage_bps: int | None
    as_of_block: BlockNumber
    valid_until: int


def is_for_eth(token_in: WalletAddress, token_out: WalletAddress, suite: Suite) -> bool:
    """Whether platform tokens are sold for ETH (the zero address), or bought with it.

    Raises:
        RuleBroken: `SWAP_PAIR_UNKNOWN`.
    """
    token = suite.platform_token
    if (token_in, token_out) not in ((token, ZERO_ADDRESS), (ZERO_ADDRESS, token)):
        raise RuleBroken("SWAP_PAIR_UNKNOWN", pairs=[[ZERO_ADDRESS, token], [token, ZERO_ADDRESS]])
    return token_in == token


def quote(pool: Pool, amount_in: int, *, for_eth: bool, now: int) -> Quote:
    """
    Raises:
        RuleBroken: `SWAP_AMOUNT_ZERO`, `SWAP_AMOUNT_TOO_LARGE`.
        Conflict: `SWAP_POOL_EMPTY`.
    """
    reserve_in, reserve_out = (
        (pool.reserve_token, pool.reserve_eth)
        if for_eth
        else (pool.reserve_eth, pool.reserve_token)
    )
    if amount_in == 0:
        raise RuleBroken("SWAP_AMOUNT_ZERO")
    if reserve_in == 0 or reserve_out == 0:
        raise Conflict("SWAP_POOL_EMPTY")
    in_after_fee = _uint256(amount_in * _uint256(BASIS - pool.fee_bps))
    divisor = _uint256(_uint256(reserve_in * BASIS) + in_after_fee)
    return Quote(
        amount_in=amount_in,
        amount_out=_uint256(in_after_fee * reserve_out) // divisor,
        fee=amount_in * pool.fee_bps // BASIS,
        fee_bps=pool.fee_bps,
        price_impact_bps=-(-in_after_fee * BASIS // divisor),
        max_slippage_bps=pool.max_slippage_bps,
        as_of_block=pool.block_number,
        valid_until=now + LIFETIME,
    )


def minimum_out(quoted: Quote, slippage_bps: int) -> int:
    """What to ask of the contract at least, so that the price may worsen by so much meanwhile.

    Raises:
        RuleBroken: `SLIPPAGE_TOO_HIGH`: the contract would take it for a mistake.
    """
    largest = BASIS if quoted.max_slippage_bps is None else quoted.max_slippage_bps
    if slippage_bps > largest:
        raise RuleBroken("SLIPPAGE_TOO_HIGH", largest=largest)
    return quoted.amount_out * (BASIS - slippage_bps) // BASIS


def _uint256(number: int) -> int:
    if not 0 <= number <= UINT256_MAX:
        raise RuleBroken("SWAP_AMOUNT_TOO_LARGE")
    return number
