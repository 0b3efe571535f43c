"""An event's report and check-ins: the handler on real Postgres, for who may read them."""

from datetime import timedelta
from typing import Any

import pytest

from functions.reports.handler import lambda_handler
from onlineticket import resources
from onlineticket.domain.types import WalletAddress
from onlineticket.store import users
from tests.door_rows import send
from tests.reading import (
    ALICE,
    BOB,
    HUGE,
    NOW,
    ORGANIZER,
    Rows,
    at,
    written,
)  # fmt: skip

NOON = at(NOW - NOW % 86_400 + 43_200)


@pytest.fixture
def night(rows: Rows, dynamodb: Any, secrets: None, monkeypatch: pytest.MonkeyPatch) -> Rows:
    """Event 1 with two types, sales and resales; event 2 with none. The node is away."""
    monkeypatch.setenv("STAGE", "test")
    monkeypatch.setenv("RPC_URL", "http://127.0.0.1:1")
    rows.event(1, revenue_token=HUGE + 20, revenue_eth=7)
    rows.event(2, organizer=BOB)
    rows.ticket_type(1, 0, total_supply=HUGE, sold=3)
    rows.ticket_type(1, 1, name="Balcony", total_supply=5, sold=1)
    for token_id in (1, 2, 3):
        rows.ticket(token_id, status="used" if token_id == 3 else "valid")
    rows.ticket(4, event_id=2)
    rows.sale(1, amount=HUGE)
    rows.sale(2, amount=20)
    rows.sale(3, type_id=1, amount=7, in_eth=True)
    rows.resale(4, 1, amount=30, in_eth=False)
    rows.resale(5, 1, amount=31)
    rows.resale(6, 2, amount=32)
    rows.resale(7, 4, amount=1_000)
    return rows


def came(rows: Rows, token_id: int, minutes: float, gate: str | None, **values: Any) -> None:
    number = values.get("number", 1)
    row = {
        "suite_id": 1, "verifier_id": "v", "token_id": token_id, "event_id": 1, "gate": gate,
        "scan_id": f"00000000-0000-0000-0000-{token_id:06}{number:06}", "ticket_check": "done",
        "admitted_at": NOON + timedelta(minutes=minutes),
    }  # fmt: skip
    rows.insert("check_ins", row | values)


def ask(path: str, wallet: str | None = ORGANIZER, **query: str) -> tuple[int, dict[str, Any]]:
    caller = None if wallet is None else WalletAddress(wallet)
    status, body, headers = send(lambda_handler, "GET", path, wallet=caller, query=query or None)
    assert headers["Cache-Control"] == ["no-store"]
    return status, body


def test_a_report_adds_up_sales_and_resales_by_currency(night: Rows) -> None:
    status, report = ask("/events/1/report")
    assert status == 200
    assert report == {
        "suite_id": 1, "event_id": "1", "name": "夜曲 Nocturne", "as_of_block": 90,
        "total_supply": str(HUGE + 5), "sold": "4", "revenue_token": str(HUGE + 20),
        "revenue_eth": "7",
        "ticket_types": [
            {
                "type_id": "0", "name": "Floor", "total_supply": str(HUGE), "sold": "3",
                "revenue_token": str(HUGE + 20), "revenue_eth": "0",
            },
            {
                "type_id": "1", "name": "Balcony", "total_supply": "5", "sold": "1",
                "revenue_token": "0", "revenue_eth": "7",
            },
        ],
        "resales": {"count": 3, "volume_token": "30", "volume_eth": "63"},
        "admitted": 0, "used_on_chain": 1, "by_gate": [], "by_five_minutes": [],
    }  # fmt: skip


def test_a_report_counts_who_came_by_gate_and_five_minutes(night: Rows) -> None:
    came(night, 1, 0, "North")
    came(night, 2, 4.9, "North")
    came(night, 3, 5, "South")
    came(night, 1, 6, "North", number=2, kind="exit")
    came(night, 1, 11, None, number=3)
    came(night, 5, 1, "North", standing="undone")
    came(night, 6, 1, "North", event_id=2)
    _, report = ask("/events/1/report")
    assert report["admitted"] == 3
    assert report["by_gate"] == [
        {"gate": "North", "admitted": 2},
        {"gate": "South", "admitted": 1},
        {"gate": None, "admitted": 1},
    ]
    start = int(NOON.timestamp())
    assert report["by_five_minutes"] == [
        {"from_time": written(start), "gate": "North", "admitted": 2},
        {"from_time": written(start + 300), "gate": "South", "admitted": 1},
        {"from_time": written(start + 600), "gate": None, "admitted": 1},
    ]


def test_check_ins_come_in_order_by_gate_and_page(night: Rows) -> None:
    for token_id, minutes, gate in ((1, 2.0000001, "North"), (2, 2, "North"), (3, 1, "South")):
        came(night, token_id, minutes, gate)
    came(night, 1, 2, "North", number=2, kind="exit")
    _, every = ask("/events/1/check-ins")
    order = [(item["token_id"], item["number"]) for item in every["items"]]
    assert order == [("3", 1), ("1", 2), ("2", 1), ("1", 1)]
    assert every["items"][0] == {
        "token_id": "3", "number": 1, "kind": "entry", "standing": "regular",
        "admitted_at": written(int(NOON.timestamp()) + 60), "gate": "South",
        "ticket_check": "done", "offline": False, "verifier_id": "v",
    }  # fmt: skip
    seen, query = [], {"limit": "1"}
    while True:
        _, page = ask("/events/1/check-ins", **query)
        seen += [(item["token_id"], item["number"]) for item in page["items"]]
        if page["next_page"] is None:
            break
        query["page"] = page["next_page"]
    assert seen == order
    _, south = ask("/events/1/check-ins", gate="South")
    assert [item["token_id"] for item in south["items"]] == ["3"]


@pytest.mark.parametrize("path", ["/events/1/report", "/events/1/check-ins"])
def test_only_the_events_own_organizer_and_admins_may_read(night: Rows, path: str) -> None:
    users.signed_in(resources.postgres(), WalletAddress(ALICE), NOW)
    assert ask(path, None)[0] == 401
    assert ask(path, ORGANIZER)[0] == 200
    # The node is away, so nobody can tell whether they own the contracts.
    status, refused = ask(path, BOB)
    assert (status, refused["error_code"]) == (503, "RPC_UNAVAILABLE")
    night.conn.execute("UPDATE users SET role = 'admin' WHERE wallet = %s", [ALICE])
    assert ask(path, ALICE)[0] == 200


@pytest.mark.usefixtures("night")
@pytest.mark.parametrize("path", ["/events/9/report", "/events/9/check-ins"])
def test_an_unknown_event_has_no_report(path: str) -> None:
    status, refused = ask(path)
    assert (status, refused["error_code"]) == (404, "EVENT_NOT_FOUND")


@pytest.mark.usefixtures("night")
def test_a_page_token_of_another_shape_or_far_away_is_no_fault() -> None:
    from onlineticket.api import paging

    of = "check-ins 1 Filter(event_id=1, gate=None)"
    far = paging.write((2**256 - 1,) * 3, of)
    assert ask("/events/1/check-ins", page=far) == (200, {"items": [], "next_page": None})
    status, refused = ask("/events/1/check-ins", page=paging.write((1, 2), of))
    assert (status, refused["error_code"]) == (400, "PAGE_INVALID")
