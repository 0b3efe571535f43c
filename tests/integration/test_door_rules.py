"""GET and PUT /events/{id}/door-rules: the handler on real Postgres and a real EventManager."""

from typing import Any

import pytest

from onlineticket.domain.suite import Suite
from tests.organizer_rows import ORGANIZER, OWNER, RIVAL, Office, authorize, open_office

PATH = "/events/7/door-rules"
DEFAULTS = {
    "event_id": "7", "max_entries": 1, "opens_before_seconds": 10_800,
    "closes_after_seconds": 7_200, "types": [],
}  # fmt: skip


@pytest.fixture
def office(
    conn: Any,
    suite: Suite,
    ministack_dynamodb: Any,
    ministack_secrets: None,
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    open_office(conn, suite, monkeypatch)
    return Office()


def test_an_organizer_sets_the_rules_of_an_events_doors_and_sees_them(
    office: Office, conn: Any
) -> None:
    assert office.ask("GET", PATH) == (200, DEFAULTS)
    wanted = {
        "max_entries": 2, "opens_before_seconds": 3600,
        "types": [{"type_id": "3", "max_entries": 1}, {"type_id": "0", "max_entries": 5}],
    }  # fmt: skip
    answer = DEFAULTS | wanted | {"types": list(reversed(wanted["types"]))}  # type: ignore[call-overload]
    assert office.ask("PUT", PATH, wanted) == (200, answer)
    assert office.ask("GET", PATH) == (200, answer)
    [entry] = conn.execute("SELECT chain, actor, subject, source, details FROM audit_log")
    assert entry[:4] == ("event:1:7", f"wallet:{ORGANIZER}", "event:7", "192.0.2.7")
    assert entry[4]["types"] == [["0", 5], ["3", 1]]
    assert office.ask("PUT", PATH, {}) == (200, DEFAULTS)
    assert office.ask("GET", PATH) == (200, DEFAULTS)


@pytest.mark.parametrize(
    ("by", "path", "status", "code"),
    [
        (None, PATH, 401, "TOKEN_MISSING"),
        (RIVAL, PATH, 403, "NOT_THE_ORGANIZER"),
        (ORGANIZER, "/events/9/door-rules", 403, "NOT_THE_ORGANIZER"),
        (ORGANIZER, "/events/10/door-rules", 404, "EVENT_NOT_FOUND"),
        (OWNER, PATH, 200, None),
    ],
)
def test_the_rules_are_the_organizers_and_the_admins(
    office: Office, by: Any, path: str, status: int, code: str | None
) -> None:
    for method, body in (("GET", None), ("PUT", {"max_entries": 2})):
        answer = Office(by).ask(method, path, body)
        assert (answer[0], answer[1].get("error_code")) == (status, code)


def test_who_lost_the_authorization_reads_the_rules_and_sets_none(
    office: Office, suite: Suite
) -> None:
    authorize(suite, ORGANIZER, yes=False)
    assert office.ask("GET", PATH)[0] == 200
    assert office.ask("PUT", PATH, {})[1]["error_code"] == "ORGANIZER_NOT_AUTHORIZED"


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"max_entries": 0}, "BAD_REQUEST"),
        ({"max_entries": 51}, "BAD_REQUEST"),
        ({"max_entries": "many"}, "BAD_REQUEST"),
        ({"opens_before_seconds": -1}, "BAD_REQUEST"),
        ({"closes_after_seconds": 172_801}, "BAD_REQUEST"),
        ({"types": [{"type_id": "-1", "max_entries": 1}]}, "BAD_REQUEST"),
        ({"types": [{"type_id": str(2**256), "max_entries": 1}]}, "BAD_REQUEST"),
        ({"types": [{"type_id": str(i), "max_entries": 1} for i in range(101)]}, "BAD_REQUEST"),
        ({"types": [{"type_id": "1", "max_entries": 1}] * 2}, "DOOR_RULES_MALFORMED"),
    ],
)
def test_malformed_rules_change_nothing(office: Office, wanted: Any, code: str) -> None:
    assert office.ask("PUT", PATH, wanted)[1]["error_code"] == code
    assert office.ask("GET", PATH) == (200, DEFAULTS)
