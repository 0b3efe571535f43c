"""Two runs of the indexer at once, on a chain that is reorganised between their steps."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from psycopg import Connection

from infra.local import chain as anvils
from infra.local.blocks import mined_by_hand
from onlineticket.chain.rpc import Node
from onlineticket.domain.chain_log import Cursor, Header, LostRace
from onlineticket.domain.contract_read import ContractRead, Subject
from onlineticket.domain.suite import Suite
from onlineticket.indexer.wiring import open_index
from onlineticket.usecases.index_chain import run_pass
from tests.indexing import index
from tests.integration.contracts.theatre import Theatre

WINDOW = 64


def test_a_run_overtaken_by_a_whole_window_of_blocks_reports_no_deep_reorg(
    anvil: str, registered: Connection[Any]
) -> None:
    anvils.call(anvil, "anvil_mine", "0x2", "0x5")
    index()
    anvils.call(anvil, "anvil_reorg", 1, [])
    slow = open_index()
    probed: list[int] = []

    def probe(number: int) -> Header | None:
        probed.append(number)
        if len(probed) == 1:
            anvils.call(anvil, "anvil_mine", hex(WINDOW + 2))
            assert [one.depth for one in index().reorgs] == [1]
        return slow.chain.probe(number)

    with pytest.raises(LostRace):
        run_pass(replace(slow.chain, probe=probe), slow.store, slow.from_block, lambda: True)


def test_contract_reads_of_a_block_that_fell_meanwhile_are_not_kept(
    anvil: str, suite: Suite, registered: Connection[Any]
) -> None:
    theatre = Theatre(Node(anvil), suite, now=0)
    with mined_by_hand(theatre.node):
        theatre.now = theatre.head_time()
        theatre.open()
        theatre.concert()
    slow = open_index()

    def read(subjects: Sequence[Subject], at: Cursor) -> list[ContractRead]:
        found = slow.chain.read(subjects, at)
        anvils.call(anvil, "anvil_reorg", 1, [])
        anvils.call(anvil, "anvil_mine", "0x1")
        assert [one.depth for one in index().reorgs] == [1]
        return found

    with pytest.raises(LostRace):
        run_pass(replace(slow.chain, read=read), slow.store, slow.from_block, lambda: True)
    reads = registered.execute(
        "SELECT block_number, '0x' || encode(block_hash, 'hex') FROM contract_reads"
    ).fetchall()
    assert reads
    for number, block_hash in reads:
        assert theatre.node.call("eth_getBlockByNumber", [hex(number), False])["hash"] == block_hash
