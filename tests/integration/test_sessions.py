"""/auth/refresh, /auth/logout, /auth/sessions: the handler on real Postgres and moto."""

import json
from time import time
from typing import Any

import boto3
import pytest
from eth_account import Account

from onlineticket import resources, settings
from onlineticket.api import session
from onlineticket.domain import keyring, refresh_token
from onlineticket.domain.session import Session
from onlineticket.dynamo import sessions as store
from tests import signing_in
from tests.signing_in import WALLET, bearer, post, refresh, send, sessions, signed_in


@pytest.fixture(autouse=True)
def stage(database: str, dynamodb: Any, secrets: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    signing_in.prepare(monkeypatch)
    return dynamodb


def who(tokens: dict[str, Any]) -> Session:
    text, keys = tokens["access_token"], session.key_ring()
    return session.check(text, keys=keys, audience=session.audience(), now=int(time()))


def test_a_refresh_keeps_the_wallet_its_session_and_its_role_of_now(conn: Any) -> None:
    first = signed_in()
    conn.execute("UPDATE users SET role = 'organizer' WHERE wallet = %s", [WALLET])
    answer = refresh(first["refresh_token"])
    status, second = answer
    assert status == 200
    assert who(second) == Session(WALLET, "organizer", first["session_id"])
    assert second["refresh_token"] != first["refresh_token"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert refresh(second["refresh_token"]).code == "ok"


def test_a_lost_answer_is_given_again() -> None:
    first = signed_in()
    second, again = (refresh(first["refresh_token"])[1] for _ in range(2))
    assert again["refresh_token"] == second["refresh_token"]
    assert refresh(again["refresh_token"]).code == "ok"


def test_a_token_that_comes_back_ends_its_session_within_that_request() -> None:
    first = signed_in()
    second = refresh(first["refresh_token"])[1]
    third = refresh(second["refresh_token"])[1]
    assert refresh(first["refresh_token"]).code == "REFRESH_TOKEN_REUSED"
    for tokens in (first, second, third):
        assert refresh(tokens["refresh_token"]).code == "SESSION_REVOKED"
    assert send("GET", "/auth/sessions", headers=bearer(third)).code == "SESSION_REVOKED"


def test_a_log_out_ends_one_session_and_may_be_repeated() -> None:
    first, other = signed_in(), signed_in()
    for _ in range(2):
        assert post("/auth/logout", {"refresh_token": first["refresh_token"]})[0] == 204
    assert refresh(first["refresh_token"]).code == "SESSION_REVOKED"
    assert [each["session_id"] for each in sessions(other)] == [other["session_id"]]


def test_a_wallet_sees_its_live_sessions_newest_first_and_ends_one() -> None:
    stranger = signed_in(Account.create())
    mine = [signed_in() for _ in range(3)]
    listed = sessions(mine[0])
    assert {each["session_id"] for each in listed} == {each["session_id"] for each in mine}
    assert [each["created_at"] for each in listed] == sorted(
        (each["created_at"] for each in listed), reverse=True
    )
    assert [each["session_id"] for each in listed if each["current"]] == [mine[0]["session_id"]]
    assert {each["device"] for each in listed} == {"Tests"}
    ended = mine[1]["session_id"]
    assert send("DELETE", f"/auth/sessions/{ended}", headers=bearer(mine[0]))[0] == 204
    assert ended not in {each["session_id"] for each in sessions(mine[0])}
    assert refresh(mine[1]["refresh_token"]).code == "SESSION_REVOKED"
    theirs = f"/auth/sessions/{stranger['session_id']}"
    assert send("DELETE", theirs, headers=bearer(mine[0])).code == "SESSION_NOT_FOUND"
    assert refresh(stranger["refresh_token"]).code == "ok"


@pytest.mark.parametrize("session_id", ["x", "0" * 31, "0" * 33, "G" * 32, "..%2f"])
def test_an_id_of_another_form_is_a_bad_request(session_id: str) -> None:
    answer = send("DELETE", f"/auth/sessions/{session_id}", headers=bearer(signed_in()))
    assert answer[0] in (400, 404)
    assert answer[1].keys() == {"error_code", "message", "details", "request_id"}


def test_a_challenge_nobody_answered_is_no_session() -> None:
    tokens = signed_in()
    nonce = signing_in.challenged()["nonce"]
    path = f"/auth/sessions/{nonce}"
    assert send("DELETE", path, headers=bearer(tokens)).code == "SESSION_NOT_FOUND"
    assert len(sessions(tokens)) == 1


def test_the_table_holds_no_token_and_forgets_after_90_days(stage: Any) -> None:
    first = signed_in()
    second = refresh(first["refresh_token"])[1]
    table = settings.required("SESSIONS_TABLE")
    [item] = stage.scan(TableName=table)["Items"]
    for tokens in (first, second):
        for part in tokens["refresh_token"].split(".")[-2:]:
            assert part not in json.dumps(item)
    assert item["ttl"] == item["ends_at"]
    assert int(item["ends_at"]["N"]) - int(item["created_at"]["N"]) == 90 * 86_400


def test_a_session_whose_answer_was_lost_is_begun_once_and_only_by_its_own(stage: Any) -> None:
    place = stage, settings.required("SESSIONS_TABLE")
    ours, theirs = (
        refresh_token.begin("0" * 32, WALLET, session.key_ring(), seed=seed, now=1000)[0]
        for seed in ("5e", "5f")
    )
    store.keep_challenge(*place, "0" * 32, "digest", 1300)
    assert store.begin(*place, "digest", ours)
    assert store.begin(*place, "digest", ours)
    assert not store.begin(*place, "digest", theirs)
    found = store.find(*place, "0" * 32)
    assert found is not None
    assert found.token_hash == ours.token_hash


def test_a_revoked_session_leaves_the_index(stage: Any) -> None:
    tokens = signed_in()
    post("/auth/logout", {"refresh_token": tokens["refresh_token"]})
    found = stage.query(
        TableName=settings.required("SESSIONS_TABLE"),
        IndexName=store.BY_OWNER,
        KeyConditionExpression="#owner = :wallet",
        ExpressionAttributeNames={"#owner": "owner"},
        ExpressionAttributeValues={":wallet": {"S": WALLET}},
    )
    assert found["Items"] == []


@pytest.mark.parametrize(
    "body", ["", "{}", {"refresh_token": 1}, {"refresh_token": "x" * 100_000}, {"token": "otr_"}]
)
@pytest.mark.parametrize("path", ["/auth/refresh", "/auth/logout"])
def test_a_bad_body_is_answered_in_our_own_shape(path: str, body: Any) -> None:
    status, answer = post(path, body)
    assert status == 400
    assert answer.keys() == {"error_code", "message", "details", "request_id"}


def test_a_dead_database_costs_no_refresh_token(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = signed_in()
    monkeypatch.setenv("DB_URL", "postgresql://nobody@127.0.0.1:1/none")
    resources.forget()
    assert refresh(tokens["refresh_token"]).code == "DATABASE_UNAVAILABLE"
    monkeypatch.setenv("DB_URL", database)
    assert refresh(tokens["refresh_token"]).code == "ok"


def test_keys_rotate_while_sessions_live_and_nobody_is_signed_out() -> None:
    """As the rotation leaves the secret: first both keys are known, then the new one is used."""
    before = signed_in()
    client, name = boto3.client("secretsmanager"), settings.required("JWT_SECRET_ARN")
    secret = json.loads(client.get_secret_value(SecretId=name)["SecretString"])
    rotated = keyring.rotated(secret, "n" * 64, int(time()))
    client.put_secret_value(SecretId=name, SecretString=json.dumps(rotated))
    resources.forget()  # a minute passes: every process reads the ring again
    during = refresh(before["refresh_token"])[1]
    assert ".1." in during["refresh_token"]
    spread = rotated | {"rotated_at": str(int(time()) - keyring.SPREAD)}
    client.put_secret_value(SecretId=name, SecretString=json.dumps(spread))
    resources.forget()
    after = refresh(during["refresh_token"])[1]
    assert ".2." in after["refresh_token"]
    for tokens in (before, during, after):
        assert len(sessions(tokens)) == 1
    # Both tokens of the old key still do what they did.
    assert refresh(during["refresh_token"])[1]["refresh_token"] == after["refresh_token"]


def test_a_key_changed_by_hand_is_found_when_a_token_names_it() -> None:
    signed_in()  # the ring is in memory now
    client, name = boto3.client("secretsmanager"), settings.required("JWT_SECRET_ARN")
    secret = json.loads(client.get_secret_value(SecretId=name)["SecretString"])
    rotated = keyring.rotated(secret, "n" * 64, 0)
    client.put_secret_value(SecretId=name, SecretString=json.dumps(rotated))
    elsewhere = keyring.from_secret(rotated)
    token = session.mint(
        Session(WALLET, "user", "0" * 32), keys=elsewhere, audience=session.audience(),
        now=int(time()),
    )  # fmt: skip
    answer = send("GET", "/auth/sessions", headers={"authorization": f"Bearer {token}"})
    assert answer.code == "SESSION_EXPIRED"  # the token is good; its session never was
