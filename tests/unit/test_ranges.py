"""How many blocks to ask for: what a node's answers and refusals teach."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onlineticket.domain.chain_log import RangeTooLarge
from onlineticket.domain.ranges import (
    FASTEST_GROWTH,
    FIRST_PROBE,
    FIRST_WIDTH,
    LAST_PROBE,
    LOGS_PER_COMMIT,
    MOST_BLOCKS,
    Width,
    split,
)

WIDTHS = st.integers(1, MOST_BLOCKS)


@given(st.integers(0, 10**9), st.integers(0, 500), st.integers(1, 600))
def test_a_split_range_is_whole_in_order_and_nowhere_too_wide(
    first: int, extent: int, width: int
) -> None:
    last = first + extent
    parts = split(first, last, width)
    assert [block for start, end in parts for block in range(start, end + 1)] == list(
        range(first, last + 1)
    )
    assert all(end - start + 1 == width for start, end in parts[:-1])
    assert 1 <= parts[-1][1] - parts[-1][0] + 1 <= width


def test_a_range_that_ends_before_it_begins_is_no_range() -> None:
    assert split(5, 4, 10) == []


def test_a_first_range_is_of_a_modest_width() -> None:
    assert (Width().blocks, Width().ceiling) == (FIRST_WIDTH, MOST_BLOCKS)


def test_the_next_range_aims_at_one_good_commit() -> None:
    width = Width(blocks=100)
    width.learn(100, LOGS_PER_COMMIT // 2)
    assert width.blocks == 200
    width.learn(200, LOGS_PER_COMMIT * 2)
    assert width.blocks == 100


@pytest.mark.parametrize("logs", [0, 1])
def test_empty_blocks_widen_the_range_by_steps(logs: int) -> None:
    width = Width(blocks=100)
    width.learn(100, logs)
    assert width.blocks == 100 * FASTEST_GROWTH


def test_a_range_is_never_wider_than_the_node_was_heard_to_take() -> None:
    width = Width(blocks=1_000)
    assert width.refused(1_000, hint=300) == 300
    assert (width.blocks, width.ceiling) == (300, 300)
    width.learn(300, 0)
    assert width.blocks == 300


def test_a_refusal_without_a_hint_halves_the_range_and_is_forgotten_with_the_logs() -> None:
    width = Width(blocks=1_000)
    assert width.refused(1_000, hint=None) == 500
    assert (width.blocks, width.ceiling) == (500, MOST_BLOCKS)
    width.learn(500, 0)
    assert width.blocks == 2_000


@pytest.mark.parametrize("hint", [1_000, 5_000, 0, -1])
def test_a_hint_that_is_no_less_than_what_was_refused_is_not_believed(hint: int) -> None:
    width = Width(blocks=1_000)
    assert width.refused(1_000, hint) == 500
    assert width.ceiling == MOST_BLOCKS


def test_a_refusal_of_a_piece_does_not_widen_what_was_narrowed_before() -> None:
    width = Width(blocks=100)
    width.refused(800, hint=None)
    assert width.blocks == 100


def test_a_node_may_take_no_more_than_one_block_at_a_time() -> None:
    width = Width(blocks=1_000)
    assert width.refused(1_000, hint=1) == 1
    width.learn(1, 0)
    assert (width.blocks, width.ceiling) == (1, 1)


def test_blocks_full_of_logs_narrow_the_range_to_one_block_and_no_further() -> None:
    width = Width(blocks=100)
    width.learn(1, LOGS_PER_COMMIT * 9)
    assert width.blocks == 1


def test_one_log_in_a_range_is_counted_as_one() -> None:
    width = Width(blocks=LOGS_PER_COMMIT)
    width.learn(2, 1)
    assert width.blocks == LOGS_PER_COMMIT * 2


def test_of_two_hints_the_smaller_is_the_nodes_limit() -> None:
    width = Width(blocks=1_000)
    width.refused(1_000, hint=300)
    width.refused(2_000, hint=700)
    assert width.ceiling == 300


def test_one_block_that_was_too_many_leaves_none_to_ask_for() -> None:
    width = Width(blocks=1)
    assert width.refused(1, hint=None) == 0
    assert width.blocks == 1


@given(
    st.lists(st.tuples(WIDTHS, st.integers(0, 10**6), st.none() | st.integers(-5, MOST_BLOCKS))),
    WIDTHS,
)
def test_whatever_a_node_says_the_width_stays_usable_and_each_refusal_asks_for_less(
    lessons: list[tuple[int, int, int | None]], start: int
) -> None:
    width = Width(blocks=start)
    for blocks, logs, hint in lessons:
        assert 0 <= width.refused(blocks, hint) < blocks
        width.learn(blocks, logs)
        assert 1 <= width.blocks <= width.ceiling <= MOST_BLOCKS


def answered(width: Width, times: int) -> None:
    """So many empty ranges, each as wide as may be."""
    for _ in range(times):
        width.learn(width.blocks, 0)


def test_a_limit_that_passed_does_not_slow_the_rest_of_a_run() -> None:
    width = Width(blocks=1_000)
    width.refused(1_000, hint=10)
    answered(width, FIRST_PROBE - 1)
    assert width.blocks == 10
    for twice_as_much in (20, 40, 80):
        answered(width, 1)
        assert width.blocks == twice_as_much
        answered(width, FIRST_PROBE - 1)


def test_a_limit_that_stands_is_tried_less_and_less_often() -> None:
    width = Width(blocks=1_000)
    width.refused(1_000, hint=10)
    waits = []
    for _ in range(8):
        answers = 0
        while width.blocks == 10:
            answered(width, 1)
            answers += 1
        waits.append(answers)
        assert width.blocks == 20
        assert width.refused(20, hint=10) == 10
    assert waits == [min(FIRST_PROBE * 2**time, LAST_PROBE) for time in range(8)]


def test_ranges_narrower_than_the_limit_teach_nothing_about_it() -> None:
    width = Width(blocks=1_000)
    width.refused(1_000, hint=10)
    for _ in range(3 * FIRST_PROBE):
        width.learn(9, 0)
    assert (width.blocks, width.ceiling) == (10, 10)


def test_a_refusal_carries_the_nodes_hint() -> None:
    assert RangeTooLarge(500).hint == 500
    assert RangeTooLarge(None).hint is None
