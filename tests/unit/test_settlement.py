"""What is written beside a check-in, and what the chain's answer about its owner means."""

from dataclasses import replace
from typing import Any

import pytest

from onlineticket.domain import settlement
from onlineticket.domain.audit import PLATFORM
from onlineticket.domain.door import ScanRecord, Verdict
from onlineticket.domain.owner_check import Entered, judge
from onlineticket.domain.passage import Passage
from onlineticket.domain.settlement import Recorded
from onlineticket.domain.types import SuiteId, TokenId
from tests.at_the_door import ALICE, BOB, EVENT, NOW, TOKEN

LINE = Passage(
    "entry", NOW, NOW + 2, "v1", "scan-1", "N1", False, 3, "6e6f6e6365", NOW + 60, ALICE, "done", 1
)
NEW = Recorded(SuiteId(2), EVENT, TOKEN, 1, 1, LINE, "regular", None)
ENTERED = Entered(SuiteId(2), EVENT, TOKEN, 1, ALICE, 3, ALICE, 3, 3)


def test_an_entry_is_written_down_with_who_where_and_when() -> None:
    entry = settlement.entry_of(NEW)
    assert (entry.actor, entry.action, entry.at) == ("verifier:v1", "door.entry", NOW)
    assert (entry.subject, entry.source) == (f"ticket:{TOKEN}", "gate:N1")
    assert entry.chain == f"event:2:{EVENT}"
    assert entry.details == {
        "number": 1, "standing": "regular", "scan_id": "scan-1", "offline": False,
        "ticket_check": "done", "recorded_at": NOW + 2,
    }  # fmt: skip


def test_a_changed_standing_is_a_happening_of_its_own() -> None:
    changed = replace(NEW, was="regular", standing="double", version=2)
    assert settlement.happening_of(changed).kind == "door.standing"
    assert settlement.entry_of(changed).details["was"] == "regular"
    assert settlement.entry_of(changed).once != settlement.entry_of(NEW).once


@pytest.mark.parametrize("kind", ["entry", "exit", "undo"])
def test_a_happening_tells_no_holder_and_no_code(kind: Any) -> None:
    told = settlement.happening_of(replace(NEW, line=replace(LINE, kind=kind, gate=None)))
    assert (told.kind, told.entity) == (f"door.{kind}", f"ticket:2:{TOKEN}")
    assert not any(each in str(told) for each in (ALICE, LINE.nonce))


def test_a_refusal_is_in_the_platforms_chain_once() -> None:
    verdict = Verdict("scan-1", NOW, None, "QR_FORGED", {}, None, None)
    entry = settlement.refusal_entry(ScanRecord("v1", "scan-1", "f", "a", verdict))
    assert (entry.chain, entry.action, entry.source) == (PLATFORM, "door.refused", None)
    assert entry.once == "scan:v1:scan-1"
    assert entry.details["refusal"] == "QR_FORGED"


@pytest.mark.parametrize(
    ("changes", "owner", "outcome", "reason"),
    [
        ({}, ALICE, "match", None),
        ({"holder": None}, ALICE, "match", None),
        ({}, None, "mismatch", "NO_SUCH_TICKET"),
        ({}, BOB, "unchecked", "INDEX_BEHIND"),
        ({"owner": None, "transfers": None, "moves": None}, ALICE, "unchecked", "INDEX_BEHIND"),
        # sold in the minute before the entry, which the door could not know yet
        ({"owner": BOB, "transfers": 4, "moves": 4}, BOB, "mismatch", "SOLD_BEFORE_ENTRY"),
        ({"holder": None, "owner": BOB, "transfers": 4, "moves": 4}, BOB,
         "mismatch", "SOLD_BEFORE_ENTRY"),
        # passed on afterwards: nobody's business
        ({"owner": BOB, "transfers": 4, "moves": 3}, BOB, "match", None),
        # a reorg took the transfer to ALICE back
        ({"owner": BOB, "transfers": 2, "moves": 2}, BOB, "mismatch", "TRANSFER_UNDONE"),
        ({"owner": BOB, "transfers": 3, "moves": 3}, BOB, "mismatch", "OWNER_DIFFERS"),
        ({"epoch": None, "moves": None}, ALICE, "match", None),
    ],
)  # fmt: skip
def test_the_chains_owner_is_judged_by_the_moment_of_entry(
    changes: dict[str, Any], owner: Any, outcome: str, reason: str | None
) -> None:
    judged = judge(replace(ENTERED, **changes), owner)
    assert (judged.outcome, judged.reason) == (outcome, reason)


def test_ids_are_strings_in_what_is_told() -> None:
    huge = TokenId(2**256 - 1)
    assert settlement.happening_of(replace(NEW, token_id=huge)).payload["token_id"] == str(huge)
