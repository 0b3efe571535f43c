"""Terminals' keys over HTTP on the deployed local stack: made by an organizer, used at the door,
counted by the gateway, rotated, and revoked.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from infra.constructs.rest_api import VERDICT_TTL
from infra.constructs.usage_plans import TIERS
from infra.local import cloud, demo
from infra.local.api import Answer, Api
from infra.local.demo import Played
from infra.local.run import Run
from infra.local.wallets import ARIA, BO, HOLDER, PLATFORM, Wallet
from infra.stages import STAGES
from tests.e2e.held import signed_in, valid_tickets

pytestmark = pytest.mark.slow

LIMIT_SECONDS = 60
"""Within which a revoked key must be refused, with all caches."""


@pytest.fixture(scope="module")
def organizer(api: Api, played: Played) -> dict[str, str]:
    """The headers of the demo event's own organizer."""
    return signed_in(api, played, ARIA)


def made(api: Api, played: Played, by: dict[str, str], **changes: Any) -> tuple[str, str]:
    """(verifier id, key)"""
    wanted = {"name": "Desk", "events": [str(played.season.demo_event_id)]} | changes
    answer = api.expect(201, api.post("/verifiers", wanted, by))
    return answer["verifier"]["verifier_id"], answer["key"]


def knock(api: Api, key: str, headers: dict[str, str] | None = None) -> Answer:
    """A scan that is malformed: 400 says that the key was let in, and nobody is admitted."""
    return api.post("/verify/scan", {"qr": 7}, {"x-api-key": key} | (headers or {}))


def verdicts(played: Played) -> int:
    """How often the authorizer has let a terminal in, by its log."""
    logs = cloud.client("logs", played.stack.aws_url)
    groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    [name] = [group for group in groups if "VerifierAuth" in group]
    events: list[dict[str, Any]] = []
    more: dict[str, str] = {}
    while True:
        page = logs.filter_log_events(logGroupName=name, **more)
        events += page["events"]
        if not page.get("nextToken"):
            break
        more = {"nextToken": page["nextToken"]}
    return sum("terminal known" in event["message"] for event in events)


def test_an_organizer_equips_a_terminal_and_it_admits(
    api: Api, played: Played, organizer: dict[str, str], run: Run
) -> None:
    verifier_id, key = made(api, played, organizer, gates=[demo.GATE], scopes=["scan", "undo"])
    ticket = valid_tickets(api, played)[-1]
    codes = api.post(f"/tickets/{ticket.token_id}/qrcode", {"count": 1}, ticket.holder)
    code = api.expect(200, codes)["codes"][0]["text_base45"]
    status, body = demo.scan(api, key, code)
    assert (status, body["verdict"], body["gate"]) == (200, "admitted", demo.GATE)
    demo.wait_until_used(run, api, ticket.token_id)
    # Other tests need the ticket.
    undo = {"undo_id": str(uuid4()), "token_id": str(ticket.token_id), "reason": "only a test"}
    api.expect(200, api.post("/verify/undo", undo, {"x-api-key": key}))
    path = f"/tickets/{ticket.token_id}"
    run.wait_until("ministack", lambda: api.get(path).body["status"] == "valid", seconds=30)
    shown = api.expect(200, api.get(f"/verifiers/{verifier_id}", organizer))
    assert (shown["status"], shown["gates"]) == ("active", [demo.GATE])
    listed = api.expect(200, api.get("/verifiers", organizer))["items"]
    assert verifier_id in [each["verifier_id"] for each in listed]


@pytest.mark.parametrize(
    ("wallet", "status", "code"),
    [(BO, 403, "NOT_THE_ORGANIZER"), (HOLDER, 403, "NOT_THE_ORGANIZER"), (PLATFORM, 201, None)],
)
def test_only_the_organizer_and_the_owner_of_the_contracts_may(
    api: Api, played: Played, wallet: Wallet, status: int, code: str | None
) -> None:
    wanted = {"name": "Desk", "events": [str(played.season.demo_event_id)]}
    answer = api.post("/verifiers", wanted, signed_in(api, played, wallet))
    assert (answer.status, answer.body.get("error_code")) == (status, code)


def test_a_verdict_on_a_key_is_reused_and_costs_our_functions_nothing(
    api: Api, played: Played, organizer: dict[str, str]
) -> None:
    _, key = made(api, played, organizer, tier="high")
    before = verdicts(played)
    assert {knock(api, key).status for _ in range(10)} == {400}
    assert verdicts(played) - before == 1


def test_a_revoked_key_is_refused_within_a_minute(
    api: Api, played: Played, organizer: dict[str, str]
) -> None:
    verifier_id, key = made(api, played, organizer, tier="high")
    assert knock(api, key).status == 400  # and so there is a verdict to be reused
    assert api.send("DELETE", f"/verifiers/{verifier_id}", None, organizer).status == 200
    revoked = time.monotonic()
    while knock(api, key).status != 401:
        assert time.monotonic() - revoked < LIMIT_SECONDS
        time.sleep(1)
    assert time.monotonic() - revoked < VERDICT_TTL.to_seconds() + 15
    assert knock(api, key).body["error_code"] == "UNAUTHORIZED"


def test_a_rotated_key_works_beside_the_new_one(
    api: Api, played: Played, organizer: dict[str, str]
) -> None:
    verifier_id, old = made(api, played, organizer)
    answer = api.post(f"/verifiers/{verifier_id}/rotate", {"overlap_seconds": 600}, organizer)
    new = api.expect(200, answer)["key"]
    assert [knock(api, key).status for key in (old, new)] == [400, 400]


@pytest.fixture
def slow_plan(played: Played) -> Iterator[int]:
    """The standard tier's plan with a rate that no machine is too slow to exceed; its burst."""
    ssm = cloud.client("ssm", played.stack.aws_url)
    parameter = ssm.get_parameter(Name=STAGES["local"].usage_plans_parameter)["Parameter"]
    gateway = cloud.client("apigateway", played.stack.aws_url)

    def set_limits(rate: float, burst: int) -> None:
        limits = {"/throttle/rateLimit": rate, "/throttle/burstLimit": burst}
        gateway.update_usage_plan(
            usagePlanId=json.loads(parameter["Value"])["standard"],
            patchOperations=[
                {"op": "replace", "path": path, "value": str(value)}
                for path, value in limits.items()
            ],
        )

    set_limits(0.0001, 5)
    yield 5
    set_limits(TIERS["standard"].rate, TIERS["standard"].burst)


def test_a_terminal_over_its_rate_is_slowed_down_by_the_gateway_and_others_are_not(
    api: Api, played: Played, organizer: dict[str, str], slow_plan: int
) -> None:
    _, busy = made(api, played, organizer)
    _, calm = made(api, played, organizer)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: knock(api, busy), range(4 * slow_plan)))
    assert Counter(answer.status for answer in answers) == {400: slow_plan, 429: 3 * slow_plan}
    slowed = next(answer for answer in answers if answer.status == 429)
    assert slowed.body["error_code"] == "TOO_MANY_REQUESTS"
    assert slowed.headers["retry-after"] == "1"
    assert knock(api, calm).status == 400


def test_a_key_is_good_from_its_networks_only_even_on_a_reused_verdict(
    api: Api, played: Played, organizer: dict[str, str]
) -> None:
    """On this stage the address is the header's; its gateway reuses verdicts by the key alone."""
    _, key = made(api, played, organizer, cidrs=["203.0.113.0/24", "2001:db8::/32"])

    def is_let_in(address: str) -> bool:
        scan = {"qr": "no code", "scan_id": str(uuid4())}
        headers = {"x-api-key": key, "CloudFront-Viewer-Address": address}
        return api.post("/verify/scan", scan, headers).status != 401

    assert not is_let_in("198.51.100.7:4000")
    assert is_let_in("203.0.113.7:4000")
    assert not is_let_in("198.51.100.7:4000")
    assert is_let_in("2001:db8::7:4000")
    assert is_let_in("::ffff:203.0.113.7:4000")
    assert not is_let_in("2001:db9::7:4000")


def test_what_a_terminal_says_of_itself_in_headers_counts_for_nothing(
    api: Api, played: Played, organizer: dict[str, str]
) -> None:
    forged = {
        "verifier_id": "0" * 16, "scopes": "scan,undo", "events": "*", "gates": "*",
        "x-amzn-requestcontext": '{"authorizer": {"verifier_id": "1"}}', "principalId": "admin",
    }  # fmt: skip
    answer = api.post("/verify/scan", {"qr": "x", "scan_id": str(uuid4())}, forged)
    assert answer.status == 401


def test_a_user_sees_and_changes_its_profile(api: Api, played: Played) -> None:
    holder = signed_in(api, played, HOLDER)
    me = api.expect(200, api.get("/users/me", holder))
    assert (me["role"], me["on_chain"]) == ("user", {"is_owner": False, "is_authorized": False})
    changed = api.send("PATCH", "/users/me", {"display_name": "霍先生", "locale": "zh"}, holder)
    assert api.expect(200, changed)["display_name"] == "霍先生"
    assert api.send("PATCH", "/users/me", {"role": "admin"}, holder).status == 400
    assert api.get("/users/me", holder).body["display_name"] == "霍先生"


def test_the_owner_of_the_contracts_grants_roles(api: Api, played: Played) -> None:
    owner, holder = signed_in(api, played, PLATFORM), signed_in(api, played, HOLDER)
    path = f"/admin/users/{BO.address}/role"
    assert api.send("PUT", path, {"role": "organizer"}, holder).status == 403
    granted = api.expect(200, api.send("PUT", path, {"role": "organizer"}, owner))
    assert granted["role"] == "organizer"
    items = api.expect(200, api.get("/admin/users", owner, role="organizer"))["items"]
    assert granted["wallet"] in [each["wallet"] for each in items]
