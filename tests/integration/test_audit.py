"""The audit log in Postgres: it takes entries, gives none back changed, and shows who tried."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import psycopg
import pytest

from onlineticket.domain.audit import PLATFORM, Entry
from onlineticket.domain.happening import Happening
from onlineticket.domain.types import EventId, SuiteId
from onlineticket.store import audit, outbox
from onlineticket.store import database as databases

EVENT = (SuiteId(1), EventId(2**256 - 1))
CHAIN = f"event:1:{2**256 - 1}"


def entry(number: int, **changes: Any) -> Entry:
    plain: dict[str, Any] = {"details": {"number": number, "huge": str(2**256), "面": "\0\ud800"}}
    return Entry("wallet:0xab", "test.done", 1_800_000_000 + number, **plain | changes)


def tamper(conn: Any, *statements: str) -> None:
    """As only the tables' owner can."""
    tables = ("audit_log", "audit_links", "audit_heads")
    for table in tables:
        conn.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER".encode())
    for statement in statements:
        conn.execute(statement.encode())
    for table in tables:
        conn.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER".encode())


def fill(conn: Any) -> None:
    for number in range(5):
        audit.append(conn, [entry(3 * number + n, event=EVENT) for n in range(3)])


def test_a_batch_is_one_link_of_each_chain_in_it(conn: Any) -> None:
    both = [entry(1), entry(2, event=EVENT), entry(3), entry(4, event=EVENT)]
    assert audit.append(conn, both) == 4
    assert [(head.chain, head.number) for head in audit.heads(conn)] == [(CHAIN, 1), (PLATFORM, 1)]
    assert audit.append(conn, [entry(5)]) == 1
    assert [head.number for head in audit.heads(conn)] == [1, 2]
    assert audit.verify(conn, CHAIN) is None
    assert audit.verify(conn, PLATFORM) is None
    assert audit.verify(conn, "event:9:9") is None


def test_an_entry_written_again_adds_nothing(conn: Any) -> None:
    assert audit.append(conn, [entry(1, once="a"), entry(2, once="a"), entry(3)]) == 2
    assert audit.append(conn, [entry(1, once="a")]) == 0
    assert audit.append(conn, [entry(1, once="a", event=EVENT), entry(2, once="b")]) == 2
    assert audit.append(conn, []) == 0
    assert [head.number for head in audit.heads(conn)] == [1, 2]
    assert audit.verify(conn, PLATFORM) is None


def test_entries_stand_and_fall_with_the_callers_transaction(conn: Any) -> None:
    def fail() -> None:
        with conn.transaction():
            audit.append(conn, [entry(1)])
            outbox.append(conn, [Happening("a.b", "ticket:1:7", {"token_id": "7"})])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert audit.heads(conn) == []
    assert conn.execute("SELECT count(*) FROM outbox").fetchone() == (0,)


def test_happenings_keep_their_order_and_wait_to_be_published(conn: Any) -> None:
    told = [Happening("a.b", "ticket:1:7", {"n": str(n)}) for n in range(3)]
    outbox.append(conn, told)
    outbox.append(conn, [])
    rows = conn.execute("SELECT kind, entity, payload, published_at FROM outbox ORDER BY id")
    assert rows.fetchall() == [("a.b", "ticket:1:7", {"n": str(n)}, None) for n in range(3)]


@pytest.mark.parametrize("table", ["audit_log", "audit_links", "audit_heads"])
@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET chain = 'x'", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
def test_nothing_written_can_be_changed_or_removed(conn: Any, table: str, statement: str) -> None:
    fill(conn)
    with pytest.raises(psycopg.errors.RestrictViolation):
        conn.execute(statement.format(table).encode())
    assert audit.verify(conn, CHAIN) is None


def test_a_chain_does_not_go_back(conn: Any) -> None:
    fill(conn)
    for change in ("number = 1", "number = 9", "hash = '\\x00'", "chain = 'x'"):
        with pytest.raises(psycopg.errors.RestrictViolation):
            conn.execute(f"UPDATE audit_heads SET {change}".encode())


@pytest.mark.parametrize(
    ("statement", "link"),
    [
        ("UPDATE audit_log SET details = '{}' WHERE link = 3 AND position = 1", 3),
        ("UPDATE audit_log SET actor = 'system:x' WHERE link = 1", 1),
        ("UPDATE audit_log SET happened_at = happened_at + 1 WHERE link = 5 AND position = 2", 5),
        ("UPDATE audit_log SET position = 5 - position WHERE link = 2", 2),
        ("DELETE FROM audit_log WHERE link = 4 AND position = 0", 4),
        ("DELETE FROM audit_log WHERE link = 4 AND position = 2", 4),
        ("UPDATE audit_links SET hash = sha256('x') WHERE number = 2", 2),
        ("UPDATE audit_links SET entries = 2 WHERE number = 2", 2),
        ("INSERT INTO audit_log (chain, link, position, happened_at, actor, action, details)"
         " SELECT chain, 3, 3, 0, 'a', 'b', '{}' FROM audit_heads", 3),
    ],
)  # fmt: skip
def test_a_change_is_found_at_the_link_where_it_was_made(
    conn: Any, statement: str, link: int
) -> None:
    fill(conn)
    tamper(conn, statement)
    broken = audit.verify(conn, CHAIN)
    assert broken is not None
    assert broken.link == link


def test_a_link_taken_out_is_missed(conn: Any) -> None:
    fill(conn)
    tamper(
        conn, "DELETE FROM audit_log WHERE link = 2", "DELETE FROM audit_links WHERE number = 2"
    )  # fmt: skip
    broken = audit.verify(conn, CHAIN)
    assert broken is not None
    assert (broken.link, broken.reason) == (2, "the link is missing")


def test_a_cut_end_is_missed_with_its_head_or_with_one_that_was_kept(conn: Any) -> None:
    fill(conn)
    kept = audit.heads(conn)
    cut = "DELETE FROM audit_log WHERE link > 3", "DELETE FROM audit_links WHERE number > 3"
    tamper(conn, *cut)
    broken = audit.verify(conn, CHAIN)
    assert broken is not None
    assert broken.link == 4
    hidden = (
        "UPDATE audit_heads SET number = 3, hash = (SELECT hash FROM audit_links WHERE number = 3)"
    )
    tamper(conn, hidden)
    assert audit.verify(conn, CHAIN) is None
    assert audit.verify(conn, CHAIN, kept) is not None
    audit.append(conn, [entry(1, event=EVENT)])
    audit.append(conn, [entry(2, event=EVENT)])
    rewritten = audit.verify(conn, CHAIN, kept)
    assert rewritten is not None
    assert (rewritten.link, rewritten.reason) == (5, "the link is not the one seen before")


def test_writers_at_the_same_moment_make_one_chain(database: str) -> None:
    writers, rounds = 8, 5
    line = Barrier(writers)

    def write(number: int) -> None:
        with databases.connect(database) as conn:
            for turn in range(rounds):
                line.wait(timeout=30)
                both = [entry(number, event=EVENT), entry(turn)]
                audit.append(conn, both if number % 2 else both[::-1])

    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(write, range(writers)))
    with databases.connect(database) as conn:
        assert [head.number for head in audit.heads(conn)] == [writers * rounds] * 2
        assert audit.verify(conn, CHAIN) is None
        assert audit.verify(conn, PLATFORM) is None
