"""The rotation of a key ring: the function's handler on Secrets Manager (moto)."""

import json
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import boto3
import pytest

from functions.rotate.handler import lambda_handler
from onlineticket import resources, settings
from onlineticket.domain import keyring, qr
from onlineticket.domain.errors import Invalid
from tests import at_the_door

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")


def step(name: str, version: str) -> None:
    context: Any = SimpleNamespace(
        function_name="rotate", memory_limit_in_mb=1, invoked_function_arn="", aws_request_id=""
    )
    event = {
        "Step": name,
        "SecretId": settings.required("JWT_SECRET_ARN"),
        "ClientRequestToken": version,
    }
    lambda_handler(event, context)


def value() -> dict[str, str]:
    client = boto3.client("secretsmanager")
    name = settings.required("JWT_SECRET_ARN")
    found = client.get_secret_value(SecretId=name, VersionStage="AWSCURRENT")
    return dict(json.loads(found["SecretString"]))


@pytest.mark.usefixtures("secrets")
def test_a_rotation_makes_the_current_key_the_previous_one() -> None:
    before = value()
    version = str(uuid4())
    for name in STEPS[:3]:
        step(name, version)
        assert value() == before
    step(STEPS[3], version)
    after = value()
    assert (after["id"], after["previous_id"]) == ("2", before["id"])
    assert after["previous_secret"] == before["secret"]
    assert len(after["secret"]) == 64
    ring = resources.key_ring("JWT_SECRET_ARN")
    assert ring.current_id == "1"  # until every process has read it
    assert set(ring.keys) == {"1", "2"}


@pytest.mark.usefixtures("secrets")
def test_a_step_that_is_repeated_changes_nothing_more() -> None:
    version = str(uuid4())
    for name in STEPS:
        step(name, version)
        step(name, version)
    assert value()["id"] == "2"
    again = str(uuid4())
    for name in STEPS:
        step(name, again)
    assert (value()["id"], value()["previous_id"]) == ("3", "2")


@pytest.mark.usefixtures("secrets")
def test_a_secret_that_is_no_key_ring_is_left_alone() -> None:
    client = boto3.client("secretsmanager")
    client.put_secret_value(
        SecretId=settings.required("JWT_SECRET_ARN"), SecretString='{"id": "x", "secret": "y"}'
    )
    with pytest.raises(ValueError, match="invalid literal"):
        step("createSecret", str(uuid4()))
    with pytest.raises(ValueError, match="key ring"):
        step("testSecret", str(uuid4()))
    assert value() == {"id": "x", "secret": "y"}


@pytest.mark.usefixtures("secrets")
def test_an_unknown_step_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        step("dropSecret", str(uuid4()))
    assert refused.value.code == "ROTATION_STEP_UNKNOWN"


@pytest.mark.usefixtures("secrets")
def test_no_key_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    version = str(uuid4())
    for name in STEPS:
        step(name, version)
    for secret in (value()["secret"], value()["previous_secret"]):
        assert secret not in caplog.text
        assert keyring.from_secret({"id": "1", "secret": secret}).current.hex() not in caplog.text


@pytest.mark.usefixtures("secrets")
def test_a_code_of_a_key_not_read_yet_is_genuine_and_not_forged() -> None:
    name = settings.required("QR_SECRET_ARN")
    ring = resources.key_ring("QR_SECRET_ARN")
    assert ring.current_id == "1"
    client = boto3.client("secretsmanager")
    found = client.get_secret_value(SecretId=name, VersionStage="AWSCURRENT")
    rotated = keyring.rotated(json.loads(found["SecretString"]), "n" * 64, 0)
    client.put_secret_value(SecretId=name, SecretString=json.dumps(rotated))
    elsewhere = keyring.from_secret(rotated)
    text = qr.base45(qr.encode(at_the_door.CODE, elsewhere, at_the_door.SUITE))
    assert qr.decode(text, ring, at_the_door.SUITE) == at_the_door.CODE
