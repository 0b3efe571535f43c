"""Once: hundreds of terminals press at the same moment, on a server that really runs them side by
side. All have read the ticket and found it good before the first of them writes.
"""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from random import Random
from threading import Barrier, Lock
from typing import Any

import pytest

from onlineticket import settings
from onlineticket.domain import qr
from onlineticket.domain.door import Scan, ScanRecord
from onlineticket.domain.errors import Refused
from onlineticket.domain.passage import Direction, Journal
from onlineticket.domain.types import TokenId
from onlineticket.domain.undo import Undo, UndoRecord
from onlineticket.domain.upload import Upload
from onlineticket.domain.verifier import Verifier
from onlineticket.dynamo import redemptions
from onlineticket.usecases.scan import Answer, Door, scan
from onlineticket.usecases.settle_offline import Settled, settle_offline
from onlineticket.usecases.undo_scan import Past, TakeBack, undo_scan
from tests.at_the_door import KEY, KEYS, NOW, SUITE, TERMINAL, TICKET, text
from tests.integration.test_redemptions import conflict, throttled

Store = tuple[Any, str]
TERMINALS = 50
AGAIN = replace(TICKET, max_entries=2)


@pytest.fixture
def store(ministack_dynamodb: Any) -> Store:
    return ministack_dynamodb, settings.required("REDEMPTIONS_TABLE")


def door(store: Store, ticket: Any = TICKET, line: Barrier | None = None, **ports: Any) -> Door:
    """Whoever wants to write waits at `line`, at the first time only."""
    waited: set[str] = set()

    def let_pass(journal: Journal, record: ScanRecord) -> Any:
        if line and record.attempt not in waited:
            waited.add(record.attempt)
            line.wait(timeout=60)
        return redemptions.let_pass(*store, journal, record)

    at = Door(
        KEYS, SUITE, lambda _: ticket, let_pass, partial(redemptions.find_journal, *store),
        partial(redemptions.keep_refusal, *store), partial(redemptions.find_scan, *store),
        admit_when_database_is_down=False,
    )  # fmt: skip
    return replace(at, **ports)


def past(store: Store, take_back: TakeBack) -> Past:
    return Past(
        SUITE, partial(redemptions.find_undo, *store), partial(redemptions.find_scan, *store),
        partial(redemptions.find_upload, *store), partial(redemptions.find_journal, *store),
        take_back,
    )  # fmt: skip


def race(
    store: Store,
    presses: list[tuple[str, str, Verifier]],
    ticket: Any = TICKET,
    direction: Direction = "entry",
) -> list[Answer]:
    """Each press is (code, scan id, terminal)."""
    at = door(store, ticket, Barrier(len(presses)))

    def press(code: str, scan_id: str, terminal: Verifier) -> Answer:
        return scan(Scan(code, scan_id, "N1", direction), terminal, at, now=NOW)

    return side_by_side([partial(press, *one) for one in presses])


def side_by_side(calls: list[Callable[[], Any]]) -> list[Any]:
    with ThreadPoolExecutor(len(calls)) as pool:
        return [done.result() for done in [pool.submit(call) for call in calls]]


def other_terminal(number: int) -> Verifier:
    return replace(TERMINAL, verifier_id=f"{number:016x}")


def presses_of(
    count: int, codes: int = 1, terminals: int = 1, tag: str = "scan"
) -> list[tuple[str, str, Verifier]]:
    return [
        (code(i % codes), f"{tag}-{i}", other_terminal(i % terminals)) for i in range(count)
    ]  # fmt: skip


def code(number: int, **changes: Any) -> str:
    return text(nonce=number.to_bytes(8), **changes)


def outcomes(answers: list[Answer]) -> Counter[str]:
    return Counter(answer.verdict.refusal or "ADMITTED" for answer in answers)


def count(store: Store, kind: str) -> int:
    client, table = store
    pages = client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return sum(item["pk"]["S"].startswith(f"{kind}#") for page in pages for item in page["Items"])


def journal(store: Store) -> Journal:
    found = redemptions.find_journal(*store, KEY)
    assert found
    return found


@pytest.mark.parametrize("several", [False, True], ids=["the same code", "a code each"])
@pytest.mark.parametrize("everywhere", [False, True], ids=["one terminal", "a terminal each"])
@pytest.mark.parametrize(
    "callers", [TERMINALS, pytest.param(500, marks=pytest.mark.slow)], ids=["50", "500"]
)
def test_of_all_scans_of_one_ticket_exactly_one_is_admitted(
    store: Store, callers: int, several: bool, everywhere: bool
) -> None:
    codes, terminals = callers if several else 1, callers if everywhere else 1
    answers = race(store, presses_of(callers, codes, terminals))
    assert outcomes(answers) == {"ADMITTED": 1, "TICKET_ALREADY_USED": callers - 1}
    details = [answer.verdict.details for answer in answers if answer.verdict.refusal]
    assert all(one == {"admitted_at": "2027-01-15T08:00:00Z", "gate": "N1"} for one in details)
    assert not any(answer.replayed for answer in answers)
    assert (count(store, "ticket"), count(store, "nonce")) == (1, 1)
    assert count(store, "scan") == callers
    assert journal(store).version == 1


def test_one_scan_sent_fifty_times_at_once_is_one_admission_and_49_replays(store: Store) -> None:
    answers = race(store, [(text(), "scan-1", TERMINAL)] * TERMINALS)
    assert outcomes(answers) == {"ADMITTED": TERMINALS}
    assert sum(answer.replayed for answer in answers) == TERMINALS - 1
    assert len({answer.verdict.to_json() for answer in answers}) == 1
    assert count(store, "ticket") == count(store, "scan") == 1


def test_of_fifty_exits_and_fifty_entries_again_exactly_one_each_passes(store: Store) -> None:
    kinds: list[Direction] = ["entry", "exit", "entry", "exit"]
    seen = []
    for turn, kind in enumerate(kinds):
        presses = [
            (code(100 * turn + i), f"{turn}-{i}", other_terminal(i)) for i in range(TERMINALS)
        ]
        seen.append(outcomes(race(store, presses, AGAIN, kind)))
    assert seen == [
        {"ADMITTED": 1, "TICKET_INSIDE": 49},
        {"ADMITTED": 1, "TICKET_NOT_INSIDE": 49},
        {"ADMITTED": 1, "TICKET_ALREADY_USED": 49},
        {"ADMITTED": 1, "TICKET_NOT_INSIDE": 49},
    ]
    assert journal(store).standings() == ("regular",) * 4


class Hindered:
    """A client whose transactions are put off, throttled, or lose their answer, at random."""

    def __init__(self, client: Any, seed: int) -> None:
        self._client, self._chance, self._lock = client, Random(seed), Lock()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_write_items(self, **request: Any) -> Any:
        with self._lock:
            roll = self._chance.random()
        if roll < 0.2:
            raise conflict(self._client)
        if roll < 0.4:
            raise throttled(self._client)
        return self._client.transact_write_items(**request)


def test_conflicts_and_throttling_admit_nobody_twice_and_refuse_nobody_wrongly(
    store: Store,
) -> None:
    hindered = Hindered(store[0], 5), store[1]
    answers = race(hindered, presses_of(TERMINALS, TERMINALS, TERMINALS))
    assert outcomes(answers) == {"ADMITTED": 1, "TICKET_ALREADY_USED": TERMINALS - 1}
    assert count(store, "scan") == TERMINALS


def test_an_undo_races_an_exit_and_another_undo_and_exactly_one_happens(store: Store) -> None:
    """Undone, or left: whichever comes second sees the first. Twenty rounds of one ticket each."""
    winners = Counter[str]()
    for turn in range(20):
        key = replace(KEY, token_id=TokenId(KEY.token_id + turn))
        ticket = replace(AGAIN, token_id=key.token_id)
        said = {"token_id": key.token_id}
        at = door(store, ticket)
        scan(Scan(code(1, **said), f"in-{turn}", "N1"), TERMINAL, at, now=NOW)
        line = Barrier(3)

        def take_back(journal: Journal, record: UndoRecord, line: Barrier = line) -> Any:
            line.wait(timeout=30)
            return redemptions.take_back(*store, journal, record)

        def undo(who: str, turn: int = turn, take_back: Any = take_back) -> str:
            supervisor = replace(TERMINAL, verifier_id=who, scopes=frozenset({"undo"}))
            undo_id = f"undo-{turn}"
            request = Undo.of(
                undo_id, "x", scan_id=f"in-{turn}", verifier_id=TERMINAL.verifier_id, token_id=None
            )
            waited: list[int] = []

            def once(journal: Journal, record: UndoRecord) -> Any:
                waited.append(1)
                if len(waited) == 1:
                    return take_back(journal, record)
                return redemptions.take_back(*store, journal, record)

            try:
                undo_scan(request, supervisor, past(store, once), now=NOW + 1)
            except Refused as refused:
                return refused.code
            return "undone"

        def leave(
            turn: int = turn, ticket: Any = ticket, said: Any = said, line: Any = line
        ) -> str:
            leaving = door(store, ticket, line)
            asked = Scan(code(2, **said), f"out-{turn}", "N1", "exit")
            return scan(asked, TERMINAL, leaving, now=NOW + 1).verdict.refusal or "left"

        told = side_by_side([partial(undo, "a" * 16), partial(undo, "b" * 16), leave])
        found = redemptions.find_journal(*store, key)
        assert found
        if "left" in told:
            assert sorted(told) == ["PASSED_SINCE", "PASSED_SINCE", "left"]
            assert found.standings() == ("regular", "regular")
        else:
            assert sorted(told) == ["ALREADY_UNDONE", "TICKET_NOT_INSIDE", "undone"]
            assert found.standings() == ("undone", "regular")
        winners[told[2]] += 1
    assert sum(winners.values()) == 20


def test_terminals_that_upload_at_once_in_any_order_come_to_one_result(store: Store) -> None:
    """Ten terminals, each with three scans of one ticket, in three rounds of the same scans."""
    chance = Random(7)
    batches = {
        number: [
            Upload(
                Scan(
                    code(number * 10 + i, expires_at=at + qr.LIFETIME), f"u-{number}-{i}", f"N{i}",
                    chance.choice(["entry", "entry", "exit"]),
                ),
                at,
                "admitted",
            )
            for i, at in enumerate(chance.randrange(NOW, NOW + 40) for _ in range(3))
        ]
        for number in range(10)
    }  # fmt: skip
    gates = frozenset({"*"})
    results = []
    for turn in range(3):
        token_id = TokenId(KEY.token_id + turn)
        ticket = replace(AGAIN, token_id=token_id)
        at = door(store, ticket)

        def upload(
            number: int, at: Door = at, token_id: TokenId = token_id, turn: int = turn
        ) -> list[Any]:
            mine = [
                replace(one, scan=replace(one.scan, qr=requoted(one, token_id), gate=one.scan.gate))
                for one in batches[number]
            ]
            terminal = replace(TERMINAL, verifier_id=f"{turn}{number:015x}", gates=gates)
            return settle_offline(
                mine, terminal, at, now=NOW + 600,
                find_ticket_then=lambda token_id, _: at.find_ticket(token_id),
                find_upload=partial(redemptions.find_upload, *store),
                keep_upload=partial(redemptions.keep_upload, *store), may_go_on=lambda: True,
            )  # fmt: skip

        order = list(batches)
        chance.shuffle(order)
        told = side_by_side([partial(upload, number) for number in order])
        assert all(isinstance(one, Settled) for answers in told for one in answers), told
        found = redemptions.find_journal(*store, replace(KEY, token_id=token_id))
        assert found
        assert found.version == 30
        results.append(
            {
                (line.verifier_id[1:], line.scan_id): standing
                for line, standing in zip(found.passages, found.standings(), strict=True)
            }
        )
        final = [one for number in batches for one in upload(number)]
        assert all(one.replayed for one in final)
        assert [one.standing for one in final] == [
            results[0][f"{number:015x}", one.scan.scan_id]
            for number, uploads in batches.items()
            for one in uploads
        ]
    assert results[0] == results[1] == results[2]
    assert Counter(results[0].values())["regular"] >= 1


def requoted(one: Upload, token_id: TokenId) -> str:
    """The same code, of another ticket."""
    read = qr.decode(one.scan.qr, KEYS, SUITE)
    return qr.base45(qr.encode(replace(read, token_id=token_id), KEYS, SUITE))
