"""TokenSwap's arithmetic and logs, and the platform token's permits."""

import pytest
from eth_account import Account

from infra.local.stage import ETHER, TOKEN
from infra.local.wallets import HOLDER, MINA, NOAH, PLATFORM
from onlineticket.domain.types import ZERO_ADDRESS
from tests.integration.contracts.theatre import Log, Theatre, names_of

ADD, REMOVE = "addLiquidity(uint256,uint256,uint256)", "removeLiquidity(uint256,uint256,uint256)"
FOR_TOKENS, FOR_ETH = "swapETHForTokens(uint256)", "swapTokensForETH(uint256,uint256)"
QUOTES = ("getTokenAmountOut(uint256)", "getETHAmountOut(uint256)")
BALANCE = "balanceOf(address)"


def test_rates_at_the_start_are_logged_by_nothing(theatre: Theatre) -> None:
    swap = {name: theatre.ask("TokenSwap", name) for name in ("swapFeeRate", "maxSlippageRate")}
    assert swap == {"swapFeeRate": 30, "maxSlippageRate": 1_000}
    assert theatre.ask("TokenSwap", "protocolFeeRate") == 5
    assert theatre.ask("TokenSwap", "platformToken") == theatre.suite.platform_token
    everything = {"address": theatre.suite.token_swap, "fromBlock": "0x0"}
    topics = [each["topics"] for each in theatre.node.call("eth_getLogs", [everything])]
    assert len(topics) == 1  # OwnershipTransferred


@pytest.mark.parametrize("quote", QUOTES)
def test_a_quote_says_why_there_is_none(theatre: Theatre, quote: str) -> None:
    def refusal(amount: int) -> str:
        return theatre.refusal(theatre.on_swap(NOAH, quote, amount))

    assert refusal(1) == "TokenSwap: insufficient liquidity"
    _fill(theatre)
    assert refusal(0) == "TokenSwap: invalid input amount"
    assert refusal(2**255) == "Panic(0x11)"


def test_the_amount_out_is_the_constant_product_less_the_fee(theatre: Theatre) -> None:
    _fill(theatre)
    for amount in (1, 12_345, ETHER, 7 * ETHER + 3):
        in_fee = amount * (10_000 - 30)
        tokens = in_fee * 500 * TOKEN // (5 * ETHER * 10_000 + in_fee)
        assert theatre.ask("TokenSwap", "getTokenAmountOut", amount) == tokens
        eth = in_fee * 5 * ETHER // (500 * TOKEN * 10_000 + in_fee)
        assert theatre.ask("TokenSwap", "getETHAmountOut", amount) == eth


def test_reserves_are_logged_after_each_change_and_leave_the_protocols_fee_out(
    theatre: Theatre,
) -> None:
    assert _fill(theatre)[-2:] == ["ReservesUpdated", "PriceUpdated"]
    out = theatre.ask("TokenSwap", "getTokenAmountOut", ETHER)
    logs = theatre.do(theatre.on_swap(MINA, FOR_TOKENS, out, value=ETHER))
    assert names_of(logs) == ["Swap", "ReservesUpdated", "PriceUpdated"]
    fee = ETHER * 30 // 10_000
    swap, reserves = (each for each in logs if each.event in ("Swap", "ReservesUpdated"))
    assert swap.args == {
        "user": MINA.address, "tokenIn": ZERO_ADDRESS, "tokenOut": theatre.suite.platform_token,
        "amountIn": ETHER, "amountOut": out, "fee": fee,
    }  # fmt: skip
    assert reserves.args == {
        "reserveToken": 500 * TOKEN - out, "reserveETH": 6 * ETHER - fee * 5 // 100,
    }  # fmt: skip
    _assert_reserves(theatre, reserves)


def test_a_fee_is_in_units_of_what_comes_in(theatre: Theatre) -> None:
    _fill(theatre)
    out = theatre.ask("TokenSwap", "getETHAmountOut", 10 * TOKEN)
    logs = theatre.do(theatre.on_swap(MINA, FOR_ETH, 10 * TOKEN, out))
    (swap,) = (each for each in logs if each.event == "Swap")
    assert swap.args["tokenIn"] == theatre.suite.platform_token
    assert swap.args["fee"] == 10 * TOKEN * 30 // 10_000


def test_a_minimum_too_far_below_or_above_the_quote_is_refused(theatre: Theatre) -> None:
    _fill(theatre)
    out = theatre.ask("TokenSwap", "getTokenAmountOut", ETHER)
    lowest = out * 9_000 // 10_000
    for minimum, reason in (
        (lowest - 1, "TokenSwap: slippage tolerance too high"),
        (out + 1, "TokenSwap: insufficient output amount"),
    ):
        attempt = theatre.on_swap(MINA, FOR_TOKENS, minimum, value=ETHER)
        assert theatre.refusal(attempt) == reason
    assert theatre.do(theatre.on_swap(MINA, FOR_TOKENS, lowest, value=ETHER))


def test_the_liquidity_token_is_an_erc_20_whose_transfer_shares_the_tickets_topic(
    theatre: Theatre,
) -> None:
    theatre.concert()
    theatre.bought()
    _fill(theatre)
    addresses = [theatre.suite.token_swap, theatre.suite.ticket_manager]
    transfer = theatre.node.call("eth_getLogs", [{"address": addresses[1], "fromBlock": "0x0"}])
    topic = next(each["topics"][0] for each in transfer if len(each["topics"]) == 4)
    found = theatre.node.call(
        "eth_getLogs", [{"address": addresses, "topics": [topic], "fromBlock": "0x0"}]
    )
    assert {(each["address"], len(each["topics"])) for each in found} == {
        (addresses[0], 3), (addresses[1], 4),
    }  # fmt: skip


def test_liquidity_comes_back_in_the_reserves_ratio(theatre: Theatre) -> None:
    _fill(theatre)
    mine = theatre.view(theatre.suite.token_swap, BALANCE, NOAH.address)
    logs = theatre.do(theatre.on_swap(NOAH, REMOVE, mine // 2, 0, 0))
    assert names_of(logs) == ["Transfer", "LiquidityRemoved", "ReservesUpdated", "PriceUpdated"]
    removed = next(each for each in logs if each.event == "LiquidityRemoved").args
    assert removed == {
        "provider": NOAH.address, "tokenAmount": 250 * TOKEN, "ethAmount": 5 * ETHER // 2,
        "liquidity": mine // 2,
    }  # fmt: skip


def test_liquidity_beyond_the_pools_price_is_not_taken(theatre: Theatre) -> None:
    _fill(theatre)
    before = theatre.balance(HOLDER)
    logs = theatre.do(theatre.on_swap(HOLDER, ADD, 100 * TOKEN, 0, 0, value=5 * ETHER))
    added = next(each for each in logs if each.event == "LiquidityAdded").args
    assert (added["tokenAmount"], added["ethAmount"]) == (100 * TOKEN, ETHER)
    assert before - theatre.balance(HOLDER) < ETHER + ETHER // 100  # the rest came back


def test_new_fee_rates_are_logged(theatre: Theatre) -> None:
    rates = theatre.on_swap(PLATFORM, "setFeeRates(uint256,uint256)", 25, 10)
    (log,) = theatre.do(rates)
    assert (log.event, log.args) == (
        "FeeRatesUpdated", {"swapFeeRate": 25, "protocolFeeRate": 10},
    )  # fmt: skip


def test_a_permit_signed_by_the_owner_gives_an_allowance(theatre: Theatre) -> None:
    market, deadline = theatre.suite.marketplace, 2**256 - 1
    message = {
        "owner": HOLDER.address, "spender": market, "value": 7, "nonce": 0, "deadline": deadline,
    }  # fmt: skip
    domain = {
        "name": "OnlineTicket Token", "version": "1", "chainId": theatre.suite.chain_id,
        "verifyingContract": theatre.suite.platform_token,
    }  # fmt: skip
    types = ("address", "address", "uint256", "uint256", "uint256")
    fields = [{"name": n, "type": t} for n, t in zip(message, types, strict=True)]
    signed = Account.sign_typed_data(HOLDER.key, domain, {"Permit": fields}, message)
    permit = "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)"
    parts = signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big")
    theatre.do(theatre.on_token(NOAH, permit, HOLDER.address, market, 7, deadline, *parts))
    assert theatre.ask("PlatformToken", "allowance", HOLDER.address, market) == 7
    again = theatre.on_token(NOAH, permit, HOLDER.address, market, 7, deadline, *parts)
    assert theatre.refusal(again) == "ERC2612InvalidSigner"


def _fill(theatre: Theatre) -> list[str]:
    """500 tokens and 5 ETH of NOAH's."""
    logs = theatre.do(theatre.on_swap(NOAH, ADD, 500 * TOKEN, 0, 0, value=5 * ETHER))
    return names_of(logs)


def _assert_reserves(theatre: Theatre, log: Log) -> None:
    for name, value in log.args.items():
        assert theatre.ask("TokenSwap", name) == value
