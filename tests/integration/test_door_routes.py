"""Re-entry, exits, undo, uploads and the manifest: the handlers on real Postgres and moto."""

from datetime import UTC, datetime
from time import time
from typing import Any
from uuid import uuid4

import pytest

from functions.settle.handler import lambda_handler as settle
from functions.tickets.handler import lambda_handler as tickets
from functions.verify.handler import lambda_handler as verify
from onlineticket import resources, settings
from onlineticket.domain import qr
from onlineticket.domain.door_rules import DoorRules, TypeRule
from onlineticket.domain.offline import DayKey, Manifest
from onlineticket.domain.pre_check import pre_check
from onlineticket.domain.types import EventId, SuiteId, TypeId
from onlineticket.store import door_rules
from tests.at_the_door import ALICE, EVENT, TERMINAL, TOKEN
from tests.door_rows import CONTEXT, TERMINAL_CONTEXT, get, insert_ticket, post, set_environment

SUPERVISOR = TERMINAL_CONTEXT | {"verifier_id": "5" * 16, "scopes": "undo,manifest"}
NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"
SUITE_ID = SuiteId(1)


@pytest.fixture
def stage(conn: Any, dynamodb: Any, secrets: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The functions' environment, with ALICE's ticket."""
    set_environment(monkeypatch)
    insert_ticket(conn)
    return conn


def a_code(**changes: Any) -> str:
    """One of a fresh code, made without asking whether the ticket is used."""
    now = int(time())
    said: Any = {"epoch": 3, "expires_at": now + qr.LIFETIME, "nonce": uuid4().bytes[:8]} | changes
    code = qr.QrCode(EVENT, TOKEN, prefetched=False, **said)
    keys = resources.key_ring("QR_SECRET_ARN")
    return qr.base45(qr.encode(code, keys, settings.current_suite()))


def scan(text: str, scan_id: str = "", **said: Any) -> Any:
    body = {"qr": text, "scan_id": scan_id or str(uuid4()), "gate": "N1"} | said
    status, answer, _ = post(verify, "/verify/scan", body, terminal=TERMINAL_CONTEXT)
    return status, answer


def verdict(text: str, scan_id: str = "", **said: Any) -> str:
    answer = scan(text, scan_id, **said)[1]
    return str(answer["error_code"] or answer["verdict"])


def undo(terminal: Any = SUPERVISOR, **said: Any) -> Any:
    body = {"undo_id": str(uuid4()), "reason": "wrong person"} | said
    status, answer, _ = post(verify, "/verify/undo", body, terminal=terminal)
    return status, answer


def offline(text: str, at: int, scan_id: str = "", **said: Any) -> dict[str, Any]:
    scanned_at = datetime.fromtimestamp(at, UTC).isoformat()
    return {
        "qr": text, "scan_id": scan_id or str(uuid4()), "gate": "N1", "scanned_at": scanned_at,
        "provisional": "admitted",
    } | said  # fmt: skip


def upload(*scans: dict[str, Any], terminal: Any = TERMINAL_CONTEXT) -> Any:
    body = {"scans": list(scans)}
    status, answer, _ = post(verify, "/verify/scans", body, terminal=terminal)
    return status, answer


def set_rules(conn: Any, **rules: Any) -> None:
    door_rules.replace(conn, SUITE_ID, DoorRules(EVENT, **rules), ALICE)


def settle_all(client: Any) -> None:
    """As the table's stream would: every item as it stands."""
    found = client.scan(TableName=settings.required("REDEMPTIONS_TABLE"))["Items"]
    records = [
        {"dynamodb": {"SequenceNumber": str(n), "NewImage": item}} for n, item in enumerate(found)
    ]
    assert settle({"Records": records}, CONTEXT) == {"batchItemFailures": []}


def test_where_the_organizer_allows_it_a_ticket_leaves_and_comes_in_again(stage: Any) -> None:
    set_rules(stage, max_entries=2)
    assert verdict(a_code(), direction="exit") == "TICKET_NOT_INSIDE"
    assert verdict(a_code()) == "admitted"
    assert verdict(a_code()) == "TICKET_INSIDE"
    status, body = scan(a_code(), direction="exit")
    assert (status, body["verdict"], body["direction"]) == (200, "admitted", "exit")
    assert verdict(a_code(), direction="exit") == "TICKET_NOT_INSIDE"
    assert verdict(a_code()) == "admitted"
    assert verdict(a_code(), direction="exit") == "admitted"
    assert verdict(a_code()) == "TICKET_ALREADY_USED"


def test_a_code_opens_one_passage(stage: Any) -> None:
    set_rules(stage, max_entries=3)
    code = a_code()
    assert verdict(code) == "admitted"
    assert verdict(code, direction="exit") == "QR_ALREADY_USED"
    assert verdict(a_code(), direction="exit") == "admitted"
    assert verdict(code) == "QR_ALREADY_USED"


def test_a_ticket_types_rule_goes_before_its_events(stage: Any) -> None:
    set_rules(stage, max_entries=1, types=(TypeRule(TypeId(0), 2), TypeRule(TypeId(1), 9)))
    for direction in ("entry", "exit", "entry", "exit"):
        assert verdict(a_code(), direction=direction) == "admitted"
    assert verdict(a_code()) == "TICKET_ALREADY_USED"


def test_the_direction_is_part_of_a_scans_content(stage: Any) -> None:
    code, scan_id = a_code(), str(uuid4())
    scan(code, scan_id)
    assert scan(code, scan_id, direction="exit")[1]["error_code"] == "SCAN_ID_REUSED"
    assert scan(code, scan_id, direction="entry")[1]["replayed"] is True


def test_whoever_is_in_may_leave_though_the_ticket_was_revoked(stage: Any) -> None:
    set_rules(stage, max_entries=2)
    scan(a_code())
    stage.execute("UPDATE tickets SET status = 'revoked'")
    stage.execute("UPDATE events SET status = 'cancelled', end_time = to_timestamp(0)")
    assert verdict(a_code(), direction="exit") == "admitted"
    assert verdict(a_code()) == "TICKET_REVOKED"


def test_only_the_holders_code_records_an_exit(stage: Any) -> None:
    set_rules(stage, max_entries=2)
    scan(a_code())
    assert verdict(a_code(epoch=2), direction="exit") == "QR_SUPERSEDED"
    stage.execute("UPDATE tickets SET event_id = 8")
    assert verdict(a_code(), direction="exit") == "WRONG_EVENT"
    stage.execute("DELETE FROM tickets")
    assert verdict(a_code(), direction="exit") == "TICKET_NOT_FOUND"


@pytest.mark.parametrize(
    ("opens_before", "closes_after", "starts_in", "ends_in", "code"),
    [
        (600, 0, 599, 999, "admitted"),
        (600, 0, 660, 999, "TOO_EARLY"),
        (0, 600, -7200, -590, "admitted"),
        (0, 600, -7200, -610, "TOO_LATE"),
        (48 * 3600, 0, 48 * 3600 - 60, 49 * 3600, "admitted"),
    ],
)
def test_the_doors_are_open_as_long_as_the_organizer_says(
    stage: Any, opens_before: int, closes_after: int, starts_in: int, ends_in: int, code: str
) -> None:
    set_rules(stage, opens_before=opens_before, closes_after=closes_after)
    stage.execute(
        "UPDATE events SET start_time = now() + make_interval(secs => %s),"
        " end_time = now() + make_interval(secs => %s)",
        [starts_in, ends_in],
    )
    assert verdict(a_code()) == code


def test_rules_are_set_as_a_whole_and_default_where_nothing_is_set(stage: Any) -> None:
    assert door_rules.find(stage, SUITE_ID, EVENT) == DoorRules(EVENT)
    first = DoorRules(EVENT, 3, 60, 61, (TypeRule(TypeId(0), 2), TypeRule(TypeId(2**255), 4)))
    second = DoorRules(EVENT, 5, types=(TypeRule(TypeId(0), 1),))
    for rules in (first, first, second):
        door_rules.replace(stage, SUITE_ID, rules, ALICE)
        assert door_rules.find(stage, SUITE_ID, EVENT) == rules
    assert door_rules.find(stage, SUITE_ID, EventId(EVENT + 1)) == DoorRules(EventId(EVENT + 1))


def test_without_postgres_a_ticket_enters_once_and_leaves(
    stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_rules(stage, max_entries=2)
    codes = [a_code() for _ in range(4)]
    resources.postgres().close()
    monkeypatch.setenv("DB_URL", NOWHERE)
    outcomes = [
        verdict(code, direction=direction)
        for code, direction in zip(codes, ["entry", "entry", "exit", "entry"], strict=True)
    ]
    assert outcomes == ["admitted", "TICKET_ALREADY_USED", "admitted", "TICKET_ALREADY_USED"]


def test_codes_are_given_as_long_as_a_passage_is_left(stage: Any, dynamodb: Any) -> None:
    def issued() -> str:
        status, body, _ = post(tickets, f"/tickets/{TOKEN}/qrcode", {}, wallet=ALICE)
        return "ok" if status == 200 else str(body["error_code"])

    set_rules(stage, max_entries=2)
    seen = []
    for direction in ("entry", "exit", "entry", "exit"):
        assert verdict(a_code(), direction=direction) == "admitted"
        settle_all(dynamodb)
        seen.append(issued())
    assert seen == ["ok", "ok", "ok", "TICKET_ALREADY_USED"]


def test_an_undone_ticket_enters_again_and_everything_is_kept(stage: Any, dynamodb: Any) -> None:
    code, scan_id = a_code(), str(uuid4())
    first = scan(code, scan_id)[1]
    settle_all(dynamodb)
    status, answer = undo(scan_id=scan_id, verifier_id=TERMINAL.verifier_id, reason=" 放错人了 ")
    assert status == 200
    assert (answer["undone"], answer["replayed"], answer["reason"]) == (True, False, "放错人了")
    assert (answer["token_id"], answer["passed_at"]) == (str(TOKEN), first["admitted_at"])
    assert scan(code, scan_id)[1] == first | {"replayed": True, "undone": True}
    assert verdict(a_code()) == "admitted"
    settle_all(dynamodb)
    rows = stage.execute(
        "SELECT kind, standing, undoes, reason, gate FROM check_ins ORDER BY number"
    ).fetchall()
    assert rows == [
        ("entry", "undone", None, None, "N1"),
        ("undo", "regular", 1, "放错人了", "N1"),
        ("entry", "regular", None, None, "N1"),
    ]
    assert stage.execute("SELECT entries, effective_status FROM ticket_states").fetchone() == (
        1, "used",
    )  # fmt: skip


def test_a_ticket_whose_only_entry_was_undone_reads_valid(stage: Any, dynamodb: Any) -> None:
    scan(a_code())
    undo(token_id=str(TOKEN))
    settle_all(dynamodb)
    found = stage.execute("SELECT effective_status, admitted_at, admitted_gate FROM ticket_states")
    assert found.fetchone() == ("valid", None, None)


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        ({"reason": ""}, 400, "BAD_REQUEST"),
        ({"reason": "   "}, 400, "BAD_REQUEST"),
        ({"reason": "x" * 201}, 400, "BAD_REQUEST"),
        ({"reason": "a\0b"}, 400, "BAD_REQUEST"),
        ({"reason": "\ud800"}, 400, "BAD_REQUEST"),
        ({"reason": None}, 400, "BAD_REQUEST"),
        ({"undo_id": "x"}, 400, "BAD_REQUEST"),
        ({"scan_id": None}, 400, "UNDO_MALFORMED"),
        ({"token_id": "5"}, 400, "UNDO_MALFORMED"),
        ({"token_id": str(2**256), "scan_id": None}, 400, "BAD_REQUEST"),
        ({"verifier_id": "x"}, 400, "BAD_REQUEST"),
        ({"scan_id": str(uuid4())}, 404, "SCAN_NOT_FOUND"),
        ({"verifier_id": "f" * 16}, 404, "SCAN_NOT_FOUND"),
    ],
)
def test_a_malformed_undo_undoes_nothing(
    stage: Any, said: dict[str, Any], status: int, code: str
) -> None:
    scan_id = str(uuid4())
    scan(a_code(), scan_id)
    asked = {"scan_id": scan_id, "verifier_id": TERMINAL.verifier_id} | said
    answer = undo(**asked)
    assert (answer[0], answer[1]["error_code"]) == (status, code)
    assert verdict(a_code()) == "TICKET_ALREADY_USED"


def test_a_scanning_key_does_not_undo_and_a_supervisors_does_not_scan(stage: Any) -> None:
    scan(a_code())
    assert undo(TERMINAL_CONTEXT, token_id=str(TOKEN))[1]["error_code"] == "SCOPE_MISSING"
    elsewhere = SUPERVISOR | {"events": "8"}
    assert undo(elsewhere, token_id=str(TOKEN))[1]["error_code"] == "WRONG_EVENT"
    body = {"qr": a_code(), "scan_id": str(uuid4())}
    assert post(verify, "/verify/scan", body, terminal=SUPERVISOR)[1]["error_code"] == (
        "SCOPE_MISSING"
    )


def test_offline_scans_are_settled_and_the_double_admission_is_flagged(
    stage: Any, dynamodb: Any
) -> None:
    now = int(time())
    early = offline(a_code(expires_at=now - 600), now - 650)
    late = offline(a_code(expires_at=now - 500), now - 550, gate="N2")
    rubbish = offline("rubbish", now - 500)
    status, body = upload(late, early, rubbish)
    assert (status, body["to_retry"]) == (200, 0)
    assert [(one["verdict"], one["standing"]) for one in body["results"]] == [
        ("refused", "double"), ("admitted", "regular"), ("refused", None),
    ]  # fmt: skip
    doubled, _, forged = body["results"]
    assert doubled["error_code"] == "DOUBLE_ADMISSION"
    assert (doubled["details"]["gate"], doubled["details"]["second_gate"]) == ("N1", "N2")
    assert doubled["used_by"]["gate"] == "N1"
    assert (doubled["passed"], forged["error_code"]) == (True, "QR_FORGED")
    settle_all(dynamodb)
    assert stage.execute(
        "SELECT gate, standing, offline FROM check_ins ORDER BY admitted_at"
    ).fetchall() == [("N1", "regular", True), ("N2", "double", True)]
    assert stage.execute("SELECT gate, flag FROM check_in_flags").fetchall() == [("N2", "double")]
    again = upload(late, early, rubbish)[1]
    assert again["results"] == [one | {"replayed": True} for one in body["results"]]


def test_an_earlier_scan_told_later_re_ranks_what_was_settled(stage: Any, dynamodb: Any) -> None:
    now = int(time())
    late = offline(a_code(expires_at=now - 500), now - 550, gate="N2")
    assert upload(late)[1]["results"][0]["standing"] == "regular"
    settle_all(dynamodb)
    upload(offline(a_code(expires_at=now - 600), now - 650))
    assert upload(late)[1]["results"][0]["standing"] == "double"
    settle_all(dynamodb)
    assert stage.execute(
        "SELECT gate, standing, version FROM check_ins ORDER BY number"
    ).fetchall() == [("N2", "double", 2), ("N1", "regular", 2)]


@pytest.mark.parametrize(
    "body",
    [
        {}, {"scans": []}, {"scans": [offline("x", 0)] * 101}, {"scans": [{"qr": "x"}]},
        {"scans": [offline("x", 0) | {"scanned_at": "2027-01-15T08:00:00"}]},
        {"scans": [offline("x", 0) | {"provisional": "maybe"}]},
        {"scans": [offline("x", 0) | {"gate": "a,b"}]},
    ],
)  # fmt: skip
def test_a_malformed_batch_is_refused_whole(stage: Any, body: Any) -> None:
    status, answer, _ = post(verify, "/verify/scans", body, terminal=TERMINAL_CONTEXT)
    assert (status, answer["error_code"]) == (400, "BAD_REQUEST")


@pytest.mark.slow
def test_a_batch_without_dynamodb_may_be_sent_again(
    stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = [offline(a_code(), int(time())) for _ in range(3)]
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1")
    resources.dynamodb.cache_clear()
    status, body = upload(*batch)
    assert (status, body["to_retry"]) == (200, 3)
    assert {one["error_code"] for one in body["results"]} == {"DYNAMODB_UNAVAILABLE"}
    assert all(one["verdict"] is None and one["retryable"] for one in body["results"])
    monkeypatch.delenv("AWS_ENDPOINT_URL_DYNAMODB")
    resources.dynamodb.cache_clear()
    standings = sorted(one["standing"] for one in upload(*batch)[1]["results"])
    assert standings == ["double", "double", "regular"]


def manifest(event_id: int = EVENT, terminal: Any = SUPERVISOR, **how: Any) -> Any:
    headers = how.pop("headers", None)
    query = {"event_id": str(event_id)} | how
    return get(verify, "/verify/manifest", query, terminal=terminal, headers=headers)


def read(body: dict[str, Any]) -> Manifest:
    keys = [DayKey(**key) for key in body["keys"]]
    return Manifest(**body | {"event_id": int(body["event_id"]), "keys": keys})


def test_a_terminal_pre_checks_by_its_manifest(stage: Any, dynamodb: Any) -> None:
    status, body, headers = manifest()
    assert status == 200
    assert headers["Cache-Control"] == ["private, no-cache"]
    now = int(time())
    assert pre_check(a_code(), read(body), now) is None
    assert pre_check(a_code(epoch=2), read(body), now) == "QR_SUPERSEDED"
    scan(a_code())
    settle_all(dynamodb)
    after = read(manifest(since=body["cursor"])[1])
    assert pre_check(a_code(), after, now) == "TICKET_ALREADY_USED"
    assert len(after.buckets) == 1


@pytest.mark.parametrize(
    ("update", "code"),
    [
        ("tickets SET status = 'revoked'", "TICKET_REVOKED"),
        ("tickets SET status = 'expired'", "TICKET_REVOKED"),
        ("tickets SET escrowed = true", "TICKET_REVOKED"),
        ("tickets SET status = 'used'", "TICKET_ALREADY_USED"),
        ("tickets SET transfers = 4", "QR_SUPERSEDED"),
        ("events SET status = 'cancelled'", "TICKET_REVOKED"),
        ("events SET start_time = now() + interval '4 hours'", "TOO_EARLY"),
    ],
)
def test_what_a_manifest_says_follows_the_chain(stage: Any, update: str, code: str) -> None:
    stage.execute(f"UPDATE {update}".encode())
    assert pre_check(a_code(), read(manifest()[1]), int(time())) == code


def test_who_may_come_in_again_is_listed_while_in_and_not_when_out(
    stage: Any, dynamodb: Any
) -> None:
    set_rules(stage, types=(TypeRule(TypeId(0), 2),))
    seen = []
    for direction in ("entry", "exit", "entry", "exit"):
        assert verdict(a_code(), direction=direction) == "admitted"
        settle_all(dynamodb)
        seen.append(len(manifest()[1]["admitted"]))
    assert seen == [1, 0, 1, 1]


def test_a_manifest_that_has_not_changed_is_not_sent_twice(stage: Any) -> None:
    _, body, headers = manifest()
    [tag] = headers["ETag"]
    assert manifest(headers={"if-none-match": tag})[:2] == (304, None)
    stage.execute("UPDATE tickets SET transfers = 4")
    assert manifest(headers={"if-none-match": tag})[0] == 200
    assert body["moved"] != manifest()[1]["moved"]


def test_a_manifest_is_for_terminals_of_its_event_and_scope(stage: Any) -> None:
    assert manifest(terminal=TERMINAL_CONTEXT)[1]["error_code"] == "SCOPE_MISSING"
    assert manifest(8)[1]["error_code"] == "WRONG_EVENT"
    everywhere = SUPERVISOR | {"events": "*"}
    assert manifest(8, everywhere)[1]["error_code"] == "EVENT_NOT_FOUND"
    assert manifest(since="nonsense")[1]["error_code"] == "CURSOR_INVALID"
    assert manifest(2**256, everywhere)[1]["error_code"] == "BAD_REQUEST"


def test_without_postgres_there_is_no_manifest(stage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_URL", NOWHERE)
    status, body, _ = manifest()
    assert (status, body["error_code"]) == (503, "DATABASE_UNAVAILABLE")
