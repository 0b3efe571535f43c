"""POST /auth/siwe/*: the handler on real Postgres; moto, and a real server for the race."""

import json
from datetime import UTC, datetime
from time import time
from types import SimpleNamespace
from typing import Any

import pytest
from eth_account import Account

from onlineticket import settings
from onlineticket.api import session
from onlineticket.chain import signatures
from onlineticket.domain import refresh_token, siwe
from onlineticket.domain.session import Session
from onlineticket.domain.types import WalletAddress
from onlineticket.dynamo import sessions
from tests import signing_in
from tests.signing_in import ALICE, TERMS, WALLET, challenged, post, sign


@pytest.fixture
def stage(database: str, dynamodb: Any, secrets: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the function's environment gives it; returns the DynamoDB client."""
    signing_in.prepare(monkeypatch)
    return dynamodb


def answer_time(unix_seconds: int) -> str:
    return datetime.fromtimestamp(unix_seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def verify(message: str, signature: str) -> tuple[int, Any]:
    status, body = signing_in.verify(message, signature)
    return status, body.get("error_code", body)


@pytest.mark.usefixtures("stage")
def test_a_wallet_signs_in_and_its_token_says_who_it_is(conn: Any) -> None:
    before = int(time())
    message = challenged()["message"]
    status, answer = verify(message, sign(message))
    assert status == 200
    token, refresh_token = answer.pop("access_token"), answer.pop("refresh_token")
    session_id = answer.pop("session_id")
    assert refresh_token.startswith(f"otr_{session_id}.0.1.")
    assert answer.pop("refresh_expires_at") > answer_time(before + 30 * 86_400 - 1)
    assert answer == {
        "token_type": "Bearer",
        "expires_in": 900,
        "wallet": ALICE.address,
        "role": "user",
    }
    event = SimpleNamespace(headers={"authorization": f"bearer {token}"})
    app: Any = SimpleNamespace(current_event=event)
    assert session.current(app) == Session(WALLET, "user", session_id)
    [(wallet, role, seen)] = conn.execute("SELECT wallet, role, signed_in_at FROM users").fetchall()
    assert (wallet, role) == (WALLET, "user")
    assert seen.timestamp() >= before


@pytest.mark.usefixtures("stage")
def test_the_role_of_a_wallet_is_in_its_next_token(conn: Any) -> None:
    conn.execute("INSERT INTO users (wallet, role) VALUES (%s, 'organizer')", [WALLET])
    message = challenged()["message"]
    assert verify(message, sign(message))[1]["role"] == "organizer"
    assert conn.execute("SELECT count(*) FROM users").fetchone() == (1,)


@pytest.mark.usefixtures("stage")
def test_a_challenge_names_our_site_and_expires_in_5_minutes() -> None:
    answer = challenged()
    message = signatures.read(answer["message"])
    assert (message.domain, message.uri, message.chain_id) == (TERMS.domain, TERMS.uri, 31337)
    assert (message.wallet, message.nonce) == (WALLET, answer["nonce"])
    assert message.expires_at - message.issued_at == 300
    assert answer["message"].endswith(f"Expiration Time: {answer['expires_at']}")


def test_a_nonce_is_kept_for_5_minutes_as_a_digest_only(stage: Any) -> None:
    answer = challenged()
    key = {"pk": {"S": f"session#{answer['nonce']}"}}
    item = stage.get_item(TableName=settings.required("SESSIONS_TABLE"), Key=key)["Item"]
    assert item["digest"]["S"] == siwe.digest(answer["message"])
    assert item["ttl"] == item["expires_at"]
    assert 290 < int(item["ttl"]["N"]) - time() <= 300
    assert WALLET not in json.dumps(item)


@pytest.mark.usefixtures("stage")
def test_a_signed_message_signs_in_once() -> None:
    message = challenged()["message"]
    assert verify(message, sign(message))[0] == 200
    assert verify(message, sign(message)) == (401, "NONCE_UNKNOWN")


@pytest.mark.usefixtures("stage")
def test_a_forged_signature_does_not_burn_the_challenge(
    anvil: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = challenged()["message"]
    stranger = Account.create()
    monkeypatch.setenv("RPC_URL", anvil)
    assert verify(message, sign(message, stranger)) == (401, "SIGNATURE_INVALID")
    assert verify(message, sign(message))[0] == 200


@pytest.mark.usefixtures("stage")
def test_a_nonce_is_good_for_its_own_text_only() -> None:
    """A message made with somebody else's nonce is signed well, and still refused."""
    given = challenged()
    bob = Account.create()
    theirs = siwe.compose(
        siwe.challenge(TERMS, WalletAddress(bob.address.lower()), given["nonce"], now=int(time()))
    )
    assert verify(theirs, sign(theirs, bob)) == (401, "NONCE_UNKNOWN")
    assert verify(given["message"], sign(given["message"]))[0] == 200


@pytest.mark.usefixtures("stage")
def test_a_message_with_a_nonce_of_its_own_is_refused() -> None:
    mine = siwe.compose(siwe.challenge(TERMS, WALLET, "f" * 32, now=int(time())))
    assert verify(mine, sign(mine)) == (401, "NONCE_UNKNOWN")


def test_an_expired_nonce_is_refused_though_ttl_has_not_deleted_it(stage: Any) -> None:
    table = settings.required("SESSIONS_TABLE")
    keys = session.key_ring()
    sessions.keep_challenge(stage, table, "n", "digest", 1000)
    for now, begun in ((1000, False), (999, True)):
        family, _ = refresh_token.begin("n", WALLET, keys, seed="5e", now=now)
        assert sessions.begin(stage, table, "digest", family) == begun


@pytest.mark.usefixtures("stage")
@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("tickets.example wants", "evil.example wants", (401, "DOMAIN_MISMATCH")),
        ("URI: https://tickets.example/login", "URI: https://evil.example", (401, "URI_MISMATCH")),
        ("Chain ID: 31337", "Chain ID: 1", (422, "CHAIN_NOT_SUPPORTED")),
        ("Sign in to OnlineTicket.", "Sign in to Anything.", (400, "MESSAGE_MALFORMED")),
        ("Version: 1", "Version: 1\n", (400, "MESSAGE_MALFORMED")),
    ],
)
def test_a_message_that_is_not_ours_is_refused_by_name(
    old: str, new: str, expected: tuple[int, str]
) -> None:
    message = challenged()["message"]
    changed = message.replace(old, new)
    assert changed != message
    assert verify(changed, sign(changed)) == expected
    assert verify(message, sign(message))[0] == 200


@pytest.mark.usefixtures("stage")
@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        "{",
        {},
        {"message": "x"},
        {"message": 1, "signature": "0x"},
        {"message": "x" * 100_000, "signature": "0x"},
        {"message": "x", "signature": "0x" + "0" * 100_000},
        '{"message": "\\ud800", "signature": "0x"}',
    ],
)
def test_a_bad_body_is_answered_in_our_own_shape(body: Any) -> None:
    status, answer = post("/auth/siwe/verify", body)
    assert status == 400
    assert answer.keys() == {"error_code", "message", "details", "request_id"}


@pytest.mark.usefixtures("stage")
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"address": "0x1", "chain_id": 31337}, (400, "BAD_REQUEST")),
        ({"address": ALICE.address}, (400, "BAD_REQUEST")),
        ({"address": ALICE.address, "chain_id": 1}, (422, "CHAIN_NOT_SUPPORTED")),
    ],
)
def test_no_challenge_is_given_for_a_bad_address_or_chain(
    body: dict[str, Any], expected: tuple[int, str]
) -> None:
    status, answer = post("/auth/siwe/challenge", body)
    assert (status, answer["error_code"]) == expected


@pytest.mark.usefixtures("stage")
def test_a_dead_database_costs_no_signature(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    message = challenged()["message"]
    monkeypatch.setenv("DB_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert verify(message, sign(message)) == (503, "DATABASE_UNAVAILABLE")
    monkeypatch.setenv("DB_URL", database)
    assert verify(message, sign(message))[0] == 200
