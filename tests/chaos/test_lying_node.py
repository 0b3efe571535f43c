"""A node that lies, stalls or refuses costs time, never a row.

Through a proxy that does it, a pass of the indexer ends in one of two ways: with the very rows of
an undisturbed pass, or given up as Unavailable, with the rows of a shorter one and its cursor; the
next undisturbed pass then makes them the same.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from psycopg import Connection

from infra.local import chain, season
from onlineticket.chain import decoders, left_out
from onlineticket.domain import suite as suites
from onlineticket.domain.chain_log import LAST_SECOND
from onlineticket.domain.errors import Unavailable
from onlineticket.store import database as databases
from onlineticket.store import registry
from onlineticket.usecases.index_chain import Pass, run_pass
from onlineticket.usecases.repair import rescan
from tests import snapshots
from tests.chaos import faults
from tests.chaos.lies import (
    BROKEN_LOGS,
    CALL,
    EVERY,
    HARMLESS,
    HEADER,
    IN_TAIL,
    LEFT_OUT,
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
    LyingNode,
    always,
    at_first,
    at_random,
    in_turns,
    serving,
    then,
    truthfully,
)
from tests.chaos.lying_stage import Rows, Stage, head, take


@pytest.fixture(scope="module")
def chain_url(anvil_node: str, contracts_file: str) -> Iterator[str]:
    """A season, deep enough to be history, and a log in each of the blocks of the tail."""
    snapshot = chain.call(anvil_node, "evm_snapshot")
    season.play(anvil_node, contracts_file)
    chain.call(anvil_node, "anvil_mine", hex(40))
    call_owner(anvil_node, contracts_file, 50)
    yield anvil_node
    chain.call(anvil_node, "evm_revert", snapshot)


def call_owner(url: str, contracts_file: str, times: int) -> None:
    """So many logs OrganizerAuthorized, each in a block of its own."""
    suite = suites.parse(contracts_file)
    owner = chain.call(url, "eth_accounts")[0]
    selector = keccak(text="authorizeOrganizer(address,bool)")[:4]
    for number in range(times):
        calldata = selector + encode(["address", "bool"], [f"0x{number + 1:040x}", number % 3 > 0])
        transaction = {"from": owner, "to": suite.event_manager, "data": "0x" + calldata.hex()}
        chain.call(url, "eth_sendTransaction", transaction)


@pytest.fixture(scope="module")
def tables(postgres_server: str, contracts_file: str) -> Iterator[Connection[Any]]:
    """One database for all tests here, which knows the suite: emptied, not made anew, for each."""
    server, template = postgres_server.rsplit("/", 1)
    name = f"lying_{uuid4().hex}"
    with databases.connect(f"{server}/postgres") as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
    with databases.connect(f"{server}/{name}") as conn:
        registry.register(conn, suites.parse(contracts_file))
        yield conn
    with databases.connect(f"{server}/postgres") as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(scope="module")
def truth(chain_url: str, contracts_file: str, tables: Connection[Any]) -> Rows:
    """The rows of an undisturbed pass."""
    with pytest.MonkeyPatch.context() as environment, serving(LyingNode(chain_url)) as honest:
        environment.setenv("CONTRACTS", contracts_file)
        Stage(tables, chain_url, honest, {}).index()
    rows = take(tables)
    assert len(rows["events_raw"]) > 200
    return rows


@pytest.fixture
def stage(
    chain_url: str,
    contracts_file: str,
    tables: Connection[Any],
    truth: Rows,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Stage]:
    monkeypatch.setenv("CONTRACTS", contracts_file)
    with serving(LyingNode(chain_url)) as liar:
        stage = Stage(tables, chain_url, liar, truth)
        stage.empty()
        yield stage


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
    "still none": faults.logs(lambda found: []),
}


@pytest.mark.parametrize("answer", ANSWERS_TO_THE_DOUBT)
def test_a_doubt_that_is_not_resolved_does_not_stop_the_indexer(answer: str, stage: Stage) -> None:
    """It is then as it was without the blooms: the worker finds them later."""
    none = faults.where(in_range, LEFT_OUT["all"])
    again = faults.where(by_hash, ANSWERS_TO_THE_DOUBT[answer])
    stage.liar.script = always(lambda asked, truth: again(asked, none(asked, truth)))
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
