"""A stage for organizers: events of two of them in Postgres, authorized on a real EventManager, and
an AWS that serves calls at the same time, usage plans included.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from time import time
from typing import Any
from uuid import uuid4

import pytest

from functions.organizer.handler import lambda_handler as organizer
from functions.verifier_auth.handler import lambda_handler as authorizer
from infra.local.blocks import call, mine
from infra.local.wallets import ARIA, BO, PLATFORM
from onlineticket import resources
from onlineticket.chain.rpc import Node
from onlineticket.domain.errors import Unauthorized
from onlineticket.domain.suite import Suite
from onlineticket.domain.types import WalletAddress
from onlineticket.domain.verifier_key import TIERS
from onlineticket.store import registry
from tests.door_rows import CONTEXT, authorizer_event, send

OWNER, ORGANIZER, RIVAL = (WalletAddress(each.address) for each in (PLATFORM, ARIA, BO))
EVENTS = {"7": ORGANIZER, "8": ORGANIZER, "9": RIVAL}
"""Whose events."""

WANTED: dict[str, Any] = {
    "name": "North", "events": ["7"], "gates": ["N1"], "scopes": ["scan"], "cidrs": [],
}  # fmt: skip


def authorize(suite: Suite, *wallets: WalletAddress, yes: bool = True) -> None:
    signature = "authorizeOrganizer(address,bool)"
    calls = [call(OWNER, suite.event_manager, signature, wallet, yes) for wallet in wallets]
    mine(Node(resources.rpc_url()), calls)


def insert_events(conn: Any, suite: Suite) -> None:
    suite_id = registry.register(conn, suite)
    now = datetime.fromtimestamp(time(), UTC)
    for event_id, wallet in EVENTS.items():
        row = {
            "suite_id": suite_id, "event_id": int(event_id), "organizer": wallet, "name": "夜曲",
            "start_time": now, "end_time": now, "status": "onsale", "approved": True,
            "revenue_token": 0, "revenue_eth": 0, "created_block": 1, "created_at": now,
            "updated_block": 1, "status_logged": True, "approval_logged": True,
        }  # fmt: skip
        names, holes = ", ".join(row), ", ".join(f"%({name})s" for name in row)
        conn.execute(f"INSERT INTO events ({names}) VALUES ({holes})".encode(), row)


def open_office(conn: Any, suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows, the authorizations, the function's environment and a usage plan for each tier."""
    import boto3

    insert_events(conn, suite)
    authorize(suite, ORGANIZER, RIVAL)
    plans = {
        tier: boto3.client("apigateway").create_usage_plan(name=f"{tier}-{uuid4().hex[:8]}")["id"]
        for tier in TIERS
    }
    name = f"/test/{uuid4().hex}/usage-plans"
    boto3.client("ssm").put_parameter(Name=name, Value=json.dumps(plans), Type="String")
    monkeypatch.setenv("STAGE", "test")
    monkeypatch.setenv("USAGE_PLANS_PARAMETER", name)
    monkeypatch.setenv("GATEWAY_COUNTS_BY_HEADER", "false")


@dataclass(frozen=True, slots=True)
class Office:
    """Calls of the organizer function by a signed-in wallet: (status, body)."""

    by: WalletAddress | None = ORGANIZER

    def create(self, **changes: Any) -> tuple[int, dict[str, Any]]:
        return self.ask("POST", "/verifiers", WANTED | changes)

    def made(self, **changes: Any) -> tuple[str, str]:
        """(verifier id, key) of a new one."""
        status, body = self.create(**changes)
        assert status == 201, body
        return body["verifier"]["verifier_id"], body["key"]

    def show(self, verifier_id: str) -> tuple[int, dict[str, Any]]:
        return self.ask("GET", f"/verifiers/{verifier_id}")

    def change(self, verifier_id: str, **changes: Any) -> tuple[int, dict[str, Any]]:
        return self.ask("PATCH", f"/verifiers/{verifier_id}", changes)

    def rotate(self, verifier_id: str, overlap: int = 900) -> tuple[int, dict[str, Any]]:
        return self.ask("POST", f"/verifiers/{verifier_id}/rotate", {"overlap_seconds": overlap})

    def revoke(self, verifier_id: str) -> tuple[int, dict[str, Any]]:
        return self.ask("DELETE", f"/verifiers/{verifier_id}")

    def list(self, **query: str) -> tuple[int, dict[str, Any]]:
        status, body, _ = send(organizer, "GET", "/verifiers", wallet=self.by, query=query)
        return status, body

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        status, answer, _ = send(
            organizer, method, path, body, wallet=self.by, source="192.0.2.7"
        )  # fmt: skip
        return status, answer


def opened(*keys: str | None, **how: Any) -> list[str]:
    """The routes that the authorizer opens for these keys; none if it turns them away."""
    try:
        policy = authorizer(authorizer_event(*keys, **how), CONTEXT)
    except Unauthorized:
        return []
    resources_ = policy["policyDocument"]["Statement"][0]["Resource"]
    return ["/".join(each.split("/")[2:]) for each in resources_]
