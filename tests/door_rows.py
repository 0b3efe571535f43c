"""A stage for the door's functions: their environment, a ticket in Postgres, calls as API Gateway
makes them.
"""

import json
from datetime import UTC, datetime
from io import StringIO
from time import time
from types import SimpleNamespace
from typing import Any

import pytest
from aws_lambda_powertools import Logger

from onlineticket.api import session
from onlineticket.domain.session import Session
from onlineticket.domain.types import WalletAddress
from onlineticket.store import registry
from tests.at_the_door import ALICE, EVENT, SUITE, TERMINAL, TOKEN

CONTRACTS = json.dumps(
    {"chain_id": SUITE.chain_id, "from_block": 0, "contracts": dict(SUITE.by_name())}
)


def set_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGE", "test")
    monkeypatch.setenv("CONTRACTS", CONTRACTS)
    monkeypatch.setenv("ADMIT_WHEN_DATABASE_IS_DOWN", "true")


def insert_ticket(conn: Any, **changes: Any) -> int:
    """A valid ticket of ALICE's for an event that starts in an hour; returns the suite's id."""
    suite_id = registry.register(conn, SUITE)
    now = int(time())
    event = {
        "suite_id": suite_id, "event_id": EVENT, "organizer": ALICE, "name": "夜曲",
        "start_time": _at(now + 3600), "end_time": _at(now + 7200), "status": "onsale",
        "approved": True, "revenue_token": 0, "revenue_eth": 0, "created_block": 1,
        "created_at": _at(now), "updated_block": 1, "status_logged": True, "approval_logged": True,
    }  # fmt: skip
    type_ = {
        "suite_id": suite_id, "event_id": EVENT, "type_id": 0, "name": "Stalls", "price": 5,
        "total_supply": 9, "sold": 1, "created_block": 1, "updated_block": 1,
    }  # fmt: skip
    ticket = {
        "suite_id": suite_id, "token_id": TOKEN, "event_id": EVENT, "owner": ALICE,
        "holder": ALICE, "transfers": 3, "status": "valid", "seat_number": 12, "category": 0,
        "seat_section": "B", "minted_block": 1, "minted_at": _at(now), "escrowed": False,
        "updated_block": 1,
    }  # fmt: skip
    for table, row in (("events", event), ("ticket_types", type_), ("tickets", ticket | changes)):
        names, holes = ", ".join(row), ", ".join(f"%({name})s" for name in row)
        insert = f"INSERT INTO {table} ({names}) VALUES ({holes}) ON CONFLICT DO NOTHING"
        conn.execute(insert.encode(), row)
    return suite_id


def listen(monkeypatch: pytest.MonkeyPatch, *loggers: Logger) -> StringIO:
    """Everything that these log from now on."""
    heard = StringIO()
    for logger in loggers:
        monkeypatch.setattr(logger.registered_handler, "stream", heard)
    return heard


def post(
    handler: Any,
    path: str,
    body: Any = None,
    **how: Any,
) -> tuple[int, dict[str, Any], dict[str, Any]]:
    return send(handler, "POST", path, body, **how)


def send(
    handler: Any,
    method: str,
    path: str,
    body: Any = None,
    *,
    wallet: WalletAddress | None = None,
    terminal: dict[str, str] | None = None,
    source: str | None = None,
    more_headers: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
) -> tuple[int, dict[str, Any], dict[str, Any]]:
    """(status, body, headers). `wallet` is signed in; `terminal` is the authorizer's context;
    `source` the address that the gateway saw.
    """
    headers = {"content-type": "application/json"} | (more_headers or {})
    if wallet:
        keys, audience = session.key_ring(), session.audience()
        token = session.mint(
            Session(wallet, "user"), keys=keys, audience=audience, now=int(time())
        )  # fmt: skip
        headers["Authorization"] = f"Bearer {token}"
    request_context: dict[str, Any] = {"requestId": "r-1", "stage": "test"}
    if source is not None:
        request_context["identity"] = {"sourceIp": source}
    if terminal is not None:
        request_context["authorizer"] = {"principalId": "x", **terminal}
    several = {name: [value] for name, value in query.items()} if query else None
    event = {
        "httpMethod": method, "path": f"/v1{path}", "headers": headers, "multiValueHeaders": {},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": several,
        "requestContext": request_context, "isBase64Encoded": False,
        "body": body if body is None or isinstance(body, str) else json.dumps(body),
    }  # fmt: skip
    answer = handler(event, CONTEXT)
    said = answer.get("multiValueHeaders") or {}
    return answer["statusCode"], json.loads(answer["body"]), said


def authorizer_event(
    *keys: str | None,
    header: str = "x-api-key",
    route: str = "POST/v1/verify/scan",
    source: str = "127.0.0.1",
    headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    """What API Gateway sends to the authorizer for a request with these keys."""
    single = dict(headers or {})
    several = {name: [text] for name, text in single.items()}
    sent = [key for key in keys if key is not None]
    if sent:
        single[header], several[header] = sent[-1], sent
    return {
        "type": "REQUEST",
        "methodArn": f"arn:aws:execute-api:us-east-1:000000000000:abc123/test/{route}",
        "headers": single or None,
        "multiValueHeaders": several or None,
        "requestContext": {"identity": {"sourceIp": source}},
    }


def get(
    handler: Any,
    path: str,
    query: dict[str, str] | None = None,
    *,
    terminal: dict[str, str],
    headers: dict[str, str] | None = None,
) -> tuple[int, Any, dict[str, Any]]:
    """(status, body or None, headers), for a terminal."""
    event = {
        "httpMethod": "GET", "path": f"/v1{path}", "headers": headers or {},
        "multiValueHeaders": {}, "queryStringParameters": query,
        "multiValueQueryStringParameters": {name: [value] for name, value in (query or {}).items()},
        "requestContext": {"requestId": "r-1", "stage": "test", "authorizer": terminal},
        "isBase64Encoded": False, "body": None,
    }  # fmt: skip
    answer = handler(event, CONTEXT)
    body = json.loads(answer["body"]) if answer["body"] else None
    return answer["statusCode"], body, answer.get("multiValueHeaders") or {}


CONTEXT: Any = SimpleNamespace(
    function_name="f",
    memory_limit_in_mb=1,
    invoked_function_arn="",
    aws_request_id="",
    get_remaining_time_in_millis=lambda: 10_000,
)
TERMINAL_CONTEXT = TERMINAL.to_context()


def _at(unix_seconds: int) -> datetime:
    return datetime.fromtimestamp(unix_seconds, UTC)
