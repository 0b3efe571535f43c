"""Nodes that take no batches are asked one by one, and refusals of another kind are told as they
are.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from onlineticket.chain import rpc
from onlineticket.chain.rpc import Node
from onlineticket.chain.rpc_errors import RpcError
from tests.chaos import faults
from tests.chaos.lying_node import Asked, Echo, Fault, LyingNode, always, serving

REFUSALS = {
    "not supported": faults.refused(-32600, "batch requests are not supported"),
    "a parse error": faults.refused(-32700, "Parse error"),
    "no such method": faults.refused(-32601, "Method not found"),
    "invalid": faults.refused(-32600, "Invalid Request"),
    "too many": faults.refused(-32000, "batch of more than 1 is not allowed"),
}


def batches(fault: Fault) -> Fault:
    """Those alone, be it of one call."""
    return lambda asked, truth: fault(asked, truth) if isinstance(truth, list) else truth


@pytest.fixture
def server() -> Iterator[LyingNode]:
    with serving(Echo()) as echo:
        yield echo


@pytest.fixture
def node(server: LyingNode) -> Node:
    return Node(server.url, sleep=lambda _: None)


def echoes(*values: Any) -> list[rpc.Call]:
    return [("echo", [value]) for value in values]


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_node_that_takes_no_batches_is_asked_one_by_one(
    refusal: str, node: Node, server: LyingNode
) -> None:
    server.script = always(batches(REFUSALS[refusal]))
    assert node.batch(echoes(1, 2)) == [1, 2]
    assert node.try_batch(echoes(3)) == [3]
    assert node.try_batch(echoes(4, 5, 6)) == [4, 5, 6]
    assert not node.takes_batches
    # It was tried with one batch only, and asked for nothing twice.
    assert [len(asked) for asked, _ in server.requests] == [2, 1, 1, 1, 1, 1, 1]


def test_what_was_answered_one_by_one_is_not_asked_again_when_one_fails(
    node: Node, server: LyingNode
) -> None:
    node.takes_batches = False
    failed: list[Asked] = []

    def script(asked: Asked) -> Fault | None:
        if asked[0]["params"] == [3] and not failed:
            failed.append(asked)
            return faults.dropped(0)
        return None

    server.script = script
    assert node.batch(echoes(1, 2, 3, 4)) == [1, 2, 3, 4]
    assert [asked[0]["params"][0] for asked, _ in server.requests] == [1, 2, 3, 3, 4]


def test_a_refusal_that_single_calls_meet_too_is_not_the_batches(
    node: Node, server: LyingNode
) -> None:
    server.script = always(faults.refused(-32000, "no"))
    with pytest.raises(RpcError, match="no"):
        node.batch(echoes(1, 2))
    assert node.takes_batches
    assert [str(one) for one in node.try_batch(echoes(1, 2))] == ["-32000: no"] * 2


def test_one_by_one_a_refused_call_is_told_in_its_place(node: Node, server: LyingNode) -> None:
    def second(asked: Asked, truth: Any) -> Any:
        if asked[0]["params"] == [2]:
            return {**faults.refusal(3, "execution reverted"), "id": asked[0]["id"]}
        return truth

    node.takes_batches = False
    server.script = always(second)
    first, refusal, third = node.try_batch(echoes(1, 2, 3))
    assert (first, third) == (1, 3)
    assert isinstance(refusal, RpcError)
    with pytest.raises(RpcError, match="reverted"):
        node.batch(echoes(1, 2, 3))
