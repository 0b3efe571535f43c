"""Which logs the indexer takes from a node: the quick check held against the plain one."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onlineticket.chain import logs
from onlineticket.chain.rpc_errors import RetryableRpcError
from onlineticket.domain.chain_log import RawLog

ADDRESS = "0x" + "a1" * 20
NAMES = {ADDRESS: "TicketManager"}
GOOD: dict[str, Any] = {
    "address": ADDRESS,
    "blockHash": "0x" + "b2" * 32,
    "transactionHash": "0x" + "c3" * 32,
    "blockNumber": "0x10",
    "logIndex": "0x3",
    "data": "0x0102",
    "topics": ["0x" + "d4" * 32, "0x" + "e5" * 32],
    "blockTimestamp": "0x64",
}
PLAIN = {
    "address": r"0x[0-9a-f]{40}",
    "blockHash": r"0x[0-9a-f]{64}",
    "transactionHash": r"0x[0-9a-f]{64}",
    "blockNumber": r"0x[0-9a-f]+",
    "logIndex": r"0x[0-9a-f]{1,7}",
    "data": r"0x([0-9a-f]{2})*",
}


def is_plainly_well_formed(log: dict[str, Any]) -> bool:
    topics = log["topics"]
    return (
        all(isinstance(log[name], str) for name in PLAIN)
        and all(re.fullmatch(form, log[name], re.IGNORECASE) for name, form in PLAIN.items())
        and isinstance(topics, list)
        and len(topics) <= 4
        and all(isinstance(one, str) for one in topics)
        and all(re.fullmatch(r"0x[0-9a-f]{64}", one, re.IGNORECASE) for one in topics)
    )


def parsed(log: dict[str, Any]) -> RawLog | None:
    """None: refused."""
    try:
        [found] = logs.parse_logs([log], NAMES, 0, 2**256)
    except RetryableRpcError:
        return None
    return found


_PIECES = st.sampled_from(
    ["0x", "x", ";", "", "0", "g", " ", "\n", "é", "0X", "a" * 40, "B" * 64, "c" * 64, "d" * 27]
)
_TEXTS = st.lists(_PIECES, max_size=5).map("".join)
_ODD: st.SearchStrategy[Any] = st.none() | st.integers(0, 9) | st.lists(st.text(max_size=2))


@given(
    st.dictionaries(st.sampled_from(sorted(PLAIN)), _TEXTS | _ODD, max_size=4),
    st.none() | st.lists(_TEXTS | st.just("0x" + "f" * 64), max_size=6) | _TEXTS | st.integers(),
)
def test_the_quick_check_takes_what_the_plain_one_takes(
    changed: dict[str, Any], topics: Any
) -> None:
    log = {**GOOD, **changed, **({} if topics is None else {"topics": topics})}
    is_ours = isinstance(log["address"], str) and log["address"].lower() == ADDRESS
    assert (parsed(log) is not None) == (is_plainly_well_formed(log) and is_ours)


@given(st.integers(0, 200), st.sampled_from([";", "x", "0x", "g", "0", ""]))
def test_a_log_with_one_character_astray_is_taken_only_if_it_is_still_a_log(
    place: int, character: str
) -> None:
    for name in PLAIN:
        text = GOOD[name]
        at = place % len(text)
        for astray in (text[:at] + character + text[at + 1 :], text[:at] + character + text[at:]):
            log = {**GOOD, name: astray}
            is_ours = log["address"] == ADDRESS
            assert (parsed(log) is not None) == (is_plainly_well_formed(log) and is_ours)


def test_two_short_fields_are_not_one_long_one() -> None:
    # 64 characters behind 0x, but across the border between two fields.
    assert (
        parsed({**GOOD, "blockHash": "0x" + "1" * 20, "transactionHash": "0x" + "2" * 41}) is None
    )


def test_capitals_mean_the_same_log() -> None:
    texts = {name: "0x" + GOOD[name][2:].upper() for name in PLAIN}
    topics = ["0X" + topic[2:].upper() for topic in GOOD["topics"]]
    assert parsed({**GOOD, **texts, "topics": topics}) == parsed(GOOD)


def test_an_address_may_be_written_as_eip_55_does() -> None:
    assert parsed({**GOOD, "address": "0x" + "A1" * 10 + "a1" * 10}) == parsed(GOOD)


@pytest.mark.parametrize("name", [*PLAIN, "topics"])
@pytest.mark.parametrize("odd", [None, 7, 1.5, True, [], ["0x00"], {}, {"0x": 1}, "", "0x"])
def test_a_field_of_another_type_is_refused(name: str, odd: Any) -> None:
    is_empty_list = name == "topics" and odd == [] and isinstance(odd, list)
    is_no_data = name == "data" and odd == "0x"
    assert (parsed({**GOOD, name: odd}) is not None) == (is_empty_list or is_no_data)


def test_logs_are_sorted_and_a_repeated_one_counts_once() -> None:
    later = {**GOOD, "logIndex": "0x4"}
    found = logs.parse_logs([later, GOOD, GOOD], NAMES, 0, 100)
    assert [one.log_index for one in found] == [3, 4]


def test_two_logs_in_one_place_are_refused() -> None:
    with pytest.raises(RetryableRpcError, match="two logs in one place"):
        logs.parse_logs([GOOD, {**GOOD, "data": "0x"}], NAMES, 0, 100)


@pytest.mark.parametrize("removed", [True, "yes", 1])
def test_a_log_that_a_reorg_removed_is_refused(removed: Any) -> None:
    assert parsed({**GOOD, "removed": removed}) is None
