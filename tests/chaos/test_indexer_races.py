"""Two runs of the indexer at once, on a chain that is reorganised between their steps."""

from dataclasses import replace
from typing import Any

import pytest
from psycopg import Connection

from infra.local import chain as anvils
from onlineticket.domain.chain_log import Header, LostRace
from onlineticket.indexer.wiring import open_index
from onlineticket.usecases.index_chain import run_pass
from tests.indexing import index

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
