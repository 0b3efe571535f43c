"""Quotes against the contract's own: ten thousand of them."""

from random import Random
from typing import Any

from infra.local.stage import ETHER, TOKEN
from infra.local.wallets import MINA, NOAH, PLATFORM
from onlineticket.chain import pool as chain_pool
from onlineticket.chain.decoders import SELECTORS
from onlineticket.chain.rpc_errors import RpcError
from onlineticket.domain import quote as quotes
from onlineticket.domain.errors import Conflict, RuleBroken
from onlineticket.domain.quote import Pool
from tests.integration.contracts.theatre import Theatre

ADD = "addLiquidity(uint256,uint256,uint256)"
FOR_TOKENS = "swapETHForTokens(uint256)"
RATES = "setFeeRates(uint256,uint256)"
RESERVES = ("reserveToken", "reserveETH")
STATES, EACH = 20, 500
EXTREMES = (1, 2, 9, 10_000, 2**128, 2**256 // 10_000, 2**242, 2**255, 2**256 - 1)


def test_ten_thousand_random_quotes_are_the_contracts(theatre: Theatre) -> None:
    """Over swaps, liquidity, fees, and reserves of any size."""
    random = Random(20_260_601)
    slots: list[str] = []
    refused = 0
    for state in range(STATES):
        if state:
            _stir(theatre, random)
            slots = slots or _reserve_slots(theatre)
        earned = [theatre.ask("TokenSwap", view) for view in RESERVES]
        if slots and state % 3 == 2:
            _set_reserves(theatre, slots, [_size(random), _size(random)])
        pool = chain_pool.read(theatre.node, theatre.suite.token_swap)
        sides = [bool(random.getrandbits(1)) for _ in range(EACH)]
        amounts = [*EXTREMES, 0, *(_size(random) for _ in range(EACH - len(EXTREMES) - 1))]
        said = _contracts(theatre, amounts, sides)
        for amount, for_eth, theirs in zip(amounts, sides, said, strict=True):
            ours = _ours(pool, amount, for_eth)
            assert ours == theirs, (pool, amount, for_eth)
            refused += isinstance(ours, str)
        if slots and state % 3 == 2:
            _set_reserves(theatre, slots, earned)
    assert 0 < refused < STATES * EACH // 2  # the comparison saw numbers and refusals


def _stir(theatre: Theatre, random: Random) -> None:
    if not theatre.ask("TokenSwap", "reserveToken"):
        theatre.do(theatre.on_swap(NOAH, ADD, 500 * TOKEN, 0, 0, value=5 * ETHER))
        return
    match random.randrange(4):
        case 0:
            theatre.do(theatre.on_swap(PLATFORM, RATES, random.randrange(1_001), 10))
        case 1:
            theatre.do(theatre.on_swap(NOAH, ADD, random.randint(1, 10) * TOKEN, 0, 0, value=ETHER))
        case _:
            amount = random.randint(1, ETHER)
            expected = theatre.ask("TokenSwap", "getTokenAmountOut", amount)
            if (
                0
                < expected
                < theatre.view(
                    theatre.suite.platform_token, "balanceOf(address)", theatre.suite.token_swap
                )
            ):
                theatre.do(theatre.on_swap(MINA, FOR_TOKENS, expected, value=amount))


def _size(random: Random) -> int:
    """Any number of bits is as likely as any other."""
    return random.getrandbits(random.randint(1, 150)) or 1


def _ours(pool: Pool, amount: int, for_eth: bool) -> int | str:
    try:
        return quotes.quote(pool, amount, for_eth=for_eth, now=0).amount_out
    except (RuleBroken, Conflict) as refusal:
        return refusal.code


def _contracts(theatre: Theatre, amounts: list[int], sides: list[bool]) -> list[int | str]:
    calls = [
        (
            "eth_call",
            [
                {
                    "to": theatre.suite.token_swap,
                    "data": SELECTORS[
                        "TokenSwap", "getETHAmountOut" if for_eth else "getTokenAmountOut"
                    ]
                    + f"{amount:064x}",
                },
                "latest",
            ],
        )
        for amount, for_eth in zip(amounts, sides, strict=True)
    ]
    return [_said(answer) for answer in theatre.node.try_batch(calls)]


def _said(answer: Any) -> int | str:
    if not isinstance(answer, RpcError):
        return int(answer, 16)
    reason = bytes.fromhex(str(answer.data)[2:])
    if reason[:4].hex() == "4e487b71":  # Panic(uint256)
        assert int.from_bytes(reason[4:]) == 0x11
        return "SWAP_AMOUNT_TOO_LARGE"
    text = reason[68:].rstrip(b"\0").decode()
    return {
        "TokenSwap: invalid input amount": "SWAP_AMOUNT_ZERO",
        "TokenSwap: insufficient liquidity": "SWAP_POOL_EMPTY",
    }[text]


def _reserve_slots(theatre: Theatre) -> list[str]:
    """Where the contract keeps the two reserves."""
    stored = {
        theatre.node.call("eth_getStorageAt", [theatre.suite.token_swap, hex(slot), "latest"]): slot
        for slot in range(20)
    }
    return [hex(stored[f"0x{theatre.ask('TokenSwap', view):064x}"]) for view in RESERVES]


def _set_reserves(theatre: Theatre, slots: list[str], reserves: list[int]) -> None:
    for slot, reserve in zip(slots, reserves, strict=True):
        word = f"0x{reserve:064x}"
        theatre.node.call("anvil_setStorageAt", [theatre.suite.token_swap, slot, word])
    theatre.node.call("anvil_mine", ["0x1"])
