"""Postgres goes away during the doors, under live connections, and comes back."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from functions.settle.handler import lambda_handler as settle
from functions.verify.handler import lambda_handler as verify
from onlineticket import resources, settings
from onlineticket.domain import qr
from onlineticket.domain.errors import Unavailable
from onlineticket.store import database as databases
from tests.at_the_door import BOB, EVENT, TOKEN
from tests.door_rows import CONTEXT, TERMINAL_CONTEXT, insert_ticket, post, set_environment
from tests.integration.test_door_routes import a_code

TICKETS = range(TOKEN, TOKEN + 4)


@pytest.fixture
def doors_open(conn: Any, dynamodb: Any, secrets: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The functions' environment, with four tickets."""
    set_environment(monkeypatch)
    for token_id in TICKETS:
        insert_ticket(conn, token_id=token_id)


@pytest.fixture
def accept_connections(database: str) -> Callable[[bool], None]:
    """Whether the test's database takes any; if not, those that there are break too."""
    server, name = database.rsplit("/", 1)

    def set_(accepted: bool) -> None:
        with databases.connect(f"{server}/postgres") as admin:
            admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {accepted}".encode())
            if not accepted:
                admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                    [name],
                )

    return set_


def code_of(token_id: int, **changes: Any) -> str:
    keys, suite = resources.key_ring("QR_SECRET_ARN"), settings.current_suite()
    code = qr.decode(a_code(), keys, suite)
    said = {"token_id": token_id, "prefetched": False} | changes
    made = qr.QrCode(
        EVENT, epoch=3, expires_at=code.expires_at, nonce=code.nonce, **said
    )  # fmt: skip
    return qr.base45(qr.encode(made, keys, suite))


def scan(text: str, scan_id: str = "") -> tuple[int, Any]:
    body = {"qr": text, "scan_id": scan_id or str(uuid4()), "gate": "N1"}
    status, answer, _ = post(verify, "/verify/scan", body, terminal=TERMINAL_CONTEXT)
    return status, answer


def stream(client: Any) -> dict[str, Any]:
    found = client.scan(TableName=settings.required("REDEMPTIONS_TABLE"))["Items"]
    return {
        "Records": [
            {"dynamodb": {"SequenceNumber": str(n), "NewImage": item}}
            for n, item in enumerate(found)
        ]
    }


def test_the_doors_go_on_without_postgres_and_all_is_settled_when_it_is_back(
    doors_open: None, dynamodb: Any, database: str, accept_connections: Callable[[bool], None]
) -> None:
    assert scan(code_of(TICKETS[0]))[1]["ticket_check"] == "done"
    assert settle(stream(dynamodb), CONTEXT) == {"batchItemFailures": []}
    accept_connections(False)
    pressed = {}
    for token_id in TICKETS[1:3]:
        scan_id, text = str(uuid4()), code_of(token_id)
        status, answer = scan(text, scan_id)
        assert (status, answer["verdict"], answer["ticket_check"]) == (200, "admitted", "deferred")
        pressed[scan_id] = text, answer
    assert scan(code_of(TICKETS[0]))[1]["error_code"] == "TICKET_ALREADY_USED"
    assert scan(code_of(TICKETS[1]))[1]["error_code"] == "TICKET_ALREADY_USED"
    assert scan(code_of(TICKETS[3], prefetched=True))[0] == 503
    with pytest.raises(Unavailable):
        settle(stream(dynamodb), CONTEXT)
    accept_connections(True)
    assert settle(stream(dynamodb), CONTEXT) == {"batchItemFailures": []}
    with databases.connect(database) as conn:
        rows = conn.execute(
            "SELECT token_id, ticket_check, standing FROM check_ins ORDER BY token_id"
        ).fetchall()
    assert rows == [
        (TICKETS[0], "done", "regular"),
        (TICKETS[1], "deferred", "regular"),
        (TICKETS[2], "deferred", "regular"),
    ]
    for scan_id, (text, answer) in pressed.items():
        assert scan(text, scan_id) == (200, answer | {"replayed": True})
    assert scan(code_of(TICKETS[3], prefetched=True))[1]["verdict"] == "admitted"


def test_by_the_switch_the_doors_are_shut_without_postgres(
    doors_open: None,
    dynamodb: Any,
    accept_connections: Callable[[bool], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ADMIT_WHEN_DATABASE_IS_DOWN", "false")
    inside = code_of(TICKETS[0])
    scan_id = str(uuid4())
    first = scan(inside, scan_id)[1]
    accept_connections(False)
    status, answer = scan(code_of(TICKETS[1]))
    assert (status, answer["error_code"]) == (503, "DATABASE_UNAVAILABLE")
    assert scan(inside, scan_id) == (200, first | {"replayed": True})
    assert scan("rubbish")[1]["error_code"] == "QR_FORGED"
    accept_connections(True)
    assert scan(code_of(TICKETS[1]))[1]["verdict"] == "admitted"


def test_a_deferred_admission_of_a_ticket_that_a_reorg_gave_to_another_is_flagged(
    doors_open: None, dynamodb: Any, conn: Any, accept_connections: Callable[[bool], None]
) -> None:
    scan(code_of(TICKETS[0]))
    accept_connections(False)
    scan(code_of(TICKETS[1]))
    accept_connections(True)
    with databases.connect(settings.required("DB_URL")) as back:
        settle(stream(dynamodb), CONTEXT)
        back.execute("UPDATE tickets SET holder = %s, owner = %s", [BOB, BOB])
        back.execute("UPDATE tickets SET transfers = 2 WHERE token_id = %s", [TICKETS[1]])
        flags = back.execute("SELECT token_id, flag FROM check_in_flags ORDER BY 1").fetchall()
    assert flags == [(TICKETS[0], "holder_differs"), (TICKETS[1], "transfer_gone")]
