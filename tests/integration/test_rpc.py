"""The JSON-RPC client over real HTTP, against a server that does what it is told."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import pytest

from infra.local import ports
from onlineticket.chain import rpc
from onlineticket.chain.rpc import Node
from onlineticket.chain.rpc_errors import RpcError, TooMuch, UnknownBlock
from onlineticket.domain.errors import Unavailable
from tests.chaos import faults
from tests.chaos.lying_node import (
    Asked,
    Echo,
    Fault,
    LyingNode,
    Reply,
    always,
    at_first,
    serving,
    truthfully,
)

TIMEOUT_SECONDS = 0.2


@dataclass
class Waits:
    slept: list[float] = field(default_factory=list)
    ahead: float = 0.0
    """Of the real clock, which the time slept does not move."""

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.ahead += seconds

    def clock(self) -> float:
        return monotonic() + self.ahead


@pytest.fixture
def server() -> Iterator[LyingNode]:
    with serving(Echo()) as echo:
        yield echo


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def node(server: LyingNode, waits: Waits) -> Node:
    return Node(server.url, TIMEOUT_SECONDS, sleep=waits.sleep, clock=waits.clock)


def echoes(*values: Any) -> list[rpc.Call]:
    return [("echo", [value]) for value in values]


def over(calls: int, fault: Fault) -> Fault:
    """`fault` for every batch of more calls than that."""
    return faults.where(lambda asked: len(asked) > calls, fault)


# -- Answers --------------------------------------------------------------------------------------


def test_results_come_in_the_order_of_the_calls(node: Node, server: LyingNode) -> None:
    server.script = always(faults.json_as(lambda truth: truth[::-1]))
    assert node.batch(echoes(7, None, "x", [1])) == [7, None, "x", [1]]


def test_a_batch_of_nothing_asks_nothing(node: Node, server: LyingNode) -> None:
    assert (node.batch([]), node.try_batch([])) == ([], [])
    assert server.requests == []


def test_what_comes_too_late_is_never_taken_for_the_next_answer(
    node: Node, server: LyingNode
) -> None:
    server.script = at_first(faults.late(1.5 * TIMEOUT_SECONDS))
    assert [node.call("echo", [value]) for value in range(3)] == [0, 1, 2]
    assert node.counters.requests == 6


def test_threads_that_share_a_node_get_their_own_answers(node: Node, server: LyingNode) -> None:
    server.script = at_first(faults.dropped(90))
    node.timeout_seconds = 10.0

    def ask(value: int) -> bool:
        return node.batch(echoes(value, -value)) == [value, -value]

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(ask, range(200)))
    assert (node.counters.requests, node.counters.retries) == (400, 200)


def test_a_connection_is_kept_as_long_as_it_is_whole(node: Node, server: LyingNode) -> None:
    for value in range(5):
        node.call("echo", [value])
    assert server.connections == 1
    server.script = at_first(faults.dropped(10))
    node.call("echo", [5])
    node.call("echo", [6])
    assert server.connections == 3


# -- Waiting --------------------------------------------------------------------------------------


def test_a_node_is_asked_so_many_times_and_then_given_up(
    node: Node, server: LyingNode, waits: Waits
) -> None:
    server.script = always(faults.page(502))
    with pytest.raises(Unavailable) as outage:
        node.call("echo", [1])
    assert outage.value.code == "RPC_UNAVAILABLE"
    assert len(server.requests) == 5
    assert len(waits.slept) == 4
    assert (node.counters.requests, node.counters.retries, node.counters.rate_limited) == (5, 5, 0)


def test_a_node_that_is_not_there_is_given_up(waits: Waits) -> None:
    node = Node(f"http://127.0.0.1:{ports.free()}", sleep=waits.sleep)
    with pytest.raises(Unavailable):
        node.call("echo", [1])
    assert len(waits.slept) == 4


def test_waits_are_random_below_a_bound_that_doubles_up_to_a_limit(
    node: Node, server: LyingNode, waits: Waits
) -> None:
    server.script = always(faults.status(500))
    node.attempts, node.max_delay, node.patience_seconds = 7, 2.0, 1000.0
    rounds = 8
    for _ in range(rounds):
        with pytest.raises(Unavailable):
            node.call("echo", [1])
    bounds = [0.2, 0.4, 0.8, 1.6, 2.0, 2.0] * rounds
    assert all(0 <= wait <= bound for wait, bound in zip(waits.slept, bounds, strict=True))
    # Full jitter: neither near the bounds, nor the same twice.
    assert 0.2 < sum(waits.slept) / sum(bounds) < 0.8
    assert len(set(waits.slept)) == len(bounds)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_retry_after_is_the_least_that_is_waited(
    status: int, node: Node, server: LyingNode, waits: Waits
) -> None:
    server.script = at_first(faults.status(status, Retry_After="3"))
    assert node.call("echo", [1]) == 1
    assert waits.slept == [3.0]


@pytest.mark.parametrize("text", ["", "soon", "-5", "nan", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_a_retry_after_that_is_no_number_of_seconds_is_ignored(
    text: str, node: Node, server: LyingNode, waits: Waits
) -> None:
    server.script = at_first(faults.status(429, Retry_After=text))
    assert node.call("echo", [1]) == 1
    assert waits.slept[0] <= node.base_delay


@pytest.mark.parametrize(("text", "away"), [("30", 30.0), ("inf", rpc.LONGEST_WAIT)])
def test_a_node_that_wants_to_be_left_alone_for_long_is(
    text: str, away: float, node: Node, server: LyingNode, waits: Waits
) -> None:
    server.script = at_first(faults.status(429, Retry_After=text))
    for _ in range(3):
        with pytest.raises(Unavailable):
            node.call("echo", [1])
    waits.ahead += away - 1
    with pytest.raises(Unavailable):
        node.call("echo", [2])
    assert (len(server.requests), waits.slept) == (1, [])
    waits.ahead += 1
    assert node.call("echo", [1]) == 1


def test_waits_add_up_to_no_more_than_our_patience(
    node: Node, server: LyingNode, waits: Waits
) -> None:
    server.script = always(faults.status(429, Retry_After="8"))
    with pytest.raises(Unavailable):
        node.call("echo", [1])
    assert waits.slept == [8.0, 8.0]
    assert node.counters.rate_limited == 3


# -- Too much -------------------------------------------------------------------------------------

HEAVY: dict[str, Fault] = {
    "413": faults.status(413),
    "504": faults.page(504),
    "a refusal": faults.refused(-32600, "batch too large"),
    "a refusal under 500": faults.status(
        500, json.dumps(faults.refusal(-32003, "response too large")).encode()
    ),
    "a timeout of the node's": faults.refused(-32002, "request timed out"),
    "silence": faults.late(1.5 * TIMEOUT_SECONDS),
    "a trickle": faults.trickling(400),
    "over 64 MiB": faults.vast(65 * 2**20, framed=True),
    "over 64 MiB without a length": faults.vast(65 * 2**20, framed=False),
}


@pytest.mark.parametrize("fault", HEAVY)
def test_a_batch_that_is_too_much_is_to_be_asked_for_in_parts(
    fault: str, node: Node, server: LyingNode
) -> None:
    server.script = always(HEAVY[fault])
    with pytest.raises(TooMuch):
        node.batch(echoes(1, 2, 3))
    assert len(server.requests) == 1


@pytest.mark.parametrize("fault", HEAVY)
def test_try_batch_divides_what_is_too_much(fault: str, node: Node, server: LyingNode) -> None:
    server.script = always(over(4, HEAVY[fault]))
    assert node.try_batch(echoes(*range(7))) == list(range(7))
    assert [len(asked) for asked, _ in server.requests] == [7, 3, 4]


def test_one_call_that_takes_long_is_asked_again(node: Node, server: LyingNode) -> None:
    server.script = at_first(faults.late(1.5 * TIMEOUT_SECONDS))
    assert node.call("echo", [1]) == 1
    assert node.try_batch(echoes(2)) == [2]


def test_no_time_is_lost_on_an_answer_that_its_length_betrays(
    node: Node, server: LyingNode
) -> None:
    huge = str(2**50)
    server.script = always(lambda asked, truth: Reply(b"[", headers={"Content-Length": huge}))
    with pytest.raises(TooMuch):
        node.batch(echoes(1, 2))


def test_silence_whatever_is_asked_is_an_outage_at_last(
    node: Node, server: LyingNode, waits: Waits
) -> None:
    server.script = always(faults.late(1.5 * TIMEOUT_SECONDS))
    for _ in range(2):
        with pytest.raises(TooMuch):
            node.batch(echoes(1, 2))
        waits.ahead += node.patience_seconds * 0.6
    with pytest.raises(Unavailable):
        node.batch(echoes(1, 2))
    server.script = truthfully
    assert node.batch(echoes(1, 2)) == [1, 2]
    server.script = always(faults.late(1.5 * TIMEOUT_SECONDS))
    with pytest.raises(TooMuch):
        node.batch(echoes(1, 2))


# -- Refusals -------------------------------------------------------------------------------------


def refuses(value: Any, code: int, message: str) -> Fault:
    """The calls with that parameter."""

    def fault(asked: Asked, truth: Any) -> Any:
        doomed = {one["id"] for one in asked if one["params"] == [value]}
        lies = [
            {**faults.refusal(code, message), "id": one["id"]} if one["id"] in doomed else one
            for one in (truth if isinstance(truth, list) else [truth])
        ]
        return lies if isinstance(truth, list) else lies[0]

    return fault


def test_a_refusal_is_final_and_told_with_its_code(node: Node, server: LyingNode) -> None:
    server.script = always(refuses(2, 3, "execution reverted"))
    with pytest.raises(RpcError, match="reverted") as refusal:
        node.batch(echoes(1, 2, 3))
    assert refusal.value.code == 3
    with pytest.raises(RpcError, match="reverted"):
        node.call("echo", [2])
    assert len(server.requests) == 2


def test_try_batch_keeps_a_refusal_in_its_place(node: Node, server: LyingNode) -> None:
    server.script = always(refuses(2, 3, "execution reverted"))
    first, refusal, last = node.try_batch(echoes(1, 2, 3))
    assert (first, last) == (1, 3)
    assert isinstance(refusal, RpcError)


def test_try_batch_asks_all_again_when_one_answer_may_still_come(
    node: Node, server: LyingNode
) -> None:
    server.script = at_first(refuses(2, -32603, "internal error"))
    assert node.try_batch(echoes(1, 2, 3)) == [1, 2, 3]
    assert len(server.requests) == 2


def test_try_batch_tells_every_caller_when_all_are_refused_at_once(
    node: Node, server: LyingNode
) -> None:
    server.script = always(faults.refused(-32600, "batch requests are not supported"))
    refusals = node.try_batch(echoes(1, 2, 3))
    assert [type(one) for one in refusals] == [RpcError] * 3


def test_a_block_not_known_yet_is_waited_for_by_those_who_need_it(
    node: Node, server: LyingNode
) -> None:
    server.script = at_first(refuses(2, -32000, "header not found"))
    assert node.batch(echoes(1, 2)) == [1, 2]
    assert node.call("echo", [2]) == 2
    assert len(server.requests) == 4


def test_a_block_not_known_yet_is_told_at_once_to_those_who_try(
    node: Node, server: LyingNode
) -> None:
    server.script = always(refuses(2, -32000, "header not found"))
    found, unknown = node.try_batch(echoes(1, 2))
    assert found == 1
    assert isinstance(unknown, UnknownBlock)
    assert len(server.requests) == 1


# -- What stays with us ---------------------------------------------------------------------------


def test_no_error_names_the_nodes_address_which_may_hold_a_key(
    server: LyingNode, waits: Waits
) -> None:
    node = Node(f"{server.url}/v3/s3cr3t?key=s3cr3t", TIMEOUT_SECONDS, sleep=waits.sleep)
    assert node.call("echo", [1]) == 1
    for fault in (faults.page(403), faults.dropped(0), faults.late(1.5 * TIMEOUT_SECONDS)):
        server.script = always(fault)
        with pytest.raises(Unavailable) as outage:
            node.call("echo", [1])
        told: BaseException | None = outage.value
        while told is not None:
            assert "s3cr3t" not in repr(told)
            told = told.__cause__


def test_counts_of_many_threads_are_exact(node: Node) -> None:
    lined_up = threading.Barrier(8)

    def count(_: int) -> None:
        lined_up.wait()
        for _ in range(2000):
            node.counters.add(requests=1, retries=1, rate_limited=1)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(8)))
    assert (node.counters.requests, node.counters.rate_limited) == (16_000, 16_000)
