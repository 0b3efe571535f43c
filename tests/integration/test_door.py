"""POST /tickets/{id}/qrcode and POST /verify/scan: the handlers on real Postgres and moto."""

import json
from typing import Any
from uuid import uuid4

import pytest

from functions.tickets.handler import lambda_handler as tickets
from functions.verify.handler import lambda_handler as verify
from onlineticket import resources, settings
from onlineticket.api.http import logger
from onlineticket.domain import qr
from onlineticket.store import audit
from tests.at_the_door import ALICE, BOB, EVENT, MARKETPLACE, TERMINAL, TOKEN
from tests.door_rows import TERMINAL_CONTEXT, insert_ticket, listen, post, set_environment

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"


@pytest.fixture
def conn_(conn: Any, dynamodb: Any, secrets: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The functions' environment; a connection to the database, in which there is no ticket."""
    set_environment(monkeypatch)
    return conn


@pytest.fixture
def stage(conn_: Any) -> Any:
    """The same, with ALICE's ticket."""
    insert_ticket(conn_)
    return conn_


def issue(body: Any = None, wallet: Any = ALICE, token_id: int = TOKEN) -> Any:
    return post(tickets, f"/tickets/{token_id}/qrcode", body, wallet=wallet)


def a_code() -> str:
    text: str = issue()[1]["codes"][0]["text_base45"]
    return text


def scan(text: str, scan_id: str = "", gate: str | None = "N1", terminal: Any = None) -> Any:
    body = {"qr": text, "scan_id": scan_id or str(uuid4())} | ({"gate": gate} if gate else {})
    status, answer, _ = post(verify, "/verify/scan", body, terminal=terminal or TERMINAL_CONTEXT)
    return status, answer


def test_a_holder_gets_one_code_by_default(stage: Any) -> None:
    status, body, headers = issue()
    assert status == 200
    assert headers["Cache-Control"] == ["no-store"]
    assert (body["token_id"], body["event_id"]) == (str(TOKEN), str(EVENT))
    [code] = body["codes"]
    assert (len(code["text_base45"]), len(code["text_base64url"])) == (77, 68)
    assert code["svg"] is code["png"] is None
    assert code["not_before"].endswith("Z")


def test_a_batch_with_pictures(stage: Any) -> None:
    codes = issue({"count": 20, "svg": True})[1]["codes"]
    assert [code["prefetched"] for code in codes] == [False] * 2 + [True] * 18
    assert len({code["svg"] for code in codes}) == 20
    # 33 modules a side and the quiet zone of four around them.
    assert all('viewBox="0 0 41 41"' in code["svg"] for code in codes)


def test_issuing_leaves_one_line_in_the_events_audit_chain_and_nothing_else(stage: Any) -> None:
    issue({"count": 20})
    issue(wallet=BOB)
    [row] = stage.execute(
        "SELECT chain, actor, action, subject, (details->>'count')::int FROM audit_log"
    ).fetchall()
    assert row == (f"event:1:{EVENT}", f"wallet:{ALICE}", "qr.issued", f"ticket:{TOKEN}", 20)
    assert audit.verify(stage, f"event:1:{EVENT}") is None
    assert stage.execute("SELECT count(*) FROM outbox").fetchone() == (0,)


@pytest.mark.parametrize("body", [{"count": 0}, {"count": 21}, {"count": "x"}, "{", "[]"])
def test_a_batch_of_the_wrong_size_is_malformed(stage: Any, body: Any) -> None:
    status, answer, _ = issue(body)
    code = "MALFORMED_JSON" if body == "{" else "BAD_REQUEST"
    assert (status, answer["error_code"]) == (400, code)


def test_codes_are_for_the_holder_alone(stage: Any) -> None:
    assert issue(wallet=None)[1]["error_code"] == "TOKEN_MISSING"
    assert issue(wallet=BOB)[1]["error_code"] == "NOT_TICKET_HOLDER"
    assert issue(token_id=TOKEN + 1)[1]["error_code"] == "TICKET_NOT_FOUND"


@pytest.mark.parametrize("token_id", [2**64, 2**256 - 1])
def test_a_token_id_too_large_for_the_format_is_refused_by_name(conn_: Any, token_id: int) -> None:
    insert_ticket(conn_, token_id=token_id)
    status, body, _ = issue(token_id=token_id)
    assert (status, body["error_code"]) == (422, "QR_ID_TOO_LARGE")
    assert body["details"]["field"] == "token_id"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"status": "used"}, "TICKET_ALREADY_USED"),
        ({"status": "revoked"}, "TICKET_REVOKED"),
        ({"status": "expired"}, "TICKET_EXPIRED"),
        ({"owner": MARKETPLACE, "escrowed": True}, "TICKET_ESCROWED"),
    ],
)
def test_no_codes_for_a_ticket_that_may_not_enter(
    conn_: Any, changes: dict[str, Any], code: str
) -> None:
    insert_ticket(conn_, **changes)
    status, body, _ = issue()
    assert (status, body["error_code"]) == (409, code)


def test_a_holder_is_admitted_once(stage: Any) -> None:
    scan_id, text = str(uuid4()), a_code()
    status, body = scan(text, scan_id)
    assert status == 200
    at = body.pop("admitted_at")
    assert body == {
        "verdict": "admitted", "replayed": False, "undone": False, "scan_id": scan_id,
        "direction": "entry", "gate": "N1", "decided_at": at, "ticket_check": "done",
        "error_code": None, "message": None, "details": {}, "request_id": "r-1",
        "ticket": {
            "token_id": str(TOKEN), "event_id": str(EVENT), "seat": "12", "section": "B",
            "type_name": "Stalls", "holder": "0xA1A1…a1a1",
        },
    }  # fmt: skip
    assert scan(text, scan_id) == (200, body | {"admitted_at": at, "replayed": True})
    for code in (text, a_code()):
        status, refused = scan(code, gate="N2")
        assert status == 409
        assert refused["verdict"] == "refused"
        assert refused["error_code"] == "TICKET_ALREADY_USED"
        assert refused["details"] == {"admitted_at": at, "gate": "N1"}
        assert refused["request_id"] == "r-1"
        assert refused["message"]


def test_a_retry_is_admitted_though_the_ticket_was_sold_and_the_database_is_gone(
    stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan_id, text = str(uuid4()), a_code()
    first = scan(text, scan_id)
    stage.execute("UPDATE tickets SET transfers = 4, owner = %s, holder = %s", [BOB, BOB])
    assert scan(text, scan_id) == (200, first[1] | {"replayed": True})
    monkeypatch.setenv("DB_URL", NOWHERE)
    assert scan(text, scan_id) == (200, first[1] | {"replayed": True})


def test_a_repeated_refusal_is_the_same(stage: Any) -> None:
    scan_id = str(uuid4())
    status, first = scan("nonsense", scan_id)
    assert (status, first["error_code"], first["replayed"]) == (422, "QR_FORGED", False)
    assert scan("nonsense", scan_id) == (422, first | {"replayed": True})


def test_other_content_under_a_used_scan_id_is_a_conflict(stage: Any) -> None:
    scan_id = str(uuid4())
    scan(a_code(), scan_id)
    for text in (a_code(), "nonsense"):
        status, body = scan(text, scan_id)
        assert (status, body["error_code"]) == (409, "SCAN_ID_REUSED")
        assert "verdict" not in body


@pytest.mark.parametrize(
    ("update", "status", "code"),
    [
        ("tickets SET transfers = 4", 409, "QR_SUPERSEDED"),
        ("tickets SET transfers = 4, escrowed = true", 409, "TICKET_ESCROWED"),
        ("tickets SET status = 'used'", 409, "TICKET_ALREADY_USED"),
        ("tickets SET status = 'revoked'", 409, "TICKET_REVOKED"),
        ("tickets SET status = 'expired'", 409, "TICKET_EXPIRED"),
        ("tickets SET token_id = 1", 404, "TICKET_NOT_FOUND"),
        ("tickets SET event_id = 8", 403, "WRONG_EVENT"),
        ("events SET status = 'cancelled'", 409, "EVENT_CANCELLED"),
        ("events SET event_id = 8", 404, "EVENT_NOT_FOUND"),
        ("events SET start_time = now() + interval '3 hours 1 minute'", 422, "TOO_EARLY"),
        ("events SET start_time = to_timestamp(0), end_time = to_timestamp(1)", 422, "TOO_LATE"),
        ("events SET end_time = to_timestamp(1)", 200, None),
    ],
)
def test_what_happens_to_a_ticket_after_its_code_was_made_counts(
    stage: Any, update: str, status: int, code: str | None
) -> None:
    text = a_code()
    stage.execute(f"UPDATE {update}".encode())
    answer = scan(text)
    assert (answer[0], answer[1].get("error_code")) == (status, code)


def test_a_refused_code_opens_the_door_once_the_reason_is_gone(stage: Any) -> None:
    text = a_code()
    assert scan(text, gate="S1")[1]["error_code"] == "WRONG_GATE"
    assert scan(text)[1]["verdict"] == "admitted"


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"events": "8,9"}, "WRONG_EVENT"), ({"gates": "S1"}, "WRONG_GATE")],
)
def test_a_terminal_admits_to_its_own_events_and_gates_only(
    stage: Any, changes: dict[str, str], code: str
) -> None:
    status, body = scan(a_code(), terminal=TERMINAL_CONTEXT | changes)
    assert (status, body["error_code"]) == (403, code)


def test_a_request_that_passed_no_authorizer_is_turned_away(stage: Any) -> None:
    body = {"qr": a_code(), "scan_id": str(uuid4())}
    for context in (None, {}, {"name": "x"}):
        status, answer, _ = post(verify, "/verify/scan", body, terminal=context)
        assert (status, answer["error_code"]) == (401, "VERIFIER_KEY_MISSING")


def test_a_key_without_the_scope_scans_nothing(stage: Any) -> None:
    status, body = scan(a_code(), terminal=TERMINAL_CONTEXT | {"scopes": "manifest"})
    assert (status, body["error_code"]) == (403, "SCOPE_MISSING")


@pytest.mark.parametrize(
    "body",
    [
        {}, {"qr": "x"}, {"qr": 1, "scan_id": str(uuid4())}, {"qr": "x", "scan_id": "x"},
        {"qr": "x", "scan_id": str(uuid4()), "gate": ""},
        {"qr": "x", "scan_id": str(uuid4()), "gate": "a,b"},
        {"qr": "x", "scan_id": str(uuid4()), "gate": "\0"},
        {"qr": "x", "scan_id": str(uuid4()), "gate": "x" * 65},
        {"qr": "x", "scan_id": str(uuid4()), "direction": "sideways"},
        "{", "", None,
    ],
)  # fmt: skip
def test_a_malformed_scan_is_answered_in_the_shape_of_every_error(stage: Any, body: Any) -> None:
    status, answer, _ = post(verify, "/verify/scan", body, terminal=TERMINAL_CONTEXT)
    code = "MALFORMED_JSON" if body == "{" else "BAD_REQUEST"
    assert (status, answer["error_code"]) == (400, code)


@pytest.mark.parametrize("text", ["", "x" * 200_000, "🎫" * 77, "A" * 77, "\0", "\ud800"])
def test_any_text_at_all_is_a_refusal(stage: Any, text: str) -> None:
    status, body = scan(text)
    assert (status, body["error_code"]) == (422, "QR_FORGED")


def test_a_scan_id_is_the_same_in_capitals(stage: Any) -> None:
    scan_id, text = str(uuid4()), a_code()
    scan(text, scan_id)
    assert scan(text, scan_id.upper())[1]["replayed"] is True


def test_the_door_goes_on_while_postgres_is_down(
    stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = [code["text_base64url"] for code in issue({"count": 3})[1]["codes"]]
    resources.postgres().close()
    monkeypatch.setenv("DB_URL", NOWHERE)
    status, body = scan(codes[0])
    assert status == 200
    assert (body["ticket_check"], body["ticket"]["seat"]) == ("deferred", None)
    assert scan(codes[0])[1]["error_code"] == "TICKET_ALREADY_USED"


def test_the_switch_keeps_the_door_shut_while_postgres_is_down(
    stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = a_code()
    resources.postgres().close()
    url = settings.required("DB_URL")
    monkeypatch.setenv("DB_URL", NOWHERE)
    monkeypatch.setenv("ADMIT_WHEN_DATABASE_IS_DOWN", "false")
    scan_id = str(uuid4())
    status, body = scan(text, scan_id)
    assert (status, body["error_code"]) == (503, "DATABASE_UNAVAILABLE")
    monkeypatch.setenv("DB_URL", url)
    assert scan(text, scan_id)[1]["verdict"] == "admitted"


def test_a_prefetched_code_is_not_admitted_while_postgres_is_down(
    stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys, suite = resources.key_ring("QR_SECRET_ARN"), settings.current_suite()
    [code, *_] = issue()[1]["codes"]
    fresh = qr.decode(code["text_base45"], keys, suite)
    prefetched = qr.QrCode(
        fresh.event_id, fresh.token_id, fresh.epoch, fresh.expires_at, b"prefetch", True
    )
    resources.postgres().close()
    monkeypatch.setenv("DB_URL", NOWHERE)
    status, body = scan(qr.base45(qr.encode(prefetched, keys, suite)))
    assert (status, body["error_code"]) == (503, "DATABASE_UNAVAILABLE")


def test_a_connection_that_died_in_its_sleep_is_replaced(stage: Any) -> None:
    text = a_code()
    stage.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    assert scan(text)[1]["ticket_check"] == "done"


@pytest.mark.slow
def test_without_dynamodb_nothing_is_decided(
    stage: Any, dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = a_code()
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1")
    resources.dynamodb.cache_clear()
    for one in (text, "nonsense"):
        status, body = scan(one)
        assert (status, body["error_code"]) == (503, "DYNAMODB_UNAVAILABLE")


def test_no_log_line_holds_a_code_or_a_wallet(stage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = listen(monkeypatch, logger)
    text = a_code()
    scan(text)
    scan(text)
    logged = heard.getvalue()
    assert "TICKET_ALREADY_USED" in logged
    assert TERMINAL.verifier_id in logged
    assert text not in logged
    assert ALICE not in logged


def test_each_scan_leaves_its_latency_and_whether_it_was_a_conflict(
    stage: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    text = a_code()
    capsys.readouterr()
    scan(text)
    scan(text)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    measured = [line for line in lines if "qr_verify_latency_ms" in line]
    assert [line["ticket_verify_conflicts"] for line in measured] == [[0.0], [1.0]]
    assert all(0 < line["qr_verify_latency_ms"][0] < 60_000 for line in measured)
    assert all(
        line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "OnlineTicket" for line in measured
    )
