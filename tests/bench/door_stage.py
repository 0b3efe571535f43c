"""What the door is measured on: real Postgres, a DynamoDB emulator in a process of its own, tickets
of one event, fresh codes for them, and requests as API Gateway passes them.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from time import time
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import boto3

from infra.local import cloud, postgres
from infra.local.run import Run
from onlineticket.domain import qr
from onlineticket.domain.keyring import from_secret
from onlineticket.domain.types import TokenId
from onlineticket.domain.verifier import Verifier
from onlineticket.store import database, migrate
from tests.at_the_door import EVENT, SUITE
from tests.door_rows import CONTRACTS, insert_ticket

SECRET = {"id": "1", "secret": "the root key of the bench, 32 characters or more"}
TERMINAL = Verifier(
    "b" * 16, "Bench", frozenset({str(EVENT)}), frozenset({"N1"}), frozenset({"scan"})
)
CONTEXT: Any = SimpleNamespace(
    function_name="verify", memory_limit_in_mb=1769, invoked_function_arn="", aws_request_id="r",
    get_remaining_time_in_millis=lambda: 10_000,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stage:
    """`env` is all that a process needs to be the function."""

    env: dict[str, str]
    tickets: int

    def renew(self) -> None:
        """Nobody has been let in yet: an empty table, no check-ins."""
        client = boto3.client("dynamodb", endpoint_url=self.env["AWS_ENDPOINT_URL"])
        name = f"redemptions-{uuid4().hex[:8]}"
        client.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        )
        self.env["REDEMPTIONS_TABLE"] = name
        with database.connect(self.env["DB_URL"]) as conn:
            conn.execute("TRUNCATE check_ins")


def build(run: Run, tickets: int) -> Stage:
    url = postgres.start(run, durable=True)
    migrate.apply(url)
    endpoint = cloud.start(run)
    env = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": cloud.REGION, "AWS_DEFAULT_REGION": cloud.REGION,
        "AWS_ENDPOINT_URL": endpoint,
        "DB_URL": url, "STAGE": "bench", "CONTRACTS": CONTRACTS,
        "ADMIT_WHEN_DATABASE_IS_DOWN": "true", "POWERTOOLS_SERVICE_NAME": "verify",
        "LOG_LEVEL": "INFO",
    }  # fmt: skip
    os.environ.update(env)
    made = boto3.client("secretsmanager").create_secret(
        Name=f"qr-{uuid4().hex[:8]}", SecretString=json.dumps(SECRET)
    )
    env["QR_SECRET_ARN"] = made["ARN"]
    with database.connect(url) as conn:
        insert_ticket(conn, token_id=1)
        conn.execute(
            """
            INSERT INTO tickets (suite_id, token_id, event_id, owner, holder, transfers, status,
                                 seat_number, category, seat_section, minted_block, minted_at,
                                 escrowed, updated_block)
            SELECT suite_id, n, event_id, owner, holder, transfers, status, n, category,
                   seat_section, minted_block, minted_at, escrowed, updated_block
            FROM tickets, generate_series(2, %s) n
            """,
            [tickets],
        )
        conn.execute("ANALYZE")
    stage = Stage(env, tickets)
    stage.renew()
    return stage


def requests(first: int, count: int) -> Iterator[dict[str, Any]]:
    """A scan of each of `count` tickets from `first` on, with a code made now."""
    keys, now = from_secret(SECRET), int(time())
    for token_id in range(first, first + count):
        code = qr.QrCode(EVENT, TokenId(token_id), 3, now + qr.LIFETIME, os.urandom(8), False)
        yield request(qr.base45(qr.encode(code, keys, SUITE)))


def request(text: str) -> dict[str, Any]:
    body = {"qr": text, "scan_id": str(uuid4()), "gate": "N1"}
    return {
        "httpMethod": "POST", "path": "/v1/verify/scan", "resource": "/v1/verify/scan",
        "headers": {"content-type": "application/json"}, "multiValueHeaders": {},
        "queryStringParameters": None, "multiValueQueryStringParameters": None,
        "requestContext": {
            "requestId": str(uuid4()), "stage": "v1", "identity": {"sourceIp": "192.0.2.1"},
            "authorizer": {"principalId": "x", **TERMINAL.to_context()},
        },
        "isBase64Encoded": False, "body": json.dumps(body),
    }  # fmt: skip
