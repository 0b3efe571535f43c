"""Last of this folder: nothing secret is in any log line that the tests before it caused."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from infra.local import cloud
from infra.local.demo import Played
from infra.local.run import Run
from onlineticket.domain import qr, suite
from onlineticket.domain.errors import RuleBroken
from onlineticket.domain.keyring import KeyRing, from_secret
from tests import secrets_in_logs

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lines(played: Played, run: Run) -> list[str]:
    """Of every function, and what the emulator itself wrote."""
    client = cloud.client("logs", played.stack.aws_url)
    own = run.log("ministack").read_text(errors="replace").splitlines()
    return [*_logged(client), *own]


def _logged(client: Any) -> Iterator[str]:
    for page in client.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            name = group["logGroupName"]
            for events in client.get_paginator("filter_log_events").paginate(logGroupName=name):
                yield from (each["message"] for each in events["events"])


def _secrets(played: Played) -> dict[str, dict[str, str]]:
    client = cloud.client("secretsmanager", played.stack.aws_url)
    found = {}
    for secret in client.list_secrets()["SecretList"]:
        value = client.get_secret_value(SecretId=secret["ARN"])["SecretString"]
        found[secret["Name"]] = json.loads(value)
    return found


def test_every_function_that_was_called_has_logged(played: Played, lines: list[str]) -> None:
    services = set()
    for line in lines:
        if line.startswith("{"):
            services.add(json.loads(line).get("service"))
    assert services >= {"auth", "queries", "tickets", "verify", "verifier_auth"}


def test_no_token_key_or_signature_is_in_any_line(played: Played, lines: list[str]) -> None:
    rings = _secrets(played).values()
    texts = [ring[name] for ring in rings for name in ("secret", "previous_secret") if name in ring]
    keys = [key.hex() for ring in rings for key in from_secret(ring).keys.values()]
    assert len(texts) >= 3
    assert list(secrets_in_logs.found(lines, *texts, *keys)) == []


def test_no_qr_code_is_in_any_line(played: Played, lines: list[str]) -> None:
    [ring] = [from_secret(each) for name, each in _secrets(played).items() if "Qr" in name]
    here = suite.parse(played.stack.contracts)
    assert [
        c for line in lines for c in secrets_in_logs.code_like(line) if _is_ours(c, ring, here)
    ] == []


def _is_ours(text: str, ring: KeyRing, here: suite.Suite) -> bool:
    try:
        qr.decode(text, ring, here)
    except RuleBroken:
        return False
    return True
