"""Using tickets on chain: on a real chain, with the real contracts, and KMS by ministack."""

from collections.abc import Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import boto3
import pytest
from psycopg import Connection

from functions.consume.handler import GWEI, lambda_handler
from infra.local import cloud
from infra.local.blocks import mine, mined_by_hand
from infra.local.stage import DAY
from infra.local.wallets import PLATFORM
from onlineticket import resources
from onlineticket.chain.kms_signer import KmsSigner, open_signer
from onlineticket.chain.rpc import Node
from onlineticket.chain.use_ticket import Reverted, TicketUser
from onlineticket.domain.errors import Unavailable
from onlineticket.domain.passage import UNDO_WINDOW, Journal, Passage, TicketKey
from onlineticket.domain.suite import Suite
from onlineticket.domain.types import EventId, TokenId, WalletAddress
from onlineticket.door import __main__ as command
from onlineticket.store import registry, settling
from onlineticket.store.consumptions import PostgresLedger
from onlineticket.usecases.consume import Round, consume
from tests.indexing import index
from tests.integration.contracts.theatre import Theatre

NOW = 2_000_000_000
"""Of our own clock; the chain has its own."""
ENTERED = NOW - UNDO_WINDOW - 1


@pytest.fixture
def kms(ministack: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_ENDPOINT_URL", ministack)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, cloud.REGION)
    return boto3.client("kms")


@pytest.fixture
def signer(kms: Any) -> KmsSigner:
    made = kms.create_key(KeySpec="ECC_SECG_P256K1", KeyUsage="SIGN_VERIFY")
    return open_signer(kms, made["KeyMetadata"]["KeyId"])


@pytest.fixture
def hall(anvil: str, suite: Suite, conn: Connection[Any], signer: KmsSigner) -> Iterator[Theatre]:
    """A theatre whose door may use tickets on chain, before the start of its concert."""
    registry.register(conn, suite)
    theatre = Theatre(Node(anvil), suite, now=0)
    with mined_by_hand(theatre.node):
        theatre.now = theatre.head_time()
        theatre.open()
        authorize(theatre, signer.address)
        theatre.node.call("anvil_setBalance", [signer.address, hex(10**18)])
        theatre.concert()
        yield theatre
        theatre.node.call("anvil_dropAllTransactions")


def authorize(hall: Theatre, address: str, allowed: bool = True) -> None:
    hall.do(
        hall.on_tickets(PLATFORM, "setVerifierAuthorization(address,bool)", address, allowed)
    )  # fmt: skip


def admit(hall: Theatre, conn: Any, *token_ids: int, at: int = ENTERED, entries: int = 1) -> None:
    """Checked in at that time of ours, and indexed."""
    index()
    for token_id in token_ids:
        key = TicketKey(hall.suite.chain_id, hall.suite.ticket_manager, TokenId(token_id))
        line = Passage(
            "entry", at, at, "v1", str(uuid4()), "N1", False, 0, "00" * 8, at + 60, None,
            "done", entries,
        )  # fmt: skip
        settling.write(conn, [Journal(key, EventId(hall.events["concert"]), (line,))], [])


def user(hall: Theatre, signer: KmsSigner, **changes: Any) -> TicketUser:
    node = changes.get("node", hall.node)
    suite = hall.suite
    return TicketUser(node, suite.chain_id, suite.ticket_manager, signer.address, signer.sign)


def ledger(hall: Theatre, conn: Any, sender: WalletAddress) -> PostgresLedger:
    suite_id = registry.current_suite_id(conn, hall.suite)
    return PostgresLedger(conn, suite_id, hall.suite.chain_id, sender)


def round_(hall: Theatre, conn: Any, signer: KmsSigner, now: int = NOW, **options: Any) -> Round:
    chain = options.pop("chain", None) or user(hall, signer)
    given = {"undo_window": UNDO_WINDOW, "limit": 50, "highest_fee": 1_000 * GWEI} | options
    books = options.pop("ledger", None) or ledger(hall, conn, signer.address)
    given.pop("ledger", None)
    return consume(books, chain, Reverted, now=now, **given)


def states(conn: Any) -> list[tuple[Any, ...]]:
    rows = conn.execute("SELECT state, reason FROM consumptions ORDER BY token_id")
    return list(rows.fetchall())


def uses(hall: Theatre, signer: KmsSigner) -> int:
    """Transactions that the account has had mined."""
    return user(hall, signer).next_nonce()


def status(hall: Theatre, token_id: int) -> int:
    found: int = hall.ask("TicketManager", "getTicketInfo", token_id)["status"]
    return found


def begin(hall: Theatre) -> None:
    """The concert starts: tickets can be used from now on."""
    hall.wait(2 * DAY + 60)


def test_a_checked_in_ticket_is_used_on_chain_once_and_the_index_says_so(
    hall: Theatre, conn: Any, signer: KmsSigner
) -> None:
    tokens = [hall.bought() for _ in range(3)]
    begin(hall)
    admit(hall, conn, *tokens)
    done = round_(hall, conn, signer)
    assert (done.enqueued, done.sent, done.problems) == (3, 3, [])
    mine(hall.node, [])
    assert [status(hall, token) for token in tokens] == [1, 1, 1]
    assert round_(hall, conn, signer, NOW + 5).in_flight == 3
    index()
    assert round_(hall, conn, signer, NOW + 10).done == 3
    assert states(conn) == [("done", None)] * 3
    assert conn.execute("SELECT DISTINCT status FROM tickets").fetchall() == [("used",)]
    last = round_(hall, conn, signer, NOW + 15)
    assert (last.enqueued, last.sent, last.in_flight) == (0, 0, 0)
    assert uses(hall, signer) == 3


def test_nothing_is_used_while_a_check_in_can_be_undone_or_a_ticket_come_again(
    hall: Theatre, conn: Any, signer: KmsSigner
) -> None:
    fresh, again, undone = (hall.bought() for _ in range(3))
    begin(hall)
    admit(hall, conn, fresh, at=NOW - UNDO_WINDOW + 1)
    admit(hall, conn, again, entries=2)
    admit(hall, conn, undone)
    conn.execute("UPDATE check_ins SET standing = 'undone' WHERE token_id = %s", [undone])
    assert round_(hall, conn, signer).enqueued == 0
    assert round_(hall, conn, signer, NOW + 2).enqueued == 1


def test_a_ticket_that_can_not_be_used_before_the_start_waits_for_it(
    hall: Theatre, conn: Any, signer: KmsSigner
) -> None:
    token = hall.bought()
    admit(hall, conn, token)
    done = round_(hall, conn, signer)
    assert (done.sent, done.postponed) == (0, 1)
    [(wait,)] = conn.execute(
        "SELECT extract(epoch FROM next_try_at)::bigint FROM consumptions"
    ).fetchall()
    assert wait - NOW == pytest.approx(2 * DAY, abs=120)
    assert round_(hall, conn, signer, wait - 1).postponed == 0
    begin(hall)
    assert round_(hall, conn, signer, wait).sent == 1
    assert conn.execute("SELECT attempts FROM consumptions").fetchone() == (0,)


def test_a_ticket_past_its_end_is_given_up(hall: Theatre, conn: Any, signer: KmsSigner) -> None:
    token = hall.bought()
    admit(hall, conn, token)
    hall.wait(5 * DAY)
    assert round_(hall, conn, signer).given_up == 1
    assert states(conn) == [("given_up", "TOO_LATE")]


def test_one_that_somebody_else_used_is_done_without_a_transaction(
    hall: Theatre, conn: Any, signer: KmsSigner
) -> None:
    token = hall.bought()
    begin(hall)
    admit(hall, conn, token)
    authorize(hall, PLATFORM.address)
    hall.do(hall.on_tickets(PLATFORM, "useTicket(uint256)", token))
    assert round_(hall, conn, signer).put_back == 1  # the index does not know yet
    index()
    assert round_(hall, conn, signer).done == 1
    assert uses(hall, signer) == 0


def test_an_account_that_may_not_use_tickets_says_so_and_stops(
    hall: Theatre, conn: Any, signer: KmsSigner
) -> None:
    tokens = hall.bought(), hall.bought()
    begin(hall)
    authorize(hall, signer.address, False)
    admit(hall, conn, *tokens)
    done = round_(hall, conn, signer)
    assert done.problems == [f"{signer.address} may not use tickets"]
    assert (done.sent, done.put_back) == (0, 0)
    authorize(hall, signer.address)
    assert round_(hall, conn, signer).sent == 2


def test_what_is_stuck_is_sent_again_under_its_nonce_at_a_higher_price(
    hall: Theatre, conn: Any, signer: KmsSigner
) -> None:
    token = hall.bought()
    begin(hall)
    admit(hall, conn, token)
    assert round_(hall, conn, signer).sent == 1
    assert round_(hall, conn, signer, NOW + 30).raised == 0
    for turn in (1, 2):
        done = round_(hall, conn, signer, NOW + 61 * turn)
        assert (done.raised, done.problems) == (1, [])
    [(hashes, fee, tip)] = conn.execute("SELECT hashes, max_fee, tip FROM consumptions").fetchall()
    assert len(set(hashes)) == 3
    pending = hall.node.call("eth_getTransactionByHash", ["0x" + hashes[-1].hex()])
    assert (int(pending["maxFeePerGas"], 16), int(pending["maxPriorityFeePerGas"], 16)) == (
        fee,
        tip,
    )
    mine(hall.node, [])
    assert (status(hall, token), uses(hall, signer)) == (1, 1)


def test_one_of_an_earlier_suite_is_sent_again_as_it_was_and_keeps_its_nonce(
    hall: Theatre, conn: Any, signer: KmsSigner
) -> None:
    old, new = hall.bought(), hall.bought()
    begin(hall)
    admit(hall, conn, old)
    assert round_(hall, conn, signer).sent == 1
    conn.execute("UPDATE consumptions SET suite_id = 99")
    conn.execute("UPDATE check_ins SET suite_id = 99")
    hall.node.call("anvil_dropAllTransactions")
    admit(hall, conn, new)
    done = round_(hall, conn, signer, NOW + 100)
    assert (done.raised, done.sent, done.problems) == (0, 1, [])
    mine(hall.node, [])
    assert [status(hall, token) for token in (old, new)] == [1, 1]


def test_no_transaction_pays_more_than_the_stage_allows(
    hall: Theatre, conn: Any, signer: KmsSigner
) -> None:
    token = hall.bought()
    begin(hall)
    admit(hall, conn, token)
    done = round_(hall, conn, signer, highest_fee=1)
    assert (done.sent, done.problems) == (0, ["the chain asks for more than we pay"])
    assert round_(hall, conn, signer).sent == 1
    [(fee,)] = conn.execute("SELECT max_fee FROM consumptions").fetchall()
    assert round_(hall, conn, signer, NOW + 100, highest_fee=fee).raised == 0


def test_transactions_that_the_node_forgot_are_sent_again_as_they_were(
    hall: Theatre, conn: Any, signer: KmsSigner
) -> None:
    tokens = hall.bought(), hall.bought()
    begin(hall)
    admit(hall, conn, *tokens)
    assert round_(hall, conn, signer).sent == 2
    hall.node.call("anvil_dropAllTransactions")
    mine(hall.node, [])
    assert [status(hall, token) for token in tokens] == [0, 0]
    assert round_(hall, conn, signer, NOW + 5).problems == []
    mine(hall.node, [])
    assert [status(hall, token) for token in tokens] == [1, 1]


def test_a_nonce_that_somebody_else_spent_costs_another_try_only(
    hall: Theatre, conn: Any, signer: KmsSigner
) -> None:
    token = hall.bought()
    begin(hall)
    admit(hall, conn, token)
    assert round_(hall, conn, signer).sent == 1
    hall.node.call("anvil_dropAllTransactions")
    hall.node.call("anvil_setNonce", [signer.address, hex(1)])
    assert round_(hall, conn, signer, NOW + 5).put_back == 1
    assert states(conn) == [("waiting", "NONCE_TAKEN")]
    assert round_(hall, conn, signer, NOW + 100).sent == 1
    mine(hall.node, [])
    assert status(hall, token) == 1


def test_one_that_reverts_when_mined_is_tried_again_and_then_found_used(
    hall: Theatre, conn: Any, signer: KmsSigner
) -> None:
    token = hall.bought()
    begin(hall)
    admit(hall, conn, token)
    authorize(hall, PLATFORM.address)
    # Nobody has mined it yet when another door is quicker, at a higher price.
    assert round_(hall, conn, signer).sent == 1
    mine(hall.node, [hall.on_tickets(PLATFORM, "useTicket(uint256)", token)])
    assert uses(hall, signer) == 1
    assert round_(hall, conn, signer, NOW + 5).put_back == 1
    assert states(conn) == [("waiting", "REVERTED")]
    index()
    assert round_(hall, conn, signer, NOW + 10).done == 1


def test_a_reorg_that_takes_the_use_back_has_it_sent_again(
    hall: Theatre, conn: Any, signer: KmsSigner
) -> None:
    token = hall.bought()
    begin(hall)
    admit(hall, conn, token)
    round_(hall, conn, signer)
    mine(hall.node, [])
    index()
    assert round_(hall, conn, signer, NOW + 5).done == 1
    hall.node.call("anvil_rollback", [1])
    mine(hall.node, [])
    mine(hall.node, [])
    index()
    assert conn.execute("SELECT status FROM tickets").fetchall() == [("valid",)]
    assert round_(hall, conn, signer, NOW + 10).in_flight == 1
    mine(hall.node, [])
    index()
    assert round_(hall, conn, signer, NOW + 15).done == 1
    assert status(hall, token) == 1


class Crash(BaseException):
    """As if the process ended: nothing catches it."""


@pytest.mark.parametrize("at", range(12))
def test_a_crash_at_any_step_neither_loses_a_use_nor_pays_for_two(
    hall: Theatre, conn: Any, signer: KmsSigner, at: int
) -> None:
    tokens = hall.bought(), hall.bought()
    begin(hall)
    admit(hall, conn, *tokens)
    left = at
    real = hall.node.call

    def stumble(*call: Any) -> Any:
        nonlocal left
        left -= 1
        if left == -1:
            raise Crash
        return real(*call)

    node = SimpleNamespace(call=stumble, batch=hall.node.batch)
    with suppress(Crash):
        round_(hall, conn, signer, chain=user(hall, signer, node=node))
    for turn in range(1, 4):
        round_(hall, conn, signer, NOW + 5 * turn)
        mine(hall.node, [])
        index()
    assert [status(hall, token) for token in tokens] == [1, 1]
    assert uses(hall, signer) == 2
    round_(hall, conn, signer, NOW + 20)
    assert states(conn) == [("done", None)] * 2


def test_two_rounds_at_once_take_no_nonce_twice(
    hall: Theatre, conn: Any, signer: KmsSigner
) -> None:
    tokens = hall.bought(), hall.bought()
    begin(hall)
    admit(hall, conn, *tokens)

    class Overtaken(PostgresLedger):
        def take(self, *given: Any) -> bool:
            assert round_(hall, conn, signer).sent == 2
            return super().take(*given)

    own = ledger(hall, conn, signer.address)
    slow = Overtaken(own.conn, own.suite_id, own.chain_id, own.sender)
    assert round_(hall, conn, signer, ledger=slow).sent == 0
    nonces = conn.execute("SELECT nonce FROM consumptions ORDER BY nonce").fetchall()
    assert nonces == [(0,), (1,)]
    mine(hall.node, [])
    assert uses(hall, signer) == 2


def test_a_chain_without_base_fees_gets_a_legacy_transaction(
    hall: Theatre, conn: Any, signer: KmsSigner
) -> None:
    token = hall.bought()
    begin(hall)
    admit(hall, conn, token)

    def older(method: str, params: Any = ()) -> Any:
        found = hall.node.call(method, params)
        if method == "eth_getBlockByNumber":
            found.pop("baseFeePerGas")
        return found

    node = SimpleNamespace(call=older, batch=hall.node.batch)
    done = round_(hall, conn, signer, chain=user(hall, signer, node=node))
    assert (done.sent, done.problems) == (1, [])
    [(raw,)] = conn.execute("SELECT raw FROM consumptions").fetchall()
    assert raw[0] >= 0xC0  # a list: no type byte before it
    mine(hall.node, [])
    assert status(hall, token) == 1


def test_a_key_of_another_kind_is_refused(kms: Any) -> None:
    made = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    with pytest.raises(ValueError, match="ECC_SECG_P256K1"):
        open_signer(kms, made["KeyMetadata"]["KeyId"])


def test_a_key_that_does_not_answer_is_an_outage(kms: Any) -> None:
    with pytest.raises(Unavailable) as outage:
        open_signer(kms, str(uuid4()))
    assert outage.value.code == "KMS_UNAVAILABLE"


def test_the_function_does_a_round_with_what_the_environment_names(
    hall: Theatre, conn: Any, signer: KmsSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = hall.bought()
    begin(hall)
    admit(hall, conn, token, at=1_700_000_000)
    monkeypatch.setenv("CONSUME_KEY_ID", signer.key_id)
    monkeypatch.setenv("CONSUME_MAX_FEE_GWEI", "200")
    resources.forget()
    context: Any = SimpleNamespace(
        function_name="consume", memory_limit_in_mb=1, invoked_function_arn="", aws_request_id="",
        get_remaining_time_in_millis=lambda: 60_000,
    )  # fmt: skip
    assert lambda_handler({}, context)["sent"] == 1
    mine(hall.node, [])
    assert status(hall, token) == 1


def test_the_account_command_tells_whom_to_authorize(
    hall: Theatre, signer: KmsSigner, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("CONSUME_KEY_ID", signer.key_id)
    resources.forget()
    assert command.main(["account"]) == 0
    said = capsys.readouterr().out
    assert signer.address in said.lower()
    assert str(10**18) in said
    authorize(hall, signer.address, False)
    assert command.main(["account"]) == 4
    assert "setVerifierAuthorization" in capsys.readouterr().out
