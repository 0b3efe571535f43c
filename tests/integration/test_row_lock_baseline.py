"""The baseline of `make bench-door` is a door that works: what it is compared with must be fair."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import time
from typing import Any
from uuid import uuid4

from onlineticket.domain import qr
from onlineticket.domain.door import Scan
from onlineticket.domain.qr import QrCode
from onlineticket.domain.types import TokenId
from onlineticket.store import database as databases
from tests.at_the_door import EVENT, KEYS, SUITE, TERMINAL, TOKEN
from tests.bench import row_lock
from tests.door_rows import insert_ticket


def press(conn: Any, suite_id: int, now: int) -> str:
    code = QrCode(EVENT, TokenId(TOKEN), 3, now + qr.LIFETIME, b"nonce--8", False)
    text = qr.base45(qr.encode(code, KEYS, SUITE))
    scan = Scan(text, str(uuid4()), "N1")
    answer = row_lock.decide(conn, SUITE, suite_id, KEYS, scan, TERMINAL, now)
    return answer.verdict.refusal or "ADMITTED"


def test_it_admits_a_ticket_once_and_then_says_so(conn: Any) -> None:
    suite_id, now = insert_ticket(conn), int(time())
    assert [press(conn, suite_id, now) for _ in "12"] == ["ADMITTED", "TICKET_ALREADY_USED"]
    conn.execute("UPDATE tickets SET transfers = 4")
    assert press(conn, suite_id, now) == "QR_SUPERSEDED"
    assert conn.execute("SELECT count(*) FROM check_ins").fetchone() == (1,)


def test_of_callers_at_the_same_moment_it_admits_one(conn: Any, database: str) -> None:
    suite_id, now, callers = insert_ticket(conn), int(time()), 8
    line = Barrier(callers)

    def caller(_: int) -> str:
        with databases.connect(database) as own:
            line.wait(timeout=30)
            return press(own, suite_id, now)

    with ThreadPoolExecutor(callers) as pool:
        answers = list(pool.map(caller, range(callers)))
    assert sorted(answers) == ["ADMITTED", *["TICKET_ALREADY_USED"] * (callers - 1)]
