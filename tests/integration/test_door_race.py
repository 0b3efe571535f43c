"""Once: fifty terminals press at the same moment, on a server that really runs them side by side.

All have read the ticket and found it good before the first of them writes.
"""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest

from onlineticket import settings
from onlineticket.domain.door import Scan, ScanRecord
from onlineticket.domain.passage import Journal
from onlineticket.domain.verifier import Verifier
from onlineticket.dynamo import redemptions
from onlineticket.usecases.scan import Answer, Door, scan
from tests.at_the_door import KEYS, NOW, SUITE, TERMINAL, TICKET, text

TERMINALS = 50


@pytest.fixture
def store(ministack_dynamodb: Any) -> tuple[Any, str]:
    return ministack_dynamodb, settings.required("REDEMPTIONS_TABLE")


def race(store: tuple[Any, str], presses: list[tuple[str, str, Verifier]]) -> list[Answer]:
    """Each press is (code, scan id, terminal)."""
    line = Barrier(len(presses))

    def let_pass(journal: Journal, record: ScanRecord) -> Any:
        line.wait(timeout=30)
        return redemptions.let_pass(*store, journal, record)

    at = Door(
        KEYS, SUITE, lambda _: TICKET, let_pass,
        partial(redemptions.find_journal, *store), partial(redemptions.keep_refusal, *store),
        partial(redemptions.find_scan, *store), admit_when_database_is_down=False,
    )  # fmt: skip

    def press(code: str, scan_id: str, terminal: Verifier) -> Answer:
        return scan(Scan(code, scan_id, "N1"), terminal, at, now=NOW)

    with ThreadPoolExecutor(len(presses)) as terminals:
        return list(terminals.map(lambda one: press(*one), presses))


def other_terminal(number: int) -> Verifier:
    return Verifier(
        f"{number:016x}", "T", TERMINAL.events, TERMINAL.gates, TERMINAL.scopes
    )  # fmt: skip


def outcomes(answers: list[Answer]) -> Counter[str]:
    return Counter(answer.verdict.refusal or "ADMITTED" for answer in answers)


def count(store: tuple[Any, str], kind: str) -> int:
    client, table = store
    found = client.scan(TableName=table, ConsistentRead=True)["Items"]
    return sum(item["pk"]["S"].startswith(f"{kind}#") for item in found)


@pytest.mark.parametrize("codes", [1, TERMINALS], ids=["the same code", "a code each"])
@pytest.mark.parametrize("terminals", [1, TERMINALS], ids=["one terminal", "a terminal each"])
def test_of_fifty_scans_of_one_ticket_exactly_one_is_admitted(
    store: tuple[Any, str], codes: int, terminals: int
) -> None:
    presses = [
        (text(nonce=bytes([i % codes]) * 8), f"scan-{i}", other_terminal(i % terminals))
        for i in range(TERMINALS)
    ]
    answers = race(store, presses)
    assert outcomes(answers) == {"ADMITTED": 1, "TICKET_ALREADY_USED": TERMINALS - 1}
    details = [answer.verdict.details for answer in answers if answer.verdict.refusal]
    assert all(one == {"admitted_at": "2027-01-15T08:00:00Z", "gate": "N1"} for one in details)
    assert not any(answer.replayed for answer in answers)
    assert (count(store, "ticket"), count(store, "nonce")) == (1, 1)
    assert count(store, "scan") == TERMINALS


def test_one_scan_sent_fifty_times_at_once_is_one_admission_and_49_replays(
    store: tuple[Any, str],
) -> None:
    answers = race(store, [(text(), "scan-1", TERMINAL)] * TERMINALS)
    assert outcomes(answers) == {"ADMITTED": TERMINALS}
    assert sum(answer.replayed for answer in answers) == TERMINALS - 1
    assert len({answer.verdict.to_json() for answer in answers}) == 1
    assert count(store, "ticket") == count(store, "scan") == 1
