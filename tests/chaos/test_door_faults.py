"""Whatever fails, and whenever: nobody enters twice, no check-in is lost, no valid holder is
refused, and a verdict once given stays. A thousand random runs in `make test-long`.

A run plays random entries, exits and undos of one ticket, each sent again until it is answered,
and holds every answer to a model that knows no store, no process and no fault. A run with uploads
holds the rows to the journal, and the journal to what was observed.
"""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import settings as hypothesis_settings
from psycopg import Connection

from onlineticket import settings
from onlineticket.domain import qr
from onlineticket.domain.door import Scan, Verdict
from onlineticket.domain.passage import Direction
from onlineticket.domain.types import TokenId
from onlineticket.domain.undo import Undo
from onlineticket.domain.upload import Upload
from onlineticket.store import registry
from tests.at_the_door import NOW, SUITE, TERMINAL, TICKET
from tests.chaos.door_faults import FaultyDoor, FaultyStore

IS_LONG = hypothesis_settings.get_current_profile_name() == "long"
RUNS = 1_000 if IS_LONG else 100
FAULT_RATE = 0.12
TERMINALS = [replace(TERMINAL, verifier_id=f"{n:016x}") for n in range(1, 4)]
SUPERVISOR = replace(TERMINAL, verifier_id="5" * 16, scopes=frozenset({"undo"}))


def name(*numbers: int) -> str:
    """A UUID that says whose it is."""
    return str(UUID(bytes=b"".join(number.to_bytes(4) for number in numbers).rjust(16, b"\0")))


class Model:
    """What should happen to one ticket, in a world without faults."""

    def __init__(self, max_entries: int) -> None:
        self.max_entries = max_entries
        self.passed: list[tuple[str, Direction]] = []
        """Of the passages that stand: scan id and direction."""
        self.spent: set[int] = set()

    def scan(self, scan_id: str, nonce: int, direction: Direction, *, most: int) -> str:
        entries = sum(kind == "entry" for _, kind in self.passed)
        inside = bool(self.passed) and self.passed[-1][1] == "entry"
        if direction == "exit" and not inside:
            return "TICKET_NOT_INSIDE"
        if direction == "entry" and entries >= most:
            return "TICKET_ALREADY_USED"
        if direction == "entry" and inside:
            return "TICKET_INSIDE"
        if nonce in self.spent:
            return "QR_ALREADY_USED"
        self.spent.add(nonce)
        self.passed.append((scan_id, direction))
        return "ADMITTED"

    def undo(self, scan_id: str, undone: set[str]) -> str:
        if scan_id in undone:
            return "ALREADY_UNDONE"
        if scan_id not in [one for one, _ in self.passed]:
            return "NOTHING_TO_UNDO"
        if self.passed[-1][0] != scan_id:
            return "PASSED_SINCE"
        self.passed.pop()
        undone.add(scan_id)
        return "undone"


@pytest.fixture
def open_door(dynamodb: Any, conn: Connection[Any]) -> Callable[[int], FaultyDoor]:
    """By a seed: a door of its own ticket and table, on the same database as all others. One table
    for all would grow slow: moto copies it at each transaction.
    """
    registry.register(conn, SUITE)
    tables = [settings.required("REDEMPTIONS_TABLE")]

    def open_(seed: int) -> FaultyDoor:
        dynamodb.delete_table(TableName=tables.pop())
        tables.append(f"redemptions-{seed}")
        dynamodb.create_table(
            TableName=tables[0],
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        )
        chance = Random(seed)
        ticket = replace(
            TICKET, token_id=TokenId(seed + 1), max_entries=chance.choice([1, 1, 2, 3])
        )  # fmt: skip
        return FaultyDoor(
            FaultyStore(dynamodb, chance, FAULT_RATE), tables[0], conn, ticket, chance
        )

    return open_


def play(door: FaultyDoor, seed: int) -> tuple[dict[str, tuple[Any, Verdict]], set[str]]:
    """What was pressed with its verdict, by scan id; and the scans undone."""
    chance, model = door.chance, Model(door.ticket.max_entries)
    pressed: dict[str, tuple[Any, Verdict]] = {}
    undone: set[str] = set()
    nonce = 0
    for turn in range(chance.randrange(4, 12)):
        now = NOW + turn
        door.database_is_down = chance.random() < 0.15
        if pressed and chance.random() < 0.2:
            scan_id = chance.choice(list(pressed))
            terminal = pressed[scan_id][0][1]
            request = Undo.of(
                name(seed, turn, 9), "x", scan_id=scan_id, verifier_id=terminal.verifier_id,
                token_id=None,
            )  # fmt: skip
            assert door.undo(request, SUPERVISOR, now) == model.undo(scan_id, undone), (seed, turn)
            continue
        nonce += chance.random() < 0.8 or nonce == 0
        direction: Direction = chance.choice(["entry", "entry", "exit"])
        scan_id, terminal = name(seed, turn), chance.choice(TERMINALS)
        press = (door.code(nonce, now), terminal, direction)
        answer = door.scan(scan_id, *press, now)
        most = 1 if door.database_is_down else door.ticket.max_entries
        expected = model.scan(scan_id, nonce, direction, most=most)
        assert (answer.verdict.refusal or "ADMITTED") == expected, (seed, turn)
        pressed[scan_id] = press, answer.verdict
        if chance.random() < 0.3:
            door.settle(FAULT_RATE)
    return pressed, undone


def rows_of(conn: Connection[Any], token_id: int) -> list[Any]:
    return conn.execute(
        "SELECT kind, standing, verifier_id, scan_id::text FROM check_ins"
        " WHERE token_id = %s ORDER BY number",
        [token_id],
    ).fetchall()


def told_of(conn: Connection[Any], token_id: int) -> list[int]:
    """How many of its lines the audit log and the outbox hold, each line once."""
    queries = (
        "SELECT action, details->>'number' FROM audit_log WHERE subject = %s",
        "SELECT kind, payload->>'number' FROM outbox WHERE entity = %s",
    )
    names = (f"ticket:{token_id}", f"ticket:1:{token_id}")
    counts = []
    for query, name_ in zip(queries, names, strict=True):
        rows = conn.execute(query.encode(), [name_]).fetchall()
        new = [row for row in rows if row[0] in ("door.entry", "door.exit", "door.undo")]
        assert len(set(new)) == len(new)
        counts.append(len(new))
    return counts


def lines_of(door: FaultyDoor) -> list[Any]:
    journal = door.journal()
    if journal is None:
        return []
    return [
        (line.kind, standing, line.verifier_id, line.scan_id)
        for line, standing in zip(journal.passages, journal.standings(), strict=True)
    ]


def test_no_fault_admits_twice_loses_a_check_in_or_refuses_a_valid_holder(
    open_door: Callable[[int], FaultyDoor], conn: Connection[Any]
) -> None:
    faults = admitted = 0
    for seed in range(RUNS):
        door = open_door(seed)
        pressed, undone = play(door, seed)
        for scan_id, ((code, terminal, direction), verdict) in pressed.items():
            again = door.scan(scan_id, code, terminal, direction, NOW + 86_400)
            assert (again.verdict, again.replayed) == (verdict, True), (seed, scan_id)
            assert (again.undone_at is not None) == (scan_id in undone)
        door.settle_all()
        let_through = {scan_id for scan_id, (_, verdict) in pressed.items() if not verdict.refusal}
        lines = lines_of(door)
        assert {scan_id for kind, _, _, scan_id in lines if kind != "undo"} == let_through
        assert {s for _, standing, _, s in lines if standing == "undone"} == undone
        assert {standing for _, standing, _, _ in lines} <= {"regular", "undone"}
        entries = [one for one in lines if one[:2] == ("entry", "regular")]
        assert len(entries) <= door.ticket.max_entries
        assert rows_of(conn, door.ticket.token_id) == lines, seed
        assert told_of(conn, door.ticket.token_id) == [len(lines)] * 2, seed
        faults += door.store.faults
        admitted += len(let_through)
    # The runs were what they are said to be.
    assert faults > 2 * RUNS
    assert admitted > RUNS


def test_no_fault_loses_or_doubles_what_terminals_saw_offline(
    open_door: Callable[[int], FaultyDoor], conn: Connection[Any]
) -> None:
    doubles = 0
    for seed in range(RUNS, RUNS + RUNS // 8):
        door = open_door(seed)
        chance = door.chance
        batches = [
            (terminal, [_upload(door, name(seed, n, i)) for i in range(chance.randrange(1, 4))])
            for n, terminal in enumerate(TERMINALS)
        ]
        chance.shuffle(batches)
        told = {}
        for terminal, uploads in batches:
            for upload, answer in zip(
                uploads, door.upload(uploads, terminal, NOW + 600), strict=True
            ):
                told[upload.scan.scan_id] = answer.verdict
            if chance.random() < 0.5:
                door.settle(FAULT_RATE)
        for terminal, uploads in batches:
            for upload, answer in zip(
                uploads, door.upload(uploads, terminal, NOW + 999_999), strict=True
            ):
                assert (answer.verdict, answer.replayed) == (told[upload.scan.scan_id], True)
        door.settle_all()
        lines = lines_of(door)
        seen = [one.scan.scan_id for _, uploads in batches for one in uploads if one.passed]
        assert sorted(scan_id for _, _, _, scan_id in lines) == sorted(seen)
        assert rows_of(conn, door.ticket.token_id) == lines
        assert told_of(conn, door.ticket.token_id) == [len(lines)] * 2
        doubles += sum(standing == "double" for _, standing, _, _ in lines)
    assert doubles > RUNS // 16


def _upload(door: FaultyDoor, scan_id: str) -> Upload:
    chance = door.chance
    at = NOW + chance.randrange(60)
    code = door.code(chance.randrange(2**32), at - chance.randrange(qr.LIFETIME))
    asked = Scan(code, scan_id, "N1", chance.choice(["entry", "entry", "exit"]))
    return Upload(asked, at, chance.choice(["admitted", "admitted", "refused"]))
