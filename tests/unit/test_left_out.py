"""What a block's bloom says of the logs that a node gave, and when it says nothing."""

from typing import Any

import pytest
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from onlineticket.chain.left_out import BITS, TELLING, doubtful
from onlineticket.domain.chain_log import RawLog
from tests.emitting import topic_of

TICKETS, MARKET = "0x" + "7a" * 20, "0x" + "3a" * 20
CONTRACTS = {TICKETS: "TicketManager", MARKET: "Marketplace"}
HASH = "0x" + "ab" * 32
USED = "0x" + topic_of("TicketManager", "TicketUsed").hex()
MOVED = "0x" + topic_of("TicketManager", "Transfer").hex()
SOLD = "0x" + topic_of("Marketplace", "TicketSold").hex()
APPROVED = "0x" + keccak(text="Approval(address,address,uint256)").hex()


def bloom(*items: str) -> str:
    """As the Yellow Paper defines it, bit by bit: the oracle."""
    bits = [False] * BITS
    for item in items:
        digest = keccak(bytes.fromhex(item[2:]))
        for pair in (0, 2, 4):
            bits[(digest[pair] * 256 + digest[pair + 1]) % BITS] = True
    return f"0x{sum(1 << place for place, is_set in enumerate(bits) if is_set):0512x}"


def header(*items: str, **other: Any) -> dict[str, Any]:
    return {"number": "0x9", "hash": HASH, "logsBloom": bloom(*items), **other}


def log(address: str, topic: str, index: int = 0, **other: Any) -> RawLog:
    given = RawLog(9, HASH, 1, "0x", index, CONTRACTS[address], address, [topic], "0x")
    return given._replace(**other)


def test_a_block_whose_bloom_has_a_log_of_ours_that_was_not_given_is_doubtful() -> None:
    assert doubtful([header(TICKETS, USED)], CONTRACTS, []) == [(9, HASH)]


def test_a_block_whose_logs_were_given_is_not() -> None:
    assert doubtful([header(TICKETS, USED)], CONTRACTS, [log(TICKETS, USED)]) == []


def test_one_log_of_a_contract_does_not_answer_for_another_of_it() -> None:
    both = header(TICKETS, USED, MOVED)
    assert doubtful([both], CONTRACTS, [log(TICKETS, USED)]) == [(9, HASH)]
    assert doubtful([both], CONTRACTS, [log(TICKETS, USED), log(TICKETS, MOVED, 1)]) == []


def test_a_log_of_the_same_number_on_another_fork_does_not_answer_for_the_block() -> None:
    other = log(TICKETS, USED, block_hash="0x" + "0f" * 32)
    assert doubtful([header(TICKETS, USED)], CONTRACTS, [other]) == [(9, HASH)]


def test_others_logs_cast_no_doubt() -> None:
    stranger = "0x" + "5e" * 20
    assert doubtful([header(stranger, MOVED)], CONTRACTS, []) == []
    # Of ours, but with a topic that means nothing to us, or another contract's.
    assert doubtful([header(TICKETS, APPROVED)], CONTRACTS, []) == []
    assert doubtful([header(TICKETS, SOLD)], CONTRACTS, []) == []


@pytest.mark.parametrize(
    "text",
    [None, 7, "", "0x", "bloom", "0x" + "0" * 512, "0x" + "f" * 512, "0x1" + "0" * 512, "-0x1"],
)
def test_a_bloom_that_tells_nothing_casts_no_doubt(text: object) -> None:
    assert doubtful([header(logsBloom=text)], CONTRACTS, []) == []
    assert doubtful([{"number": "0x9", "hash": HASH}], CONTRACTS, []) == []


def test_a_bloom_is_read_until_three_quarters_of_its_bits_are_set() -> None:
    ours = int(bloom(TICKETS, USED), 16)
    full = ours
    for place in range(BITS):
        if full.bit_count() == TELLING:
            break
        full |= 1 << place
    assert doubtful([header(logsBloom=hex(full))], CONTRACTS, [])
    fuller = next(full | 1 << place for place in range(BITS) if not full >> place & 1)
    assert doubtful([header(logsBloom=hex(fuller))], CONTRACTS, []) == []


@given(st.sets(st.sampled_from([(TICKETS, USED), (TICKETS, MOVED), (MARKET, SOLD)])), st.data())
def test_no_log_that_is_there_escapes(there: set[tuple[str, str]], data: st.DataObject) -> None:
    given_ = data.draw(st.sets(st.sampled_from(sorted(there)))) if there else set()
    items = [item for pair in there for item in pair]
    logs = [log(*pair, index) for index, pair in enumerate(sorted(given_))]
    found = doubtful([header(*items)], CONTRACTS, logs)
    assert bool(found) >= bool(there - given_)
    if there == given_:
        assert not found
