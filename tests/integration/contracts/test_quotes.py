"""GET /swap/quote: the handler on a real chain, its index, and without each of them."""

import json
from datetime import datetime
from time import time
from types import SimpleNamespace
from typing import Any

import pytest
from psycopg import Connection

from functions.swap.handler import lambda_handler
from infra.local.stage import ETHER, TOKEN
from infra.local.wallets import MINA, NOAH, PLATFORM
from onlineticket import resources, settings
from onlineticket.chain import pool as chain_pool
from onlineticket.chain.rpc import Node
from onlineticket.domain.errors import Unavailable
from onlineticket.domain.types import ZERO_ADDRESS
from onlineticket.store import pool as indexed_pool
from onlineticket.store import registry
from tests.indexing import index
from tests.integration.contracts.theatre import Theatre

ADD, REMOVE = "addLiquidity(uint256,uint256,uint256)", "removeLiquidity(uint256,uint256,uint256)"
FOR_ETH = "swapTokensForETH(uint256,uint256)"
RATES, SLIPPAGE = "setFeeRates(uint256,uint256)", "setMaxSlippageRate(uint256)"


@pytest.fixture
def swap(
    theatre: Theatre, conn: Connection[Any], dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> Theatre:
    """An indexed pool of 500 tokens and 5 ETH, and what the function's environment gives it."""
    resources.forget()
    registry.register(conn, theatre.suite)
    theatre.do(theatre.on_swap(NOAH, ADD, 500 * TOKEN, 0, 0, value=5 * ETHER))
    index()
    return theatre


def set_block_time(conn: Connection[Any], seconds_ago: int) -> None:
    conn.execute(
        "UPDATE blocks_processed SET block_time = now() - %s * interval '1 s'", [seconds_ago]
    )


def get(amount: Any, *, for_eth: bool = True, **query: str) -> tuple[int, Any, dict[str, Any]]:
    token = settings.current_suite().platform_token
    pair = (token, ZERO_ADDRESS) if for_eth else (ZERO_ADDRESS, token)
    asked = {"in_token": pair[0], "out_token": pair[1], "amount": str(amount)} | query
    event = {
        "httpMethod": "GET",
        "path": "/v1/swap/quote",
        "headers": {},
        "multiValueHeaders": {},
        "queryStringParameters": asked,
        "multiValueQueryStringParameters": {name: [value] for name, value in asked.items()},
        "requestContext": {"requestId": "r-1", "stage": "test"},
        "body": None,
        "isBase64Encoded": False,
    }
    context: Any = SimpleNamespace(
        function_name="swap", memory_limit_in_mb=1, invoked_function_arn="", aws_request_id=""
    )
    answer = lambda_handler(event, context)
    return answer["statusCode"], json.loads(answer["body"]), answer["multiValueHeaders"]


def code_of(answer: tuple[int, Any, dict[str, Any]]) -> tuple[int, str]:
    return answer[0], answer[1]["error_code"]


def test_the_indexed_pool_is_the_contracts_after_every_change(
    swap: Theatre, conn: Connection[Any]
) -> None:
    changes = (
        swap.on_swap(PLATFORM, RATES, 25, 10),
        swap.on_swap(NOAH, REMOVE, 10**18, 0, 0),
        swap.on_swap(NOAH, ADD, 3 * TOKEN, 0, 0, value=ETHER),
    )
    for change in changes:
        swap.do(change)
        index()
        found = indexed_pool.find(conn, resources.suite_id())
        assert found is not None
        theirs = chain_pool.read(swap.node, swap.suite.token_swap)
        ours = found[0]
        assert (ours.reserve_token, ours.reserve_eth) == (theirs.reserve_token, theirs.reserve_eth)
        assert (ours.fee_bps, ours.block_number) == (theirs.fee_bps, theirs.block_number)


@pytest.mark.parametrize("seconds_ago", [0, 3_600])
def test_a_quote_says_what_the_contract_would_pay(
    swap: Theatre, conn: Connection[Any], seconds_ago: int
) -> None:
    set_block_time(conn, seconds_ago)
    began = time()
    status, body, headers = get(10 * TOKEN, slippage_bps="100")
    assert status == 200
    out = swap.ask("TokenSwap", "getETHAmountOut", 10 * TOKEN)
    assert body["amount_out"] == str(out)
    assert body["minimum_out"] == str(out * 9_900 // 10_000)
    assert (body["fee"], body["fee_bps"]) == (str(10 * TOKEN * 30 // 10_000), 30)
    assert (body["slippage_bps"], body["max_slippage_bps"]) == (100, 1_000)
    assert body["as_of_block"] == int(swap.node.call("eth_blockNumber"), 16)
    assert body["out_token"] == ZERO_ADDRESS
    assert datetime.fromisoformat(body["valid_until"]).timestamp() in range(
        int(began) + 5, int(time()) + 16
    )
    assert headers["Cache-Control"] == ["public, max-age=5"]
    minimum = int(body["minimum_out"])
    assert swap.do(swap.on_swap(MINA, FOR_ETH, 10 * TOKEN, minimum))


def test_a_swap_that_is_not_indexed_yet_is_seen_when_the_index_lags(
    swap: Theatre, conn: Connection[Any]
) -> None:
    swap.do(swap.on_swap(PLATFORM, SLIPPAGE, 77), swap.on_swap(PLATFORM, RATES, 0, 10))
    set_block_time(conn, 0)
    assert get(TOKEN)[1]["fee_bps"] == 30
    set_block_time(conn, 3_600)
    behind = get(2 * TOKEN)[1]
    assert (behind["fee_bps"], behind["max_slippage_bps"]) == (0, 77)
    assert behind["amount_out"] == str(swap.ask("TokenSwap", "getETHAmountOut", 2 * TOKEN))


def test_a_quote_without_the_database_comes_from_the_chain(
    swap: Theatre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DB_URL", "postgresql://nobody@127.0.0.1:1/none?connect_timeout=1")
    resources.forget()
    assert get(TOKEN)[1]["amount_out"] == str(swap.ask("TokenSwap", "getETHAmountOut", TOKEN))


def test_a_quote_is_cached_by_pair_and_amount_and_bounded_anew(
    swap: Theatre, conn: Connection[Any]
) -> None:
    set_block_time(conn, 0)
    first = get(TOKEN)[1]
    conn.execute("UPDATE swap_pool SET reserve_eth = reserve_eth / 2")
    again = get(TOKEN, slippage_bps="1000")[1]
    assert again["amount_out"] == first["amount_out"]
    assert int(again["minimum_out"]) < int(first["minimum_out"])
    resources.forget()  # another warm process finds it in the table
    assert get(TOKEN)[1] == first
    assert get(TOKEN + 1)[1]["amount_out"] != first["amount_out"]
    assert get(TOKEN, for_eth=False)[1]["amount_out"] != first["amount_out"]


def test_a_quote_does_not_need_its_cache(
    swap: Theatre, conn: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_block_time(conn, 0)
    monkeypatch.setenv("CACHE_TABLE", "there-is-no-such-table")
    resources.forget()
    out = str(swap.ask("TokenSwap", "getETHAmountOut", TOKEN))
    assert get(TOKEN)[1]["amount_out"] == out


def test_without_the_node_only_the_index_quotes(
    swap: Theatre, conn: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_block_time(conn, 0)
    monkeypatch.setenv("RPC_URL", "http://127.0.0.1:1")
    resources.forget()
    status, body, _ = get(TOKEN)
    assert (status, body["max_slippage_bps"]) == (200, None)
    set_block_time(conn, 3_600)
    assert code_of(get(2 * TOKEN)) == (503, "RPC_UNAVAILABLE")


def test_what_can_not_be_swapped_is_refused_by_name(swap: Theatre, conn: Connection[Any]) -> None:
    set_block_time(conn, 0)
    assert code_of(get(0)) == (422, "SWAP_AMOUNT_ZERO")
    assert code_of(get(2**255)) == (422, "SWAP_AMOUNT_TOO_LARGE")
    assert code_of(get(10**78 - 1)) == (422, "SWAP_AMOUNT_TOO_LARGE")
    assert code_of(get(1, in_token="0x" + "77" * 20)) == (422, "SWAP_PAIR_UNKNOWN")
    assert code_of(get(1, slippage_bps="1001")) == (422, "SLIPPAGE_TOO_HIGH")
    conn.execute("UPDATE swap_pool SET reserve_eth = 0")
    assert code_of(get(5)) == (409, "SWAP_POOL_EMPTY")


@pytest.mark.parametrize(
    "amount", ["", "-1", "1.5", "01", "1_000", "+1", "\u0661", "9" * 79, "1e3"]
)
def test_an_amount_is_a_plain_decimal_number(swap: Theatre, amount: str) -> None:
    assert code_of(get(amount)) == (400, "BAD_REQUEST")


def test_a_node_that_answers_nonsense_is_an_outage(swap: Theatre) -> None:
    for contract in (swap.suite.platform_token, "0x" + "77" * 20):
        for read in (chain_pool.read, chain_pool.max_slippage_bps):
            with pytest.raises(Unavailable) as outage:
                read(Node(swap.node.url), contract)
            assert outage.value.code == "RPC_UNAVAILABLE"
