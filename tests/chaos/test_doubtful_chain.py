"""Nodes that differ, that leave logs out, or tell of times beyond ours: nothing good is undone, and
what is missing is found.
"""

from contextlib import suppress
from typing import Any

import pytest

from onlineticket.chain import decoders, left_out
from onlineticket.domain import suite as suites
from onlineticket.domain.chain_log import LAST_SECOND
from onlineticket.domain.errors import Unavailable
from onlineticket.usecases.index_chain import run_pass
from onlineticket.usecases.repair import rescan
from tests import snapshots
from tests.chaos import faults
from tests.chaos.lies import (
    BROKEN_LOGS,
    EVERY,
    HEADER,
    IN_TAIL,
    LEFT_OUT,
    LOGS,
    TIMEOUT_SECONDS,
)
from tests.chaos.lying_node import (
    Asked,
    always,
    in_turns,
    truthfully,
)
from tests.chaos.lying_stage import Stage, head

# -- Heads that go back and forth -----------------------------------------------------------------


def test_a_node_behind_us_makes_us_wait_and_undoes_nothing(stage: Stage) -> None:
    stage.index()
    stage.liar.script = always(faults.behind(stage.chain_url, head(stage.chain_url) - 10))
    done = stage.index()
    assert (done.blocks, done.reorgs) == (0, [])
    assert stage.rows() == stage.truth


def test_logs_that_a_node_behind_does_not_have_yet_are_not_taken_for_none(stage: Stage) -> None:
    """The head is one node's, the logs are another's: it answers with those it has."""
    behind = faults.behind(stage.chain_url, head(stage.chain_url) - 15)
    stage.liar.script = always(faults.where(faults.for_logs, behind))
    with pytest.raises(Unavailable):
        stage.index()
    assert stage.cursor() < head(stage.chain_url) - 15
    stage.ends_true()


def test_a_balancer_between_nodes_of_different_heads_costs_no_row(stage: Stage) -> None:
    top = head(stage.chain_url)
    others = [faults.behind(stage.chain_url, top - lag) for lag in (0, 1, 7, 30)]
    stage.liar.script = in_turns(others)
    passes = 0
    while stage.cursor() < top:
        passes += 1
        stage.try_index()
        stage.is_whole_up_to_its_cursor()
    assert passes < 20
    stage.ends_true()


def test_a_balancer_with_one_node_on_a_fork_undoes_no_good_block(stage: Stage) -> None:
    top = head(stage.chain_url)
    stage.begin_below(20)
    stage.liar.script = in_turns([faults.honest, faults.forked(top - 30)])
    passes = 0
    while stage.cursor() < top:
        passes += 1
        stage.try_index()
        stage.is_whole_up_to_its_cursor()
    assert passes < 20
    stage.ends_true()


def test_a_fork_that_was_believed_is_undone_to_the_last_row(stage: Stage) -> None:
    top = head(stage.chain_url)
    stage.begin_below(10)
    stage.liar.script = always(faults.forked(top - 5))
    stage.try_index()
    assert stage.cursor() == top
    assert snapshots.take(stage.conn, ("blocks",)) != {"blocks": stage.truth["blocks"]}
    done = stage.index(stage.chain_url)
    assert [one.depth for one in done.reorgs] == [6]
    assert stage.rows() == stage.truth


def test_a_fork_above_us_that_comes_and_goes_is_undone_in_the_end(stage: Stage) -> None:
    top = head(stage.chain_url)
    stage.begin_below(20)
    stage.liar.script = in_turns([faults.forked(top - 12), faults.honest, faults.honest])
    for _ in range(12):
        stage.try_index()
    stage.index(stage.chain_url)
    assert stage.rows() == stage.truth


# -- Logs left out --------------------------------------------------------------------------------


@pytest.mark.parametrize("some", LEFT_OUT)
def test_logs_that_a_node_left_out_are_found_by_asking_again(some: str, stage: Stage) -> None:
    """Nothing in such an answer gives it away; only another answer does."""
    stage.liar.script = always(LEFT_OUT[some])
    stage.index()
    assert len(stage.rows()["events_raw"]) < len(stage.truth["events_raw"])
    stage.liar.script = truthfully
    index = stage.open(stage.liar.url)
    found = rescan(index.chain, index.store, index.from_block, stage.cursor())
    assert found.healed > 0
    stage.index()
    assert stage.rows() == stage.truth


@pytest.mark.parametrize("some", LEFT_OUT)
def test_logs_that_a_node_leaves_out_later_are_kept(some: str, stage: Stage) -> None:
    stage.index()
    stage.liar.script = always(LEFT_OUT[some])
    index = stage.open(stage.liar.url)
    found = rescan(index.chain, index.store, index.from_block, stage.cursor())
    assert found.healed == 0
    assert found.doubtful > 0
    assert stage.rows() == stage.truth


def test_asking_again_believes_no_more_than_asking_first(stage: Stage) -> None:
    stage.index()
    index = stage.open(stage.liar.url)
    for fault in (*BROKEN_LOGS, *IN_TAIL):
        stage.liar.script = always(EVERY[fault])
        with suppress(Unavailable):
            rescan(index.chain, index.store, index.from_block, stage.cursor())
        assert stage.went_back() == 0, fault
    assert stage.rows() == stage.truth


def in_range(asked: Asked) -> bool:
    """Logs are asked for by the numbers of the blocks in the tail, not by a block's hash."""
    return faults.in_tail(asked) and faults.for_logs(asked)


def by_hash(asked: Asked) -> bool:
    return asked[0]["method"] == LOGS and "blockHash" in asked[0]["params"][0]


@pytest.mark.parametrize("some", LEFT_OUT)
def test_logs_left_out_in_the_tail_are_missed_by_the_blooms_and_asked_for_again(
    some: str, stage: Stage
) -> None:
    stage.liar.script = always(faults.where(in_range, LEFT_OUT[some]))
    index = stage.open(stage.liar.url)
    run_pass(index.chain, index.store, index.from_block, lambda: True)
    assert stage.rows() == stage.truth
    assert index.node.counters.left_out > 2


ANSWERS_TO_THE_DOUBT = {
    "refused": faults.each_refused(-32602, "invalid argument 0: blockHash"),
    "refused as a whole": faults.refused(-32000, "no"),
    "away": faults.status(502),
    "dropped": faults.dropped(20),
    "HTML": faults.page(200),
    "another block's": faults.each_log(blockNumber="0x1"),
    "another fork's": faults.each_log(blockHash="0x" + "0d" * 32),
    "removed": faults.each_log(removed=True),
    "null": faults.result(LOGS, lambda found: None),
    "none in time": faults.late(10),
    "still none": faults.logs(lambda found: []),
}


@pytest.mark.parametrize("answer", ANSWERS_TO_THE_DOUBT)
def test_a_doubt_that_is_not_resolved_does_not_stop_the_indexer(answer: str, stage: Stage) -> None:
    """It is then as it was without the blooms: the worker finds them later."""
    none = faults.where(in_range, LEFT_OUT["all"])
    again = faults.where(by_hash, ANSWERS_TO_THE_DOUBT[answer])
    stage.liar.script = always(lambda asked, truth: again(asked, none(asked, truth)))
    stage.timeout_seconds = 2 * TIMEOUT_SECONDS
    index = stage.open(stage.liar.url)
    run_pass(index.chain, index.store, index.from_block, lambda: True)
    assert stage.cursor() == head(stage.chain_url)
    assert index.node.counters.left_out == 0
    assert stage.waits.slept == []
    stage.liar.script = truthfully
    rescan(index.chain, index.store, index.from_block, stage.cursor())
    stage.index()
    assert stage.rows() == stage.truth


def test_blooms_that_affirm_everything_cost_one_request_a_range_and_no_row(
    stage: Stage, contracts_file: str
) -> None:
    half = "0x" + "a5" * 256

    def with_our_bits(block: Any) -> Any:
        """Of a chain so busy that nothing can be denied any more."""
        bloom = int(block["logsBloom"], 16) | int(half, 16)
        for address in suites.parse(contracts_file).by_name().values():
            bloom |= left_out._bits(address)
        for _, topic in decoders.TOPICS:
            bloom |= left_out._bits(topic)
        return {**block, "logsBloom": hex(bloom)}

    stage.liar.script = always(faults.result(HEADER, with_our_bits))
    stage.index()
    assert stage.rows() == stage.truth
    asked_again = [asked for asked, _ in stage.liar.requests if by_hash(asked)]
    ranges = [asked for asked, _ in stage.liar.requests if faults.in_tail(asked)]
    assert 0 < len(asked_again) <= len(ranges)


# -- Time -----------------------------------------------------------------------------------------


def test_a_chain_whose_clock_is_past_the_year_9999_is_indexed(stage: Stage) -> None:
    """A block's time is a uint64; SQL and RFC 3339 end with that year, as do we."""

    def late(one: Any) -> Any:
        member = "timestamp" if "timestamp" in one else "blockTimestamp"
        return {**one, member: hex(2**63 + int(one[member], 16))}

    headers = faults.result(HEADER, late)
    found = faults.logs(lambda all_: [late(one) for one in all_])
    stage.liar.script = always(lambda asked, truth: headers(asked, found(asked, truth)))
    stage.index()
    assert stage.cursor() == head(stage.chain_url)
    times = stage.conn.execute("SELECT DISTINCT block_time FROM events_raw").fetchall()
    assert times == [(LAST_SECOND,)]
    shown = stage.conn.execute(
        "SELECT count(*), min(extract(year FROM minted_at)) FROM tickets"
    ).fetchone()
    assert shown == (len(stage.truth["tickets"]), 9999)
    places = "SELECT block_hash, log_index FROM events_raw ORDER BY 1, 2"
    assert stage.conn.execute(places).rowcount == len(stage.truth["events_raw"])
