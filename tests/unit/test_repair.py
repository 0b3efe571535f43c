"""When a person asks for a repair that can't be made."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from onlineticket.domain.chain_log import Cursor, Header
from onlineticket.domain.errors import IndexingStopped
from onlineticket.usecases.repair import repair


def refusal(cursor: Cursor | None, headers: Sequence[Header]) -> str:
    chain: Any = SimpleNamespace(headers=lambda numbers: list(headers))
    store: Any = SimpleNamespace(
        cursor=lambda: cursor, block_hashes=lambda first, last: [(7, "0xaa"), (8, "0xbb")]
    )
    with pytest.raises(IndexingStopped) as stopped:
        repair(chain, store, 0, lambda block: None)
    return stopped.value.code


def test_what_was_never_indexed_can_not_be_repaired() -> None:
    assert refusal(None, []) == "NOTHING_INDEXED"


def test_another_chain_is_left_alone() -> None:
    other = Header(7, "0xcc", "0xdd", 1)
    assert refusal(Cursor(8, "0xbb"), [other]) == "NO_COMMON_BLOCK"
