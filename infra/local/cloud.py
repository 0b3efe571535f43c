"""A local AWS (ministack), and the very CDK app of `infra` deployed onto it as stage `local`."""

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.local import ports
from infra.local.errors import LocalCloudError
from infra.local.run import ROOT, Run

REGION = "us-east-1"
ACCOUNT = "000000000000"
_KEYS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
}
_QUIET_CLI = {"CDK_DISABLE_CLI_TELEMETRY": "true", "CDK_DISABLE_VERSION_CHECK": "1"}
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "SSL_CERT_FILE", "PIP_CERT", "PIP_INDEX_URL")
"""No more than this of our own environment: functions inherit all that ministack has."""


def start(run: Run) -> str:
    """Start an empty AWS and return its endpoint."""
    port = ports.pick("GATEWAY_PORT")
    home = run.folder / "ministack"
    home.mkdir()
    env = _inherited() | _KEYS | {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": ports.HOST,
        "AWS_ENDPOINT_URL": f"http://{ports.HOST}:{port}",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": f"unix://{home}/no-docker.sock",  # it sweeps up containers at its start
        "TMPDIR": str(home),
        "STATE_DIR": str(home / "state"),
        "S3_DATA_DIR": str(home / "s3"),
    }  # fmt: skip
    child = run.start("ministack", [sys.executable, "-m", "ministack"], env=env, cwd=home)
    endpoint = env["AWS_ENDPOINT_URL"]
    run.wait_until("ministack", lambda: _answers(endpoint), seconds=60, child=child)
    return endpoint


def bootstrap(run: Run, endpoint: str) -> None:
    """What CDK needs in an account before its first deploy."""
    cwd = run.folder / "bootstrap"  # away from cdk.json, or the CLI would synthesise the app first
    cwd.mkdir()
    command = [str(_cdk()), "bootstrap", f"aws://{ACCOUNT}/{REGION}", "--no-notices"]
    run.run("cdk-bootstrap", command, env=_cli_environment(endpoint), cwd=cwd)


def synthesise(run: Run, db_url: str, rpc_url: str, contracts_file: Path) -> Path:
    """Write the templates and assets of stage `local`; returns their folder."""
    assembly = run.folder / "cdk.out"
    env = {
        "LOCAL_DB_URL": db_url,
        "LOCAL_RPC_URL": rpc_url,
        "CONTRACTS_FILE": str(contracts_file),
    }
    command = [str(_cdk()), "synth", "--quiet", "--no-notices", "--context", "stage=local"]
    command += ["--app", f"{sys.executable} -m infra.app", "--output", str(assembly)]
    run.run("cdk-synth", command, env={**os.environ, **_QUIET_CLI, **env})
    return assembly


def deploy(run: Run, endpoint: str, assembly: Path) -> dict[str, str]:
    """Deploy every stack of the assembly and return the outputs of all of them."""
    outputs = run.folder / "outputs.json"
    command = [str(_cdk()), "deploy", "--all", "--app", str(assembly), "--no-notices"]
    command += ["--require-approval", "never", "--concurrency", "2"]
    command += ["--outputs-file", str(outputs)]
    run.run("cdk-deploy", command, env=_cli_environment(endpoint), cwd=run.folder)
    found = {}
    for stack in json.loads(outputs.read_text()).values():
        found.update(stack)
    return found


def expire_items(endpoint: str) -> None:
    """Turn TTL on, which ministack's CloudFormation leaves off."""
    dynamodb = client("dynamodb", endpoint)
    for table in dynamodb.list_tables()["TableNames"]:
        if "VerifierKeys" in table:
            continue
        specification = {"Enabled": True, "AttributeName": "ttl"}
        dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=specification)


def client(service: str, endpoint: str) -> Any:
    """A boto3 client of the local AWS, whatever the caller's own environment says."""
    import boto3

    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=_KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=_KEYS["AWS_SECRET_ACCESS_KEY"],
    )


def api_url(endpoint: str, outputs: Mapping[str, str]) -> str:
    """Where the REST API answers, `/v1` included."""
    return f"{endpoint}/_aws/execute-api/{outputs['ApiId']}/{outputs['ApiStage']}/v1"


def _cdk() -> Path:
    program = ROOT / "node_modules" / ".bin" / "cdk"
    if not program.exists():
        raise LocalCloudError(f"The CDK CLI is not installed ({program} is missing): run `npm ci`.")
    return program


def _cli_environment(endpoint: str) -> dict[str, str]:
    return _inherited() | _KEYS | _QUIET_CLI | {"AWS_ENDPOINT_URL": endpoint}


def _inherited() -> dict[str, str]:
    return {name: os.environ[name] for name in _INHERITED if name in os.environ}


def _answers(endpoint: str) -> bool:
    try:
        with urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False
