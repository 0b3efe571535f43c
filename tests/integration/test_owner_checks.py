"""Who came in, held to the chain afterwards: on real contracts, with the index as it keeps up."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from psycopg import Connection

from infra.local.blocks import mine, mined_by_hand
from infra.local.wallets import HOLDER, MINA, NOAH, Wallet
from onlineticket import resources
from onlineticket.chain.rpc import Node
from onlineticket.domain.passage import Journal, Passage, TicketKey
from onlineticket.domain.suite import Suite
from onlineticket.domain.types import EventId, TokenId, WalletAddress
from onlineticket.door import __main__ as command
from onlineticket.door.wiring import open_door
from onlineticket.store import audit, registry, settling
from onlineticket.usecases.check_owners import Checked
from tests.indexing import index
from tests.integration.contracts.theatre import Theatre

NOW = 1_800_000_000


@pytest.fixture
def hall(anvil: str, suite: Suite, conn: Connection[Any]) -> Iterator[Theatre]:
    registry.register(conn, suite)
    theatre = Theatre(Node(anvil), suite, now=0)
    with mined_by_hand(theatre.node):
        theatre.now = theatre.head_time()
        theatre.open()
        theatre.concert()
        yield theatre


def enter(
    hall: Theatre, conn: Any, token_id: int, holder: Wallet | None, *, epoch: int = 0
) -> None:
    """Somebody comes in now, by the chain's clock; `holder` None: the check was deferred."""
    at = hall.head_time()
    hall.wait(1)  # what comes later is mined later
    who, check = (WalletAddress(holder.address), "done") if holder else (None, "deferred")
    line: Any = Passage(
        "entry", at, at, "v1", str(uuid4()), "N1", False, epoch, "00" * 8, at + 60, who,
        check, 1,  # type: ignore[arg-type]
    )  # fmt: skip
    key = TicketKey(hall.suite.chain_id, hall.suite.ticket_manager, TokenId(token_id))
    settling.write(conn, [Journal(key, EventId(hall.events["concert"]), (line,))], [])


def check(conn: Any, later: int = 0) -> Checked:
    """`later` in seconds."""
    resources.forget()
    return open_door(lambda *_: None).check_owners(NOW + later)


def outcome(conn: Any) -> Any:
    return conn.execute("SELECT outcome, reason, owner FROM owner_checks").fetchone()


def give(hall: Theatre, token_id: int, by: Wallet = MINA, to: Wallet = NOAH) -> None:
    hall.do(hall.give(by, to.address, token_id))


def test_the_rightful_holder_matches(hall: Theatre, conn: Any) -> None:
    token = hall.bought()
    index()
    enter(hall, conn, token, MINA)
    assert check(conn) == Checked(matches=1)
    assert outcome(conn) == ("match", None, MINA.address)
    assert check(conn) == Checked()


@pytest.mark.parametrize("holder", [MINA, None], ids=["checked", "deferred"])
def test_a_ticket_sold_before_its_old_holder_came_in_is_flagged_and_told(
    hall: Theatre, conn: Any, holder: Wallet | None
) -> None:
    token = hall.bought()
    index()
    give(hall, token)
    enter(hall, conn, token, holder)
    # The chain knows of the sale already, and the index does not: too early to judge.
    assert check(conn) == Checked(unchecked=1)
    assert outcome(conn)[:2] == ("unchecked", "INDEX_BEHIND")
    index()
    assert check(conn, later=60) == Checked()
    assert check(conn, later=61) == Checked(mismatches=1)
    assert outcome(conn) == ("mismatch", "SOLD_BEFORE_ENTRY", NOAH.address)
    told = conn.execute("SELECT payload->>'reason' FROM outbox WHERE kind = 'door.flagged'")
    assert told.fetchall() == [("SOLD_BEFORE_ENTRY",)]
    actions = conn.execute("SELECT action FROM audit_log ORDER BY id").fetchall()
    assert actions == [("door.entry",), ("door.flagged",)]
    assert audit.verify(conn, f"event:1:{hall.events['concert']}") is None
    assert check(conn) == Checked()
    assert conn.execute("SELECT count(*) FROM check_ins").fetchone() == (1,)


@pytest.mark.parametrize("holder", [MINA, None], ids=["checked", "deferred"])
def test_a_ticket_passed_on_after_the_entry_is_nobodys_business(
    hall: Theatre, conn: Any, holder: Wallet | None
) -> None:
    token = hall.bought()
    index()
    enter(hall, conn, token, holder)
    give(hall, token)
    index()
    assert check(conn) == Checked(matches=1)


def test_a_reorg_that_removes_the_transfer_to_the_holder_is_flagged_and_nothing_lost(
    hall: Theatre, conn: Any
) -> None:
    token = hall.bought(HOLDER)
    mine(hall.node, [])
    give(hall, token, by=HOLDER, to=MINA)
    index()
    enter(hall, conn, token, MINA, epoch=1)
    hall.node.call("anvil_rollback", [2])
    for _ in range(3):
        mine(hall.node, [])
    index()
    assert check(conn) == Checked(mismatches=1)
    assert outcome(conn) == ("mismatch", "TRANSFER_UNDONE", HOLDER.address)
    flags = conn.execute("SELECT flag FROM door_flags ORDER BY flag").fetchall()
    assert flags == [("transfer_gone",), ("transfer_undone",)]
    assert conn.execute("SELECT standing, holder FROM check_ins").fetchone() == (
        "regular", MINA.address,
    )  # fmt: skip


def test_a_reorg_that_removes_the_ticket_is_flagged_and_nothing_lost(
    hall: Theatre, conn: Any
) -> None:
    mine(hall.node, [])
    token = hall.bought()
    index()
    enter(hall, conn, token, MINA)
    hall.node.call("anvil_rollback", [2])
    for _ in range(3):
        mine(hall.node, [])
    index()
    assert check(conn) == Checked(mismatches=1)
    assert outcome(conn) == ("mismatch", "NO_SUCH_TICKET", None)
    assert conn.execute("SELECT count(*) FROM check_ins").fetchone() == (1,)


def test_a_node_that_is_down_leaves_the_question_for_the_next_round(
    hall: Theatre, conn: Any, anvil: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = hall.bought()
    index()
    enter(hall, conn, token, MINA)
    monkeypatch.setenv("RPC_URL", "http://127.0.0.1:1")
    assert check(conn) == Checked(unchecked=1, unanswered=True)
    monkeypatch.setenv("RPC_URL", anvil)
    assert check(conn, later=61) == Checked(matches=1)


def test_a_silent_node_is_not_asked_by_every_batch(
    hall: Theatre, conn: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = hall.bought()
    index()
    enter(hall, conn, token, MINA)
    monkeypatch.setenv("RPC_URL", "http://127.0.0.1:1")
    check(conn)
    for _ in range(3):
        assert open_door(lambda *_: None).check_owners(NOW + 100) == Checked()
    assert conn.execute("SELECT attempts FROM owner_checks").fetchone() == (1,)


def test_people_may_ask_at_once(
    hall: Theatre, conn: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    token = hall.bought()
    enter(hall, conn, token, MINA)
    assert command.main(["check-owners"]) == 0
    index()
    assert command.main(["check-owners"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].endswith("1 not known yet")
    assert said[1].startswith("1 match, 0 differ")


def test_a_huge_token_that_nobody_minted_is_flagged(hall: Theatre, conn: Any) -> None:
    enter(hall, conn, 2**256 - 1, None)
    assert check(conn) == Checked(mismatches=1)
    assert outcome(conn)[1] == "NO_SUCH_TICKET"
