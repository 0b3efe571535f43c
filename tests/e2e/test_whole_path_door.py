"""The door in full over HTTP on the deployed local stack: a race, re-entry, undo, uploads and the
manifest. After test_whole_path.py, which counts who was admitted.
"""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier, Semaphore
from typing import Any
from uuid import uuid4

import pytest

from infra.local.api import Answer, Api
from infra.local.demo import Played
from infra.local.run import Run
from infra.local.wallets import ARIA
from onlineticket.domain.offline import DayKey, Manifest
from onlineticket.domain.pre_check import pre_check
from tests.e2e.held import Held, signed_in, valid_tickets
from tests.unit.test_offline import forged

pytestmark = pytest.mark.slow

CALLERS = 50
SETTLED_SECONDS = 30


@pytest.fixture(scope="module")
def tickets(api: Api, played: Played) -> list[Held]:
    found = valid_tickets(api, played)[:3]
    assert len(found) == 3
    return found


@pytest.fixture(scope="module")
def key(api: Api, played: Played) -> dict[str, str]:
    """A terminal's and a supervisor's in one, made by the event's organizer."""
    wanted = {
        "name": "Desk", "events": [str(played.season.demo_event_id)], "gates": ["N1", "N2"],
        "scopes": ["scan", "undo", "manifest"], "tier": "high",
    }  # fmt: skip
    made = api.expect(201, api.post("/verifiers", wanted, signed_in(api, played, ARIA)))
    return {"x-api-key": made["key"]}


def a_code(api: Api, held: Held) -> str:
    answer = api.post(f"/tickets/{held.token_id}/qrcode", {"count": 1}, held.holder)
    text: str = api.expect(200, answer)["codes"][0]["text_base45"]
    return text


def scan(api: Api, key: dict[str, str], code: str, **said: Any) -> Answer:
    """Again while the gateway asks for patience, as a terminal does."""
    body = {"qr": code, "scan_id": str(uuid4()), "gate": "N1"} | said
    while True:
        answer = api.post("/verify/scan", body, key)
        if answer.status != 429:
            return answer
        time.sleep(0.5)


def settled(run: Run, api: Api, token_id: int, status: str) -> None:
    def reads() -> bool:
        return bool(api.expect(200, api.get(f"/tickets/{token_id}"))["status"] == status)

    run.wait_until("ministack", reads, seconds=SETTLED_SECONDS)


def test_of_fifty_terminals_that_scan_one_ticket_at_once_one_lets_it_in(
    api: Api, tickets: list[Held], key: dict[str, str], run: Run
) -> None:
    code = a_code(api, tickets[0])
    line = Barrier(CALLERS)

    # The emulator's few threads lock each other out when more calls than this are in it.
    served = Semaphore(4)

    def press(number: int) -> Answer:
        line.wait(timeout=60)
        with served:
            return scan(api, key, code)

    with ThreadPoolExecutor(CALLERS) as terminals:
        answers = list(terminals.map(press, range(CALLERS)))
    assert Counter(answer.body["verdict"] for answer in answers) == {
        "admitted": 1,
        "refused": CALLERS - 1,
    }
    [admitted] = [answer.body for answer in answers if answer.status == 200]
    refused = [answer.body for answer in answers if answer.status != 200]
    assert {one["error_code"] for one in refused} == {"TICKET_ALREADY_USED"}
    assert all(one["details"]["admitted_at"] == admitted["admitted_at"] for one in refused)
    assert {one["details"]["gate"] for one in refused} == {"N1"}
    assert all(set(one) == set(admitted) for one in refused)
    settled(run, api, tickets[0].token_id, "used")


def test_it_leaves_comes_in_once_more_where_that_is_allowed_and_is_used_up(
    api: Api, played: Played, tickets: list[Held], key: dict[str, str], run: Run
) -> None:
    path = f"/events/{played.season.demo_event_id}/door-rules"
    api.expect(200, api.send("PUT", path, {"max_entries": 2}, signed_in(api, played, ARIA)))
    seen = []
    for direction in ("exit", "entry", "exit"):
        code = a_code(api, tickets[0])
        seen.append(scan(api, key, code, direction=direction).body["error_code"])
    assert seen == [None, None, None]
    settled(run, api, tickets[0].token_id, "used")

    def is_spent() -> bool:
        path = f"/tickets/{tickets[0].token_id}/qrcode"
        refused = api.post(path, {"count": 1}, tickets[0].holder)
        return refused.status == 409 and refused.body["error_code"] == "TICKET_ALREADY_USED"

    run.wait_until("ministack", is_spent, seconds=SETTLED_SECONDS)


def test_an_undone_ticket_reads_valid_and_enters_again(
    api: Api, tickets: list[Held], key: dict[str, str], run: Run
) -> None:
    first = a_code(api, tickets[1])
    scan_id = str(uuid4())
    admitted = scan(api, key, first, scan_id=scan_id)
    assert admitted.status == 200
    settled(run, api, tickets[1].token_id, "used")
    body = {"undo_id": str(uuid4()), "reason": "wrong person", "scan_id": scan_id}
    undone = api.expect(200, api.post("/verify/undo", body, key))
    assert (undone["undone"], undone["replayed"]) == (True, False)
    assert api.expect(200, api.post("/verify/undo", body, key))["replayed"] is True
    again = scan(api, key, first, scan_id=scan_id)
    assert again.body == admitted.body | {
        "replayed": True, "undone": True, "request_id": again.body["request_id"],
    }  # fmt: skip
    settled(run, api, tickets[1].token_id, "valid")
    assert scan(api, key, a_code(api, tickets[1])).body["verdict"] == "admitted"


def test_a_terminal_pre_checks_offline_and_settles_later(
    api: Api, played: Played, tickets: list[Held], key: dict[str, str]
) -> None:
    event_id = str(played.season.demo_event_id)
    answer = api.get("/verify/manifest", key, event_id=event_id)
    body = api.expect(200, answer)
    asked = key | {"if-none-match": answer.headers["etag"]}
    assert api.get("/verify/manifest", asked, event_id=event_id).status in (200, 304)
    manifest = Manifest(
        **body | {"event_id": int(event_id), "keys": [DayKey(**one) for one in body["keys"]]}
    )
    code = a_code(api, tickets[2])
    now = int(time.time())
    assert pre_check(code, manifest, now) is None
    fake = forged(manifest, tickets[2].token_id, 0, now)
    assert pre_check(fake, manifest, now) is None
    assert scan(api, key, fake).body["error_code"] == "QR_FORGED"
    batch = [
        {
            "qr": code, "scan_id": str(uuid4()), "gate": gate, "provisional": "admitted",
            "scanned_at": datetime.fromtimestamp(now + after, UTC).isoformat(),
        }
        for after, gate in ((1, "N2"), (0, "N1"))
    ]  # fmt: skip
    told = api.expect(200, api.post("/verify/scans", {"scans": batch}, key))
    assert [one["standing"] for one in told["results"]] == ["double", "regular"]
    assert told["results"][0]["error_code"] == "DOUBLE_ADMISSION"
    again = api.expect(200, api.post("/verify/scans", {"scans": batch}, key))
    assert again["results"] == [one | {"replayed": True} for one in told["results"]]
