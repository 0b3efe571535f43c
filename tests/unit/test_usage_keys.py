"""Terminals' API keys at the gateway, which refuses here; tests/integration has the rest."""

from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from onlineticket.domain.errors import OnlineTicketError
from onlineticket.domain.verifier_key import VerifierKey, key_text, usage_key
from onlineticket.gateway.usage_keys import UsageKeys
from tests.at_the_door import ALICE, NOW, TERMINAL

KEY = VerifierKey(
    verifier=replace(TERMINAL, verifier_id="0123456789abcdef"), secrets=(), organizer=ALICE,
    suite=None, tier="high", created_at=NOW, created_by=ALICE, expires_at=NOW + 60,
)  # fmt: skip
TEXT = key_text("0123456789abcdef", "A" * 43)


@pytest.fixture
def client() -> Any:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client("apigateway", region_name="us-east-1", **keys)


def outcome(client: Any, code: str, status: int) -> str:
    usage = UsageKeys(client, {"standard": "plan-s", "high": "plan-h"}, by_header=False)
    with Stubber(client) as stub:
        stub.add_client_error("create_api_key", code, http_status_code=status)
        try:
            usage.add(KEY, TEXT)
        except OnlineTicketError as error:
            return error.code
    return "ok"


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("LimitExceededException", 429, "TOO_MANY_VERIFIERS"),
        ("TooManyRequestsException", 429, "GATEWAY_UNAVAILABLE"),
        ("ServiceUnavailableException", 503, "GATEWAY_UNAVAILABLE"),
    ],
)
def test_a_full_account_and_a_busy_gateway_are_told_apart(
    client: Any, code: str, status: int, expected: str
) -> None:
    assert outcome(client, code, status) == expected


def test_what_is_our_own_fault_is_no_outage(client: Any) -> None:
    with pytest.raises(client.exceptions.ClientError):
        outcome(client, "AccessDeniedException", 403)


@pytest.mark.parametrize(
    ("by_header", "value"), [(False, usage_key("0123456789abcdef")), (True, TEXT)]
)
def test_the_gateway_in_the_cloud_never_learns_a_terminals_key(
    client: Any, by_header: bool, value: str
) -> None:
    usage = UsageKeys(client, {"standard": "plan-s", "high": "plan-h"}, by_header)
    with Stubber(client) as stub:
        stub.add_response(
            "create_api_key",
            {"id": "key-1"},
            {"name": "otv-0123456789abcdef", "value": value, "enabled": True},
        )
        stub.add_response(
            "create_usage_plan_key",
            {},
            {"usagePlanId": "plan-h", "keyId": "key-1", "keyType": "API_KEY"},
        )
        usage.add(KEY, TEXT)
        stub.assert_no_pending_responses()


def test_a_key_that_somebody_else_has_removed_is_removed(client: Any) -> None:
    with Stubber(client) as stub:
        stub.add_response(
            "get_api_keys", {"items": [{"id": "1"}, {"id": "2"}]}, {"nameQuery": "otv-0"}
        )
        stub.add_client_error("delete_api_key", "NotFoundException", http_status_code=404)
        stub.add_response("delete_api_key", {}, {"apiKey": "2"})
        UsageKeys(client, {}, by_header=False).remove("0")
        stub.assert_no_pending_responses()
