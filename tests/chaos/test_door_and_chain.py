"""The door and the chain: what happens to a ticket after its code was made, or after it entered."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from psycopg import Connection

from infra.local import chain
from infra.local.blocks import Transaction, mined_by_hand
from infra.local.stage import DAY
from infra.local.wallets import DOOR, MINA, NOAH, PLATFORM, Wallet
from onlineticket import settings
from onlineticket.chain.rpc import Node
from onlineticket.domain.door import Scan
from onlineticket.domain.passage import TicketKey
from onlineticket.domain.suite import Suite
from onlineticket.domain.ticket import Ticket
from onlineticket.domain.types import TokenId, WalletAddress
from onlineticket.domain.verifier import Verifier
from onlineticket.dynamo import redemptions
from onlineticket.store import audit, check_ins, door, registry
from onlineticket.usecases.issue_qr import issue_qr
from onlineticket.usecases.scan import Door, scan
from tests.at_the_door import KEYS
from tests.indexing import index
from tests.integration.contracts.theatre import ETH_PRICE, PRICE, Theatre

ANYWHERE = Verifier("a" * 16, "Door", frozenset("*"), frozenset("*"), frozenset({"scan"}))
TRANSFER = "transferFrom(address,address,uint256)"


@pytest.fixture
def theatre(anvil: str, suite: Suite, registered: Connection[Any]) -> Iterator[Theatre]:
    """As that of the contracts' tests, with a database that is told of it."""
    theatre = Theatre(Node(anvil), suite, now=0)
    with mined_by_hand(theatre.node):
        theatre.now = theatre.head_time()
        theatre.open()
        theatre.concert()
        yield theatre


class Gate:
    """The door over the real stores; its clock stands an hour before the event."""

    def __init__(self, conn: Any, client: Any, suite: Suite, token_id: int) -> None:
        self.conn, self.suite, self.token_id = conn, suite, TokenId(token_id)
        self.store = client, settings.required("REDEMPTIONS_TABLE")
        self.find = partial(door.find_ticket, lambda: conn, suite)
        starts_at = self.ticket().event_starts_at
        assert starts_at
        self.now = starts_at - 3600

    def ticket(self) -> Ticket:
        found = self.find(self.token_id)
        assert found
        return found

    def code(self, holder: Wallet) -> str:
        issued = issue_qr(
            self.token_id, WalletAddress(holder.address), count=1, now=self.now, keys=KEYS,
            suite=self.suite, suite_id=registry.current_suite_id(self.conn, self.suite),
            source=None, find_ticket=self.find, keep=lambda entry: audit.append(self.conn, [entry]),
        )  # fmt: skip
        return issued.codes[0].base45

    def scan(self, code: str) -> str:
        at = Door(
            KEYS, self.suite, self.find, partial(redemptions.let_pass, *self.store),
            partial(redemptions.find_journal, *self.store),
            partial(redemptions.keep_refusal, *self.store),
            partial(redemptions.find_scan, *self.store), admit_when_database_is_down=False,
        )  # fmt: skip
        answer = scan(Scan(code, str(uuid4()), "N1"), ANYWHERE, at, now=self.now)
        return answer.verdict.refusal or "ADMITTED"

    def settle(self) -> None:
        key = TicketKey(self.suite.chain_id, self.suite.ticket_manager, self.token_id)
        journal = redemptions.find_journal(*self.store, key)
        assert journal
        check_ins.record(self.conn, journal)

    def rows(self) -> list[Any]:
        return list(self.conn.execute("SELECT token_id, holder, standing FROM check_ins"))

    def flags(self) -> set[str]:
        return {row[0] for row in self.conn.execute("SELECT flag FROM check_in_flags")}


@pytest.fixture
def at_the_gate(
    theatre: Theatre, dynamodb: Any, registered: Connection[Any], suite: Suite
) -> Callable[[int], Gate]:
    """With a ticket, as indexed."""

    def arrive(token_id: int) -> Gate:
        index()
        return Gate(registered, dynamodb, suite, token_id)

    return arrive


Act = Callable[[Theatre, int], list[Transaction]]


def sell(theatre: Theatre, token_id: int) -> list[Transaction]:
    listed = theatre.offer(MINA, token_id, PRICE, ETH_PRICE, DAY)
    return [listed, theatre.on_market(NOAH, "buyTicket(uint256)", 1)]


def use(theatre: Theatre, token_id: int) -> list[Transaction]:
    theatre.wait(2 * DAY + 60)
    allowed = theatre.on_tickets(
        PLATFORM, "setVerifierAuthorization(address,bool)", DOOR.address, True
    )  # fmt: skip
    return [allowed, theatre.on_tickets(DOOR, "useTicket(uint256)", token_id)]


def expire(theatre: Theatre, token_id: int) -> list[Transaction]:
    theatre.wait(4 * DAY)
    return [theatre.on_tickets(PLATFORM, "expireTickets(uint256[])", [token_id])]


@pytest.mark.parametrize(
    ("act", "refusal"),
    [
        (
            lambda theatre, token_id: [
                theatre.on_tickets(MINA, TRANSFER, MINA.address, NOAH.address, token_id)
            ],
            "QR_SUPERSEDED",
        ),
        (
            lambda theatre, token_id: [theatre.offer(MINA, token_id, PRICE, ETH_PRICE, DAY)],
            "TICKET_ESCROWED",
        ),
        (sell, "QR_SUPERSEDED"),
        (
            lambda theatre, token_id: [
                theatre.on_tickets(PLATFORM, "cancelTicket(uint256,string)", token_id, "x")
            ],
            "TICKET_REVOKED",
        ),
        (expire, "TICKET_EXPIRED"),
        (use, "TICKET_ALREADY_USED"),
    ],
    ids=["transferred", "listed", "sold", "cancelled", "expired", "used"],
)
def test_a_code_dies_with_what_happens_on_chain_once_it_is_indexed(
    theatre: Theatre, at_the_gate: Callable[[int], Gate], act: Act, refusal: str
) -> None:
    token_id = theatre.bought()
    gate = at_the_gate(token_id)
    code = gate.code(MINA)
    theatre.do(*act(theatre, token_id))
    index()
    assert gate.scan(code) == refusal
    assert gate.rows() == []


def test_the_buyer_of_a_ticket_enters_with_a_code_of_their_own(
    theatre: Theatre, at_the_gate: Callable[[int], Gate]
) -> None:
    token_id = theatre.bought()
    theatre.do(*sell(theatre, token_id))
    gate = at_the_gate(token_id)
    assert gate.scan(gate.code(NOAH)) == "ADMITTED"


def test_a_check_in_whose_transfer_a_reorg_removes_is_flagged_until_it_is_back(
    theatre: Theatre, at_the_gate: Callable[[int], Gate], anvil: str
) -> None:
    token_id = theatre.bought()
    hand_over = theatre.on_tickets(MINA, TRANSFER, MINA.address, NOAH.address, token_id)
    theatre.do(hand_over)
    gate = at_the_gate(token_id)
    assert gate.scan(gate.code(NOAH)) == "ADMITTED"
    gate.settle()
    assert gate.flags() == set()
    kept = gate.rows()
    chain.call(anvil, "anvil_reorg", 1, [])
    chain.call(anvil, "anvil_mine", "0x1")
    assert [one.depth for one in index().reorgs] == [1]
    assert gate.ticket().holder == MINA.address
    assert gate.rows() == kept
    assert gate.flags() == {"transfer_gone"}
    gate.settle()
    assert gate.rows() == kept
    theatre.do(hand_over)
    index()
    assert gate.flags() == set()


def test_a_check_in_whose_ticket_a_reorg_removes_is_flagged_and_kept(
    theatre: Theatre, at_the_gate: Callable[[int], Gate], anvil: str
) -> None:
    token_id = theatre.bought(MINA)
    gate = at_the_gate(token_id)
    assert gate.scan(gate.code(MINA)) == "ADMITTED"
    gate.settle()
    kept = gate.rows()
    chain.call(anvil, "anvil_reorg", 1, [])
    chain.call(anvil, "anvil_mine", "0x1")
    index()
    assert gate.find(gate.token_id) is None
    assert gate.rows() == kept
    assert gate.flags() == {"ticket_gone"}
    # The same token id again, of somebody else's: not who came in.
    assert theatre.bought(NOAH) == token_id
    index()
    assert gate.rows() == kept
    assert gate.flags() == {"holder_differs"}


@pytest.mark.parametrize("act", [sell, use, expire], ids=["sold", "used", "expired"])
def test_a_ticket_is_known_as_it_was_before_what_happened_on_chain(
    theatre: Theatre, at_the_gate: Callable[[int], Gate], act: Act
) -> None:
    token_id = theatre.bought()
    minted_at = theatre.head_time()
    gate = at_the_gate(token_id)
    before = gate.ticket()
    theatre.wait(60)
    moment = theatre.head_time() - 1
    theatre.do(*act(theatre, token_id))
    index()
    assert gate.ticket() != before
    then = partial(door.find_ticket_then, lambda: gate.conn, gate.suite, gate.token_id)
    found = then(moment)
    assert found
    assert found == replace(before, effective_status=gate.ticket().effective_status)
    assert then(theatre.head_time()) == gate.ticket()
    assert then(minted_at - 1) is None
