"""/verifiers: the handler on real Postgres, a real EventManager, and ministack's DynamoDB, Secrets
Manager and API Gateway, which serve calls at the same time.
"""

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from threading import Barrier
from time import time
from typing import Any

import pytest

from functions.organizer.handler import lambda_handler
from onlineticket import resources, settings
from onlineticket.api.http import logger
from onlineticket.domain import verifier_key
from onlineticket.domain.address import checksum
from onlineticket.domain.errors import Conflict
from onlineticket.domain.roles import Standing
from onlineticket.domain.session import Session
from onlineticket.domain.suite import Suite
from onlineticket.domain.verifier_key import VerifierKey
from onlineticket.dynamo import verifier_keys
from onlineticket.store import audit, users
from onlineticket.usecases import manage_verifiers
from onlineticket.usecases.authorize_organizer import Authority
from tests.door_rows import listen, send
from tests.organizer_rows import ORGANIZER, OWNER, RIVAL, Office, authorize, open_office, opened

SCAN = ["POST/v1/verify/scan", "POST/v1/verify/scans"]
NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def office(
    conn: Any,
    suite: Suite,
    ministack_dynamodb: Any,
    ministack_secrets: None,
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    """ORGANIZER's: events 7 and 8 are theirs, 9 is RIVAL's."""
    open_office(conn, suite, monkeypatch)
    return Office()


def api_keys(verifier_id: str) -> list[dict[str, Any]]:
    import boto3

    client = boto3.client("apigateway")
    found: list[dict[str, Any]] = client.get_api_keys(
        nameQuery=f"otv-{verifier_id}", includeValues=True
    )["items"]
    return found


def item(verifier_id: str) -> dict[str, Any]:
    table = settings.required("VERIFIER_KEYS_TABLE")
    found: dict[str, Any] = resources.dynamodb().get_item(
        TableName=table, Key={"pk": {"S": verifier_id}}, ConsistentRead=True
    )["Item"]
    return found


# Making


def test_an_organizer_makes_a_key_that_opens_the_door(office: Office) -> None:
    status, body = office.create(cidrs=["10.0.0.0/8", "2001:db8::/32"], scopes=["scan", "undo"])
    assert status == 201
    made = body["verifier"]
    assert made == {
        "verifier_id": body["key"].split("_")[1], "status": "active", "name": "North",
        "events": ["7"], "gates": ["N1"], "scopes": ["scan", "undo"],
        "cidrs": ["10.0.0.0/8", "2001:db8::/32"], "tier": "standard",
        "organizer": checksum(ORGANIZER), "created_by": checksum(ORGANIZER),
        "created_at": made["created_at"], "expires_at": made["expires_at"], "rotated_at": None,
        "overlap_ends_at": None, "revoked_at": None, "needs_rotation": False,
    }  # fmt: skip
    assert opened(body["key"], source="10.1.2.3") == [*SCAN, "POST/v1/verify/undo"]
    assert office.show(made["verifier_id"]) == (200, made)


def test_the_key_is_shown_once_and_kept_as_a_hash(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = listen(monkeypatch, logger)
    verifier_id, key = office.made()
    secret = key.split("_", 2)[2]
    for place in (
        item(verifier_id),
        office.show(verifier_id),
        office.list(),
        api_keys(verifier_id),
    ):
        assert secret not in str(place)
    assert verifier_id in heard.getvalue()
    assert secret not in heard.getvalue()
    rows = resources.postgres().execute("SELECT details::text FROM audit_log").fetchall()
    assert secret not in str(rows)
    [kept] = item(verifier_id)["secrets"]["L"]
    peppers = resources.key_ring("PEPPER_SECRET_ARN")
    assert kept["M"]["hash"]["S"] == verifier_key.hashed(secret, peppers.current)


def test_an_answer_with_a_key_is_stored_nowhere(office: Office) -> None:
    _, _, headers = send(
        lambda_handler, "POST", "/verifiers", {"name": "N", "events": ["7"]}, wallet=ORGANIZER
    )
    assert headers["Cache-Control"] == ["no-store"]


def test_the_terminal_is_counted_by_the_plan_of_its_tier(office: Office) -> None:
    import boto3

    client = boto3.client("apigateway")
    plans = json.loads(
        boto3.client("ssm").get_parameter(Name=settings.required("USAGE_PLANS_PARAMETER"))[
            "Parameter"
        ]["Value"]
    )
    for tier in ("standard", "high"):
        verifier_id, _ = office.made(tier=tier)
        [key] = api_keys(verifier_id)
        assert key["value"] == verifier_key.usage_key(verifier_id)
        counted = client.get_usage_plan_keys(usagePlanId=plans[tier])["items"]
        assert key["id"] in [each["id"] for each in counted]


def test_a_key_lasts_30_days_unless_its_maker_says_otherwise(office: Office) -> None:
    def life(**changes: Any) -> float:
        made = office.create(**changes)[1]["verifier"]
        times = (datetime.fromisoformat(made[name]) for name in ("created_at", "expires_at"))
        begins, ends = times
        return (ends - begins).total_seconds()

    assert life() == 30 * 86_400
    soon = datetime.fromtimestamp(int(time()) + 3600, UTC).isoformat()
    assert 3590 <= life(expires_at=soon) <= 3600


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": ""}, "VERIFIER_MALFORMED"),
        ({"name": "a\u202eb"}, "VERIFIER_MALFORMED"),
        ({"name": "x" * 1000}, "BAD_REQUEST"),
        ({"events": []}, "BAD_REQUEST"),
        ({"events": [7]}, "BAD_REQUEST"),
        ({"events": "7"}, "BAD_REQUEST"),
        ({"events": ["7", "*"]}, "VERIFIER_MALFORMED"),
        ({"events": ["7,8"]}, "VERIFIER_MALFORMED"),
        ({"events": ["-7"]}, "VERIFIER_MALFORMED"),
        ({"events": ["07"]}, "VERIFIER_MALFORMED"),
        ({"events": ["7; DROP"]}, "VERIFIER_MALFORMED"),
        ({"events": ["9" * 78]}, "EVENT_NOT_FOUND"),
        ({"events": ["999"]}, "EVENT_NOT_FOUND"),
        ({"events": [str(n) for n in range(1, 100)]}, "BAD_REQUEST"),
        ({"gates": ["N1,N2"]}, "VERIFIER_MALFORMED"),
        ({"gates": None}, "BAD_REQUEST"),
        ({"scopes": ["admin"]}, "BAD_REQUEST"),
        ({"scopes": []}, "BAD_REQUEST"),
        ({"cidrs": ["10.0.0.1/8"]}, "VERIFIER_MALFORMED"),
        ({"cidrs": ["example.org"]}, "VERIFIER_MALFORMED"),
        ({"tier": "unlimited"}, "BAD_REQUEST"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "VERIFIER_MALFORMED"),
        ({"expires_at": "9999-12-31T00:00:00Z"}, "VERIFIER_MALFORMED"),
        ({"expires_at": "2030-01-01T00:00:00"}, "BAD_REQUEST"),
        ({"organizer": RIVAL}, "BAD_REQUEST"),
    ],
)
def test_what_makes_no_sense_gets_no_key(office: Office, changes: Any, code: str) -> None:
    status, body = office.create(**changes)
    assert (status // 100, body["error_code"]) == (4, code)
    assert office.list()[1]["items"] == []


# Whose


def test_nobody_else_touches_an_organizers_terminals(office: Office) -> None:
    verifier_id, key = office.made()
    rival = Office(RIVAL)
    for status, body in (
        rival.show(verifier_id),
        rival.change(verifier_id, name="mine"),
        rival.rotate(verifier_id),
        rival.revoke(verifier_id),
    ):
        assert (status, body["error_code"]) == (403, "NOT_THE_ORGANIZER")
    assert opened(key) == SCAN
    nobody = Office(None)
    assert nobody.show(verifier_id)[1]["error_code"] == "TOKEN_MISSING"
    assert nobody.create()[1]["error_code"] == "TOKEN_MISSING"


def test_a_key_is_for_events_of_ones_own(office: Office) -> None:
    for events in (["9"], ["7", "9"]):
        assert office.create(events=events)[1]["error_code"] == "NOT_THE_ORGANIZER"
    assert office.create(events=["*"])[1]["error_code"] == "NOT_AN_ADMIN"
    assert office.create(events=["7", "8"])[0] == 201


def test_an_admin_makes_keys_for_any_organizer_and_for_all_events(office: Office) -> None:
    admin = Office(OWNER)
    theirs, _ = admin.made(events=["9"])
    assert Office(RIVAL).show(theirs)[1]["created_by"] == checksum(OWNER)
    everywhere, key = admin.made(events=["*"], gates=["*"])
    assert opened(key) == SCAN
    status, body = admin.create(events=["7", "9"])
    assert (status, body["error_code"]) == (400, "VERIFIER_MALFORMED")
    [listed] = admin.list(organizer="*")[1]["items"]
    assert (listed["verifier_id"], listed["organizer"]) == (everywhere, "*")
    assert office.show(everywhere)[1]["error_code"] == "NOT_THE_ORGANIZER"
    assert office.list(organizer="*")[1]["error_code"] == "NOT_AN_ADMIN"


def test_an_organizer_whom_the_chain_dropped_reads_and_revokes_and_makes_nothing(
    office: Office, suite: Suite, conn: Any
) -> None:
    verifier_id, key = office.made()
    authorize(suite, ORGANIZER, yes=False)
    resources.dynamodb().delete_item(  # as 300 s later; tests/integration/test_standing.py waits
        TableName=settings.required("CACHE_TABLE"),
        Key={"pk": {"S": f"standing#{suite.identity}#{ORGANIZER}"}},
    )
    resources.forget()
    users.signed_in(conn, ORGANIZER, int(time()))
    conn.execute("UPDATE users SET role = 'organizer' WHERE wallet = %s", [ORGANIZER])
    for status, body in (
        office.create(),
        office.change(verifier_id, name="New"),
        office.rotate(verifier_id),
    ):
        assert (status, body["error_code"]) == (403, "ORGANIZER_NOT_AUTHORIZED")
    assert office.show(verifier_id)[0] == 200
    assert office.revoke(verifier_id)[0] == 200
    assert opened(key) == []


def test_a_terminal_is_revoked_while_the_chain_is_away_and_none_is_made(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    rivals = Office(RIVAL)
    with_standing, _ = office.made()
    monkeypatch.setenv("RPC_URL", NOWHERE)
    resources.forget()
    assert office.create()[0] == 201  # the chain said yes less than 300 s ago
    assert rivals.create(events=["9"])[1]["error_code"] == "RPC_UNAVAILABLE"
    assert office.revoke(with_standing)[1]["status"] == "revoked"


def test_terminals_are_listed_by_page_the_newest_first(office: Office) -> None:
    client, table = resources.dynamodb(), settings.required("VERIFIER_KEYS_TABLE")
    made = [office.made()[0] for _ in range(5)]
    for age, verifier_id in enumerate(made):  # two of each second
        client.update_item(
            TableName=table,
            Key={"pk": {"S": verifier_id}},
            UpdateExpression="SET created_at = :then",
            ExpressionAttributeValues={":then": {"N": str(1_000 - age // 2)}},
        )
    Office(RIVAL).made(events=["9"])
    seen: list[dict[str, Any]] = []
    query = {"limit": "2"}
    while True:
        body = office.list(**query)[1]
        seen += body["items"]
        if body["next_page"] is None:
            break
        query["page"] = body["next_page"]
    assert sorted(each["verifier_id"] for each in seen) == sorted(made)
    times = [each["created_at"] for each in seen]
    assert times == sorted(times, reverse=True)
    assert office.list(page="AAAA")[1]["error_code"] == "PAGE_INVALID"
    assert office.list(organizer=RIVAL)[1]["error_code"] == "NOT_AN_ADMIN"
    assert len(Office(OWNER).list(organizer=ORGANIZER)[1]["items"]) == 5


def test_an_organizer_has_a_bounded_number_of_live_keys(
    office: Office, ministack_dynamodb: Any
) -> None:
    table, now = settings.required("VERIFIER_KEYS_TABLE"), int(time())
    verifier_id, _ = office.made()
    pattern = item(verifier_id)
    for number in range(1, manage_verifiers.MOST_KEYS + 1):
        one = pattern | {"pk": {"S": f"{number:016x}"}}
        if number > manage_verifiers.MOST_KEYS - 1:
            one |= {"revoked_at": {"N": str(now)}}  # which does not count
        ministack_dynamodb.put_item(TableName=table, Item=one)
    status, body = office.create()
    assert (status, body["error_code"]) == (422, "TOO_MANY_VERIFIERS")
    office.revoke(verifier_id)
    assert office.create()[0] == 201


def test_what_the_gateway_holds_of_expired_keys_is_cleared_up_in_time(
    office: Office, ministack_dynamodb: Any
) -> None:
    over = [office.made()[0] for _ in range(5)]
    for verifier_id in over:
        ministack_dynamodb.update_item(
            TableName=settings.required("VERIFIER_KEYS_TABLE"),
            Key={"pk": {"S": verifier_id}},
            UpdateExpression="SET expires_at = :past",
            ExpressionAttributeValues={":past": {"N": "1"}},
        )
    made = [office.made()[0] for _ in range(2)]
    assert [len(api_keys(verifier_id)) for verifier_id in over] == [0] * 5
    assert [len(api_keys(verifier_id)) for verifier_id in made] == [1] * 2
    assert office.show(over[0])[1]["status"] == "expired"


# Changing


def test_what_a_change_leaves_out_stays(office: Office) -> None:
    verifier_id, key = office.made(cidrs=["10.0.0.0/8"])
    before = office.show(verifier_id)[1]
    status, after = office.change(verifier_id, gates=["S1", "S2"], scopes=["manifest"])
    assert status == 200
    assert after == before | {"gates": ["S1", "S2"], "scopes": ["manifest"]}
    assert opened(key, source="10.0.0.1") == ["GET/v1/verify/manifest"]
    assert office.change(verifier_id, cidrs=[])[1]["cidrs"] == []
    assert opened(key, source="192.0.2.1") == ["GET/v1/verify/manifest"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"events": ["9"]}, "NOT_THE_ORGANIZER"),
        ({"events": ["*"]}, "NOT_AN_ADMIN"),
        ({"events": []}, "BAD_REQUEST"),
        ({"name": None}, "BAD_REQUEST"),
        ({"cidrs": None}, "BAD_REQUEST"),
        ({"cidrs": ["x"]}, "VERIFIER_MALFORMED"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "VERIFIER_MALFORMED"),
        ({"expires_at": None}, "BAD_REQUEST"),
        ({"tier": "high"}, "BAD_REQUEST"),
        ({"revoked_at": None}, "BAD_REQUEST"),
        ({"secrets": []}, "BAD_REQUEST"),
        ({"organizer": RIVAL}, "BAD_REQUEST"),
    ],
)
def test_a_change_keeps_to_the_rules_of_making(
    office: Office, changes: dict[str, Any], code: str
) -> None:
    verifier_id, _ = office.made()
    before = item(verifier_id)
    assert office.change(verifier_id, **changes)[1]["error_code"] == code
    assert item(verifier_id) == before


def test_not_even_an_admin_hands_a_terminal_to_another_organizer(office: Office) -> None:
    verifier_id, _ = office.made()
    status, body = Office(OWNER).change(verifier_id, events=["9"])
    assert (status, body["error_code"]) == (400, "VERIFIER_MALFORMED")
    assert Office(OWNER).change(verifier_id, events=["8"])[0] == 200


@pytest.mark.parametrize("verifier_id", ["0" * 16, "x", "0" * 17, "A" * 16, "%00", "0" * 3_000])
def test_an_id_that_is_none_is_not_found_or_malformed(office: Office, verifier_id: str) -> None:
    for status, body in (
        office.show(verifier_id),
        office.change(verifier_id, name="N"),
        office.rotate(verifier_id),
        office.revoke(verifier_id),
    ):
        expected = (404, "VERIFIER_NOT_FOUND") if verifier_id == "0" * 16 else None
        assert expected in ((status, body["error_code"]), None)
        assert status in (400, 404)


# Rotating and revoking


def test_a_rotation_gives_a_new_key_and_lets_the_last_one_work_for_a_while(office: Office) -> None:
    verifier_id, old = office.made()
    status, body = office.rotate(verifier_id, overlap=900)
    assert status == 200
    assert body["verifier"]["verifier_id"] == verifier_id
    assert body["verifier"]["overlap_ends_at"] is not None
    assert opened(old) == opened(body["key"]) == SCAN
    newest = office.rotate(verifier_id, overlap=0)[1]["key"]
    assert opened(old) == opened(body["key"]) == []
    assert opened(newest) == SCAN
    assert len(api_keys(verifier_id)) == 1


@pytest.mark.parametrize("overlap", [-1, 86_401, "x", 1.5, None])
def test_an_overlap_is_a_day_at_most(office: Office, overlap: Any) -> None:
    verifier_id, _ = office.made()
    assert office.rotate(verifier_id, overlap)[1]["error_code"] == "BAD_REQUEST"


def test_a_pepper_is_rotated_without_turning_a_terminal_away(office: Office) -> None:
    import boto3

    verifier_id, key = office.made()
    client, arn = boto3.client("secretsmanager"), settings.required("PEPPER_SECRET_ARN")
    last = json.loads(client.get_secret_value(SecretId=arn)["SecretString"])
    now = {
        "id": "2", "secret": "b" * 64, "previous_id": "1", "previous_secret": last["secret"],
    }  # fmt: skip
    client.put_secret_value(SecretId=arn, SecretString=json.dumps(now))
    resources.forget()
    assert opened(key) == SCAN
    assert office.show(verifier_id)[1]["needs_rotation"] is True
    fresh = office.rotate(verifier_id)[1]
    assert fresh["verifier"]["needs_rotation"] is False
    assert opened(key) == opened(fresh["key"]) == SCAN
    # And once the old pepper is gone, so are the keys that nobody rotated.
    client.put_secret_value(
        SecretId=arn, SecretString=json.dumps({"id": "2", "secret": now["secret"]})
    )
    resources.forget()
    assert opened(key) == []
    assert opened(fresh["key"]) == SCAN


def test_a_revoked_key_is_over_for_good_and_its_gateway_key_is_gone(office: Office) -> None:
    verifier_id, key = office.made()
    status, body = office.revoke(verifier_id)
    assert (status, body["status"]) == (200, "revoked")
    assert opened(key) == []
    assert api_keys(verifier_id) == []
    again = office.revoke(verifier_id)
    assert (again[0], again[1]["revoked_at"]) == (200, body["revoked_at"])
    for status, refused in (office.rotate(verifier_id), office.change(verifier_id, name="N")):
        assert (status, refused["error_code"]) == (409, "VERIFIER_KEY_REVOKED")


def test_every_change_stands_in_the_events_audit_chain(office: Office, conn: Any) -> None:
    verifier_id, _ = office.made()
    office.change(verifier_id, name="South")
    office.rotate(verifier_id)
    office.revoke(verifier_id)
    both, _ = office.made(events=["7", "8"])
    rows = conn.execute(
        "SELECT chain, action, actor, subject, source FROM audit_log ORDER BY id"
    ).fetchall()
    assert [row[1] for row in rows[:4]] == [
        "verifier.created", "verifier.changed", "verifier.rotated", "verifier.revoked",
    ]  # fmt: skip
    chain = f"event:{resources.suite_id()}:7"
    assert {row[0] for row in rows[:4]} == {chain}
    assert {row[2:] for row in rows[:4]} == {
        (f"wallet:{ORGANIZER}", f"verifier:{verifier_id}", "192.0.2.7")
    }
    assert rows[4][0::3] == ("platform", f"verifier:{both}")
    assert audit.verify(conn, chain) is None


# At the same moment. All have read the key before the first of them writes.


def race(steps: list[Callable[[Any], Any]]) -> list[str]:
    """Each step takes `line`, which waits for all, and does one thing; says what came of it."""
    line = Barrier(len(steps))

    def run(step: Callable[[Any], Any]) -> str:
        try:
            step(lambda: line.wait(timeout=30))
        except Conflict as refused:
            return refused.code
        return "ok"

    with ThreadPoolExecutor(len(steps)) as threads:
        return list(threads.map(run, steps))


def rotation(verifier_id: str, shown: list[str]) -> Callable[[Any], None]:
    store = resources.dynamodb(), settings.required("VERIFIER_KEYS_TABLE")

    def step(wait: Any) -> None:
        def replace_key(key: VerifierKey) -> bool:
            wait()
            return verifier_keys.replace(*store, key)

        done = manage_verifiers.rotate(
            Session(ORGANIZER, "organizer"), verifier_id, overlap_seconds=0,
            authority=Authority(
                lambda _: ORGANIZER, lambda _: "user", lambda _: Standing(False, True)
            ),
            peppers=resources.key_ring("PEPPER_SECRET_ARN"), now=int(time()),
            find_key=partial(verifier_keys.find, *store), replace_key=replace_key,
            renew_usage=lambda key, text: None,
        )  # fmt: skip
        shown.append(done.text)

    return step


def revocation(verifier_id: str) -> Callable[[Any], None]:
    store = resources.dynamodb(), settings.required("VERIFIER_KEYS_TABLE")

    def step(wait: Any) -> None:
        wait()
        verifier_keys.revoke(*store, verifier_id, int(time()))

    return step


def test_of_racing_rotations_one_gets_a_key_and_that_one_works(office: Office) -> None:
    verifier_id, old = office.made()
    for turn in range(5):
        shown: list[str] = []
        said = race([rotation(verifier_id, shown)] * 10)
        assert Counter(said) == {"ok": 1, "VERIFIER_CHANGED_MEANWHILE": 9}, turn
        assert len(shown) == 1
        assert opened(shown[0]) == SCAN
        assert opened(old) == []
        old = shown[0]


def test_a_revocation_that_races_rotations_always_stands(office: Office) -> None:
    for _ in range(5):
        verifier_id, old = office.made()
        shown: list[str] = []
        steps = [rotation(verifier_id, shown)] * 5 + [revocation(verifier_id)] * 5
        said = race(steps)
        assert said[5:] == ["ok"] * 5
        assert Counter(said[:5])["ok"] == len(shown) <= 1
        for key in (old, *shown):
            assert opened(key) == []
        assert office.show(verifier_id)[1]["status"] == "revoked"


class Repeating:
    """A DynamoDB client that loses every answer to a write and repeats it, as boto3 does."""

    def __init__(self, client: Any, between: Callable[[], Any] = lambda: None) -> None:
        self._client = client
        self._between = between
        self.exceptions = client.exceptions

    def put_item(self, **arguments: Any) -> Any:
        self._client.put_item(**arguments)
        self._between()
        return self._client.put_item(**arguments)


def test_a_write_that_is_repeated_because_its_answer_was_lost_is_one_write(office: Office) -> None:
    verifier_id, _ = office.made()
    store = Repeating(resources.dynamodb()), settings.required("VERIFIER_KEYS_TABLE")
    kept = verifier_keys.find(resources.dynamodb(), store[1], verifier_id)
    assert kept is not None
    after = verifier_key.amended(kept, {"name": "South", "version": kept.version + 1})
    assert verifier_keys.replace(*store, after)
    assert not verifier_keys.replace(*store, after)  # which is another write
    another = verifier_key.amended(kept, {"verifier_id": "f" * 16})
    verifier_keys.put(*store, another)
    with pytest.raises(resources.dynamodb().exceptions.ConditionalCheckFailedException):
        verifier_keys.put(*store, another)


def test_a_repeated_write_does_not_undo_the_revocation_that_came_between(office: Office) -> None:
    verifier_id, key = office.made()
    store = resources.dynamodb(), settings.required("VERIFIER_KEYS_TABLE")
    kept = verifier_keys.find(*store, verifier_id)
    assert kept is not None
    after = verifier_key.amended(kept, {"name": "South", "version": kept.version + 1})
    revoking = Repeating(
        store[0], between=lambda: verifier_keys.revoke(*store, verifier_id, int(time()))
    )
    assert not verifier_keys.replace(revoking, store[1], after)
    assert opened(key) == []
    assert office.show(verifier_id)[1]["status"] == "revoked"


# When something is away


def test_without_the_gateway_no_key_is_shown_and_none_works(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_API_GATEWAY", NOWHERE)
    resources.forget()
    status, body = office.create()
    assert (status, body["error_code"]) == (503, "GATEWAY_UNAVAILABLE")
    assert office.list()[1]["items"] == []


def test_without_the_gateway_a_revocation_stands_and_can_be_repeated(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    verifier_id, key = office.made()
    monkeypatch.setenv("AWS_ENDPOINT_URL_API_GATEWAY", NOWHERE)
    resources.forget()
    status, body = office.revoke(verifier_id)
    assert (status, body["error_code"]) == (503, "GATEWAY_UNAVAILABLE")
    assert opened(key) == []
    monkeypatch.delenv("AWS_ENDPOINT_URL_API_GATEWAY")
    resources.forget()
    assert office.revoke(verifier_id)[0] == 200
    assert api_keys(verifier_id) == []


def test_a_key_that_could_not_be_kept_leaves_nothing_at_the_gateway(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    import boto3

    def count() -> int:
        return len(boto3.client("apigateway").get_api_keys(limit=500)["items"])

    before = count()
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", NOWHERE)
    resources.forget()
    status, body = office.create()
    assert (status, body["error_code"]) == (503, "DYNAMODB_UNAVAILABLE")
    assert count() == before
