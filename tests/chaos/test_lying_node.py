"""A node that lies, stalls or refuses costs time, never a row.

Through a proxy that does it, a pass of the indexer ends in one of two ways: with the very rows of
an undisturbed pass, or given up as Unavailable, with the rows of a shorter one and its cursor; the
next undisturbed pass then makes them the same.
"""

from typing import Any

import pytest

from onlineticket.domain.errors import Unavailable
from onlineticket.usecases.index_chain import Pass, run_pass
from tests.chaos import faults
from tests.chaos.lies import (
    CALL,
    EVERY,
    HARMLESS,
    HEADER,
    LOGS,
    SLOW,
    TAKES_TIME,
    TIMEOUT_SECONDS,
    TOO_MUCH,
    refuses_ranges_over,
    unfinalized,
)
from tests.chaos.lying_node import (
    Asked,
    always,
    at_first,
    at_random,
    then,
    truthfully,
)
from tests.chaos.lying_stage import Stage, head

# -- No answer, or none that can be used ----------------------------------------------------------


@pytest.mark.parametrize("fault", EVERY)
def test_a_lie_costs_nothing_but_time(fault: str, stage: Stage) -> None:
    """Each question is answered wrongly at first; then, from the second range of the tail on,
    always; then only at first again.
    """
    stage.liar.script = then(4, at_first(EVERY[fault]), always(EVERY[fault]))
    with pytest.raises(Unavailable):
        stage.index()
    stage.is_whole_up_to_its_cursor()
    stage.liar.script = at_first(EVERY[fault])
    stage.index()
    assert stage.rows() == stage.truth
    assert stage.waits.slept


# -- Too much -------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", TOO_MUCH)
def test_a_node_that_finds_it_too_much_is_asked_for_less(fault: str, stage: Stage) -> None:
    stage.liar.script = always(TOO_MUCH[fault])
    if fault in SLOW:
        stage.timeout_seconds = TIMEOUT_SECONDS
    stage.index()
    assert stage.rows() == stage.truth


def test_a_hint_is_taken_at_its_word(stage: Stage) -> None:
    hint = "query returned more than 10 results. Try with this block range [{first}, {last}]."
    stage.liar.script = always(refuses_ranges_over(7, -32005, hint))
    stage.index()
    widths = [
        int(query["toBlock"], 16) - int(query["fromBlock"], 16) + 1 for query in queries(stage)
    ]
    assert set(widths[1:]) <= {7, *range(1, 7), 20}
    assert widths.count(7) > 10


def queries(stage: Stage) -> list[dict[str, Any]]:
    return [params[0] for params in stage.liar.asked(LOGS)]


@pytest.mark.parametrize("method", [HEADER, CALL])
def test_batches_without_logs_shrink_too(method: str, stage: Stage) -> None:
    def is_large(asked: Asked) -> bool:
        return len(asked) > 8 and all(one["method"] == method for one in asked)

    lie = faults.where(is_large, faults.status(413))
    timeless = faults.logs(faults.without("blockTimestamp"))
    stage.liar.script = lambda asked: lie if is_large(asked) else timeless
    stage.index()
    assert stage.rows() == stage.truth
    assert stage.liar.lies > 1


# -- Oddities that are no lies --------------------------------------------------------------------


@pytest.mark.parametrize("oddity", HARMLESS)
def test_an_oddity_changes_nothing(oddity: str, stage: Stage) -> None:
    stage.liar.script = always(HARMLESS[oddity])
    stage.index()
    assert stage.rows() == stage.truth


@pytest.mark.parametrize(
    "finalized",
    [
        None,
        faults.refusal(-32000, "finalized block not found"),
        faults.refusal(-39001, "Unknown block"),
        faults.refusal(-32602, "invalid argument 0: hex string without 0x prefix"),
        faults.refusal(-32601, "the method does not know this tag"),
    ],
    ids=lambda answer: "null" if answer is None else answer["error"]["message"],
)
def test_a_node_without_a_finalized_block_is_trusted_no_deeper_than_the_window(
    finalized: Any, stage: Stage
) -> None:
    stage.liar.script = always(unfinalized(finalized))
    stage.index()
    assert stage.rows() == stage.truth


# -- Refused for good -----------------------------------------------------------------------------


@pytest.mark.parametrize("method", [LOGS, HEADER, CALL])
def test_a_refusal_for_a_reason_unknown_to_us_ends_the_pass(method: str, stage: Stage) -> None:
    stage.liar.script = then(2, truthfully, always(faults.each_refused(-32000, "no", method)))
    with pytest.raises(Unavailable):
        stage.index()
    stage.ends_true()


@pytest.mark.parametrize(
    "words",
    ["batch requests are not supported", "Parse error", "batch of more than 1 is too large"],
)
def test_a_node_that_takes_no_batches_is_asked_one_by_one(words: str, stage: Stage) -> None:
    no_batches = faults.refused(-32600, words)
    stage.liar.script = always(
        lambda asked, truth: no_batches(asked, truth) if isinstance(truth, list) else truth
    )
    stage.index()
    assert stage.rows() == stage.truth
    assert len(stage.liar.requests) - len([1 for asked, _ in stage.liar.requests if asked[1:]]) > 99


def test_a_node_that_refuses_everything_ends_the_pass(stage: Stage) -> None:
    stage.liar.script = always(faults.refused(-32600, "batch requests are not supported"))
    with pytest.raises(Unavailable):
        stage.index()
    stage.ends_true()


def test_a_node_that_refuses_even_one_block_ends_the_pass(stage: Stage) -> None:
    stage.liar.script = always(refuses_ranges_over(0, -32600, "block range is too wide"))
    with pytest.raises(Unavailable) as outage:
        stage.index()
    assert outage.value.code == "RPC_RANGE_TOO_LARGE"
    stage.ends_true()


def test_a_node_that_is_silent_whatever_it_is_asked_is_given_up_in_time(stage: Stage) -> None:
    stage.liar.script = then(2, truthfully, always(faults.late(4 * TIMEOUT_SECONDS)))
    stage.timeout_seconds = TIMEOUT_SECONDS
    index = stage.open(stage.liar.url)
    index.node.patience_seconds = 3 * TIMEOUT_SECONDS
    with pytest.raises(Unavailable):
        run_pass(index.chain, index.store, index.from_block, lambda: True)
    # Not down to one block and then five times more: that would be two dozen.
    assert stage.liar.lies < 8
    stage.ends_true()


# -- How long it waits ----------------------------------------------------------------------------


def test_retry_after_is_waited_for(stage: Stage) -> None:
    stage.liar.script = at_first(faults.status(429, Retry_After="7"))
    stage.index()
    assert stage.waits.slept
    assert set(stage.waits.slept) == {7.0}
    assert stage.rows() == stage.truth


def test_a_wait_longer_than_our_patience_is_not_cut_short_but_left_to_a_later_pass(
    stage: Stage,
) -> None:
    stage.liar.script = at_first(faults.status(429, Retry_After="45"))
    index = stage.open(stage.liar.url)
    index.node.clock = stage.waits.clock

    def one_pass() -> Pass:
        return run_pass(index.chain, index.store, index.from_block, lambda: True)

    for _ in range(3):
        with pytest.raises(Unavailable):
            one_pass()
    assert len(stage.liar.requests) == 1
    assert stage.waits.slept == []
    stage.liar.script = truthfully
    stage.waits.sleep(45)
    one_pass()
    assert stage.rows() == stage.truth


# -- All at once ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_any_mixture_of_lies_ends_in_the_same_rows(seed: int, stage: Stage) -> None:
    lies = [*EVERY.values(), *HARMLESS.values()]
    lies += [fault for name, fault in TOO_MUCH.items() if name not in TAKES_TIME]
    random, narrow = at_random(lies, 0.5, seed), TOO_MUCH["a range too wide"]
    stage.liar.script = lambda asked: random(asked) or narrow
    for _ in range(100):
        if stage.try_index() and stage.cursor() == head(stage.chain_url):
            break
        stage.is_whole_up_to_its_cursor()
    assert stage.liar.lies > 20
    stage.ends_true()
