"""The terminals' authorizer, on moto: what API Gateway is told."""

from fnmatch import fnmatchcase
from time import time
from typing import Any

import pytest

from functions.verifier_auth.handler import lambda_handler, logger
from infra.routes import PREFIX, ROUTES
from onlineticket import resources, settings
from onlineticket.domain import verifier_key
from onlineticket.domain.errors import Unauthorized, Unavailable
from onlineticket.dynamo import verifier_keys
from tests.at_the_door import TERMINAL
from tests.door_rows import CONTEXT, CONTRACTS, authorizer_event, listen

BASE = "arn:aws:execute-api:us-east-1:000000000000:abc123/test"
ARN = f"{BASE}/POST/v1/verify/scan"  # as tests/door_rows.py has it
NOW = int(time())


@pytest.fixture
def table(dynamodb: Any, secrets: None, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("CONTRACTS", CONTRACTS)
    return settings.required("VERIFIER_KEYS_TABLE")


def create(client: Any, table: str, **changes: Any) -> str:
    terminal: dict[str, Any] = {
        "name": TERMINAL.name, "events": TERMINAL.events, "gates": TERMINAL.gates,
        "scopes": TERMINAL.scopes, "now": NOW, "expires_at": NOW + 86_400,
    }  # fmt: skip
    peppers = resources.key_ring("PEPPER_SECRET_ARN")
    return verifier_keys.create(client, table, peppers, **(terminal | changes))


def authorize(key: str | None, header: str = "x-api-key") -> dict[str, Any]:
    policy: dict[str, Any] = lambda_handler(authorizer_event(key, header=header), CONTEXT)
    return policy


@pytest.mark.parametrize("header", ["x-api-key", "X-Api-Key", "X-API-KEY"])
def test_a_good_key_opens_the_routes_of_its_scopes(dynamodb: Any, table: str, header: str) -> None:
    key = create(dynamodb, table)
    policy = authorize(key, header)
    verifier_id = key.split("_")[1]
    assert policy["principalId"] == verifier_id
    assert policy["policyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Action": "execute-api:Invoke",
            "Resource": [ARN, f"{BASE}/POST/v1/verify/scans"],
        }
    ]
    assert policy["context"] == {
        "verifier_id": verifier_id, "name": "North", "events": "7", "gates": "N1,N2",
        "scopes": "scan", "cidrs": "",
    }  # fmt: skip
    assert policy["usageIdentifierKey"] == verifier_key.usage_key(verifier_id)


def test_all_scopes_open_every_route_of_terminals_and_no_other(dynamodb: Any, table: str) -> None:
    policy = authorize(create(dynamodb, table, scopes={"scan", "undo", "manifest"}))
    opened = policy["policyDocument"]["Statement"][0]["Resource"]
    for route in ROUTES:
        arn = f"{BASE}/{route.method}/{PREFIX}{route.path}"
        is_open = any(fnmatchcase(arn, resource) for resource in opened)
        assert is_open == (route.caller == "verifier"), route
    assert not any("*" in resource for resource in opened)


@pytest.mark.parametrize("key", [None, "", "nonsense", f"otv_{'0' * 16}_{'A' * 43}"])
def test_no_key_and_an_unknown_one_are_401(dynamodb: Any, table: str, key: str | None) -> None:
    with pytest.raises(Unauthorized, match=r"^Unauthorized$"):
        authorize(key)


def test_a_wrong_secret_an_expired_and_a_revoked_key_are_401(dynamodb: Any, table: str) -> None:
    good = create(dynamodb, table)
    assert authorize(good)
    revoked = create(dynamodb, table)
    verifier_keys.revoke(dynamodb, table, revoked.split("_")[1], NOW)
    wrong = verifier_key.key_text(good.split("_")[1], "A" * 43)
    for bad in (wrong, create(dynamodb, table, expires_at=NOW), revoked):
        with pytest.raises(Unauthorized, match=r"^Unauthorized$"):
            authorize(bad)


def test_the_secret_is_nowhere_in_the_table(dynamodb: Any, table: str) -> None:
    secret = create(dynamodb, table).split("_", 2)[2]
    assert secret not in str(dynamodb.scan(TableName=table)["Items"])


def test_without_dynamodb_nobody_is_judged(
    dynamodb: Any, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = create(dynamodb, table)
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1")
    resources.dynamodb.cache_clear()
    with pytest.raises(Unavailable):
        authorize(key)


def test_the_terminal_is_logged_and_its_secret_is_not(
    dynamodb: Any, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = listen(monkeypatch, logger)
    key = create(dynamodb, table)
    authorize(key)
    _, verifier_id, secret = key.split("_", 2)
    assert verifier_id in heard.getvalue()
    assert secret not in heard.getvalue()
