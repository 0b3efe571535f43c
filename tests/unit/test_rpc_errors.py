"""What a node's words mean: the wordings of well-known providers, and anything else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onlineticket.chain.rpc_errors import (
    RetryableRpcError,
    RpcError,
    TooMuch,
    UnknownBlock,
    classify,
    width_hint,
)

TOO_MUCH: list[tuple[int, str, int | None]] = [
    # code, message, how many blocks it offers
    (-32005, "query returned more than 10000 results", None),
    (
        -32005,
        "query returned more than 10000 results. Try with this block range [0x64, 0xc7].",
        100,
    ),
    (-32602, "query exceeds max results 20000, retry with the range 6000000-6000509", 510),
    (-32602, "request exceeded max allowed range: query exceeds max results 9, range 1-500", 500),
    (-32602, "query exceeds max block range 100000", 100_000),
    (
        -32602,
        "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range "
        "and no limit on the response size, or you can request any block range with a cap of 10K "
        "logs in the response. Based on your parameters and the response size limit, this block "
        "range should work: [0xc5dc00, 0xc5dcff]",
        256,
    ),
    (-32600, "you can make eth_getLogs requests with up to a 2K block range", 2000),
    (-32600, "Under the Free tier plan, requests with up to a 10 block range. Upgrade.", 10),
    (-32614, "eth_getLogs is limited to a 10,000 range", 10_000),
    (-32600, "eth_getLogs and eth_newFilter are limited to a 10,000 blocks range", 10_000),
    (-32000, "eth_getLogs is limited to 0 - 1024 blocks range", 1024),
    (-32000, "limited to 2_000 block", 2000),
    (-32600, "block range is too wide", None),
    (-32603, "block range is too wide (maximum 1024)", 1024),
    (-32000, "block range too large, range: 20000, max: 10000", 10_000),
    (-32000, "block range too large (2000), maximum allowed is 1000 blocks", 1000),
    (-32000, "block range greater than 10000 max", 10_000),
    (-32047, "Invalid request. 'fromBlock'-'toBlock' range too large. Max range: 800", 800),
    (-32047, "Max range: 800", 800),
    (-32000, "exceed maximum block range: 5000", 5000),
    (-32012, "requested range too large", None),
    (-32000, "requested too many blocks from 1 to 20000, maximum is set to 2048", 2048),
    (-32005, "Too many logs requested. Max logs per response is 20000.", None),
    (-32005, "Requested range exceeds maximum RPC range limit", None),
    (-32000, "maximum [from, to] blocks distance: 10000", 10_000),
    (-32000, "query must be smaller than size 1024", 1024),
    (-32000, "too wide blocks range, the limit is 10000", 10_000),
    (-32000, "Maximum allowed number of requested blocks is 3500", 3500),
    (-32000, "Please limit the query to at most 1000 blocks", 1000),
    (35, "ranges over 10000 blocks are not supported on freetier", 10_000),
    (-32000, "logs matched by query exceeds limit of 10000", None),
    (-32602, "Block range limit exceeded. See https://example.com/docs#limits-2024", None),
    (-32000, "Query timeout exceeded. This block range should work: [0x10, 0x1f]", 16),
    (-32003, "response too large", None),
    (-32600, "batch too large", None),
    (31, "Batch of more than 3 requests are not allowed on free tier", None),
    (-32000, "Request Entity Too Large", None),
]

RATES = [
    (-32005, "daily request count exceeded, request rate limited"),
    (-32005, "project ID request rate exceeded"),
    (429, "Your app has exceeded its compute units per second capacity"),
    (-32016, "over rate limit"),
    (-32000, "too many requests"),
    (-32097, "whatever"),
]

UNKNOWN_BLOCKS = [
    (-32000, "header not found"),
    (-32000, "block not found"),
    (-32000, "finalized block not found"),
    (-39001, "Unknown block"),
    (-32001, "resource not found"),
    (-32602, "block range extends beyond current head block"),
    (-32602, "invalid block range params"),
    (-32000, "requested to block 100 after last accepted block 99"),
    (-32602, "BlockOutOfRangeError: block height is 70 but requested was 90"),
    (-32000, "One of the blocks specified in filter (fromBlock, toBlock) cannot be found"),
    (-32000, "missing trie node 0d0d (path )"),
    (-32000, "state is not available, pruned"),
]

MOMENTS = [
    # code, message, whether less might work
    (-32002, "request timed out", True),
    (-32000, "execution timeout", True),
    (-32000, "context deadline exceeded", True),
    (-32005, "limit exceeded", True),
    (-32603, "Internal error", False),
    (-32000, "internal error", False),
    (-32002, "resource unavailable", False),
    (-32011, "no backend is currently healthy to serve traffic", False),
    (-32000, "service temporarily overloaded, try again", False),
]

FINAL = [
    (3, "execution reverted: EventManager: no such event"),
    (-32000, "execution reverted"),
    (-32000, "VM Exception while processing transaction: revert block range too wide"),
    (-32601, "the method eth_getLogs does not exist/is not available"),
    (-32602, "invalid argument 0: hex string without 0x prefix"),
    (-32000, "insufficient funds for gas * price + value"),
    (-32000, "nonce too low"),
    (-32700, "parse error"),
]


def classified(code: Any, message: Any, **more: Any) -> Exception:
    return classify({"code": code, "message": message, **more})


@pytest.mark.parametrize(("code", "message", "blocks"), TOO_MUCH)
def test_a_range_or_an_answer_too_large_is_to_be_asked_for_in_parts(
    code: int, message: str, blocks: int | None
) -> None:
    error = classified(code, message)
    assert isinstance(error, TooMuch)
    assert error.hint == blocks


@pytest.mark.parametrize(("code", "message"), RATES)
def test_one_request_too_many_is_asked_again_later(code: int, message: str) -> None:
    error = classified(code, message)
    assert isinstance(error, RetryableRpcError)
    assert error.rate
    assert not error.heavy


@pytest.mark.parametrize(("code", "message"), UNKNOWN_BLOCKS)
def test_a_block_that_a_node_lacks_is_told_from_all_other_refusals(code: int, message: str) -> None:
    assert type(classified(code, message)) is UnknownBlock


@pytest.mark.parametrize(("code", "message", "heavy"), MOMENTS)
def test_a_bad_moment_passes_and_what_took_too_long_might_be_asked_in_parts(
    code: int, message: str, heavy: bool
) -> None:
    error = classified(code, message)
    assert isinstance(error, RetryableRpcError)
    assert error.heavy is heavy


@pytest.mark.parametrize(("code", "message"), FINAL)
def test_all_else_is_final(code: int, message: str) -> None:
    error = classified(code, message, data="0x08c379a0")
    assert type(error) is RpcError
    assert (error.code, error.message, error.data) == (code, message, "0x08c379a0")


def test_the_reason_may_stand_in_the_data() -> None:
    error = classified(-32602, "invalid params", data="query exceeds max block range 500")
    assert isinstance(error, TooMuch)
    assert error.hint == 500


@pytest.mark.parametrize(
    "member", [None, "unauthorized", 7, [], {}, {"code": 3}, {"code": 3, "message": None}]
)
def test_an_error_of_no_known_form_says_nothing(member: Any) -> None:
    assert isinstance(classify(member), RetryableRpcError)


@pytest.mark.parametrize("code", [None, "-32000", True, 1.5, [3]])
def test_a_code_that_is_no_number_counts_for_nothing(code: Any) -> None:
    error = classified(code, "no")
    assert isinstance(error, RpcError)
    assert error.code == 0


@pytest.mark.parametrize(
    "message",
    [
        "block range too wide, try [0x20, 0x10]",
        "block range too wide, at most 0 blocks",
        "query exceeds max results 20000, retry with the range 500-1",
    ],
)
def test_a_range_of_no_blocks_is_no_hint(message: str) -> None:
    assert width_hint(message) is None


@given(st.text() | st.from_regex(r"(block range|max|limit|up to|\[| |-|,|0x|[0-9]+|k){0,40}"))
def test_any_message_is_of_some_kind_and_its_hint_a_number_of_blocks(message: str) -> None:
    error = classified(-32000, message)
    assert isinstance(error, RpcError | RetryableRpcError)
    hint = width_hint(message)
    assert hint is None or hint > 0


def test_a_message_without_end_is_read_no_further_than_any_needs() -> None:
    error = classified(-32000, "block range [" + "9" * 10_000_000)
    assert isinstance(error, TooMuch)
    assert len(error.message) == 1000
