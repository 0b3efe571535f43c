"""The benchmark's story: its quick encoder against eth_abi, and that it can be told again."""

from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onlineticket.domain.suite import CONTRACT_NAMES, Suite, parse
from tests import emitting
from tests.bench.records import LISTED, record
from tests.bench.workload import Story

CONTRACT_OF = {
    event: contract
    for contract in CONTRACT_NAMES
    for event in emitting.abi_events(contract)
}  # fmt: skip


@pytest.mark.parametrize("event", sorted(LISTED))
@given(st.data())
def test_a_quick_record_is_what_eth_abi_makes_of_the_log(event: str, data: st.DataObject) -> None:
    inputs = emitting.abi_events(CONTRACT_OF[event])[event]
    args = [data.draw(values_of(one["type"])) for one in inputs]
    wanted = emitting.calldata([emitting.log(CONTRACT_OF[event], event, *args)])
    plain = [
        int(value, 16) if one["type"] == "address" else value
        for one, value in zip(inputs, args, strict=True)
    ]
    assert "0x" + record(event, plain).hex() == wanted


def test_the_same_seed_tells_the_same_story() -> None:
    told = [list(islice(Story(suite(), 1_700_000_000, seed=5).blocks(), 40)) for _ in range(2)]
    other = list(islice(Story(suite(), 1_700_000_000, seed=6).blocks(), 40))
    assert told[0] == told[1] != other


def test_every_contract_logs_and_blocks_are_of_a_busy_chain() -> None:
    blocks = list(islice(Story(suite(), 1_700_000_000).blocks(), 400))
    sizes = [sum(map(len, block)) for block in blocks[1:]]
    assert 20 <= min(sizes) <= max(sizes) <= 150
    logs = [log for block in blocks for transaction in block for log in transaction]
    assert {log.contract for log in logs} == set(CONTRACT_NAMES)
    assert 0.6 < sum(log.is_listed for log in logs) / len(logs) < 0.75


def values_of(type_: str) -> st.SearchStrategy[Any]:
    match type_:
        case "address":
            return st.integers(0, 2**160 - 1).map(lambda number: f"0x{number:040x}")
        case "string":
            return st.text(max_size=70)
        case "bool":
            return st.booleans()
        case _:
            return st.integers(0, 2 ** int(type_.removeprefix("uint")) - 1)


def suite() -> Suite:
    addresses = {name: f"0x{place:040x}" for place, name in enumerate(CONTRACT_NAMES, 1)}
    return parse(f'{{"chain_id": 1, "from_block": 1, "contracts": {addresses}}}'.replace("'", '"'))
