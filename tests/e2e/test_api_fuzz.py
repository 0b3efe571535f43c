"""Schemathesis over every operation of the deployed stack, with every check that it has.

`make test` spends a few hundred cases, `make test-api-fuzz` several thousand: no 5xx, no answer
outside its schema, no status that is not documented, nothing accepted that the document forbids.
"""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from infra.local import cloud, demo
from infra.local.api import Api
from infra.local.demo import Played
from infra.local.run import ROOT
from infra.local.wallets import ARIA
from onlineticket.domain import suite
from onlineticket.domain.keyring import from_secret
from onlineticket.dynamo import verifier_keys
from onlineticket.store import database

pytestmark = pytest.mark.slow

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
EXAMPLES, LEAST = (60, 4_000) if LONG else (3, 150)
PHASES = "examples,coverage,fuzzing" if LONG else "examples,fuzzing"

SHAPE = {"BAD_REQUEST", "MALFORMED_JSON", "UNKNOWN_PARAMETER"}
"""What a 400 says of a request that its schema forbids. Any other speaks of a rule that no schema
can state, so a request that its schema allows may meet it.
"""


def test_no_request_gets_an_answer_that_is_not_documented(
    api: Api, played: Played, tmp_path: Path
) -> None:
    document = api.expect(200, api.get("/openapi.json"))
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    (tmp_path / "schemathesis.toml").write_text(_config(api, played, document))
    command = [str(Path(sys.executable).with_name("st")), "--config-file", "schemathesis.toml"]
    command += ["run", "openapi.json", "--checks", "all", "--phases", PHASES, "--no-color"]
    command += ["--max-examples", str(EXAMPLES), "--continue-on-failure", "--seed", "20260601"]
    environment = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": "tests.e2e.fuzz_hooks",
        "PYTHONPATH": str(ROOT),
        "FUZZ_IDS": json.dumps(_ids(played)),
    }
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    print(done.stdout[-600:])
    generated = re.search(r"([0-9]+) generated", done.stdout)
    assert generated is not None
    assert int(generated[1]) >= LEAST


def _config(api: Api, played: Played, document: Any) -> str:
    """An organizer who is also an admin, and a terminal that may do everything."""
    with database.connect(played.stack.db_url) as conn:
        demo.sign_in(api, ARIA.key, demo.chain_id(played.stack))
        conn.execute("UPDATE users SET role = 'admin' WHERE wallet = %s", [ARIA.address])
    token = demo.sign_in(api, ARIA.key, demo.chain_id(played.stack))
    return _toml(played.stack.api_url, token, _terminal(played), document)


def _toml(url: str, token: str, key: str, document: Any) -> str:
    taken = ["2xx", "3xx", "401", "403", "404", "409", "422", "429"]
    lines = [
        f'base-url = "{url}"',
        "[generation]",
        "allow-x00 = false",  # the one text that no schema forbids and no database keeps
        "[auth.openapi.wallet]",
        f'bearer = "{token}"',
        "[auth.openapi.terminal]",
        f'api_key = "{key}"',
        "[checks.positive_data_acceptance]",
        f"expected-statuses = {json.dumps(taken)}",
    ]
    for path, item in document["paths"].items():
        for method, operation in item.items():
            examples = operation["responses"]["400"]["content"]["application/json"]["examples"]
            if not set(examples) <= SHAPE:
                lines += [
                    "[[operations]]",
                    f'include-name = "{method.upper()} {path}"',
                    "[operations.checks.positive_data_acceptance]",
                    f"expected-statuses = {json.dumps([*taken, '400'])}",
                ]
    return "\n".join(lines)


def _terminal(played: Played) -> str:
    stack, now = played.stack, int(time.time())
    secrets = cloud.client("secretsmanager", stack.aws_url)
    pepper = secrets.get_secret_value(SecretId=stack.pepper_secret)["SecretString"]
    return verifier_keys.create(
        cloud.client("dynamodb", stack.aws_url),
        stack.verifier_keys_table,
        from_secret(json.loads(pepper)),
        name="Fuzz",
        events={"*"},
        gates={"*"},
        scopes={"scan", "undo", "manifest"},
        now=now,
        expires_at=now + 86_400,
    )


def _ids(played: Played) -> dict[str, list[str]]:
    season = played.season
    return {
        "token_id": [str(token_id) for token_id in season.token_ids],
        "event_id": [str(event_id) for event_id in season.event_ids],
        "listing_id": [str(listing_id) for listing_id in season.listing_ids],
        "address": [season.holder],
        "platform_token": [suite.parse(played.stack.contracts).platform_token],
    }
