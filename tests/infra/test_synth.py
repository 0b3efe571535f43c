"""The real command for each stage: wheels and all, without an AWS account and without Docker."""

import json
import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from infra.constructs.layers import ROOT
from infra.stages import STAGES


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_cdk_synth_writes_the_templates_of_a_stage(stage: str, tmp_path: Path) -> None:
    command = [str(ROOT / "node_modules/.bin/cdk"), "synth", "--quiet", "--no-notices"]
    command += ["--app", f"{sys.executable} -m infra.app", "--context", f"stage={stage}"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "CDK_"))}
    # A home without credentials, and no Docker to fall back on.
    environment |= {"HOME": str(tmp_path), "CDK_DOCKER": "/bin/false"}
    done = subprocess.run(
        [*command, "--output", str(tmp_path / "out")],
        cwd=ROOT, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for stack in ("Data", "Service"):
        template = tmp_path / "out" / f"OnlineTicket-{stage}-{stack}.template.json"
        assert json.loads(template.read_text())["Resources"]
    compiled = [
        name
        for archive in (tmp_path / "out").glob("asset.*.zip")
        for name in ZipFile(archive).namelist()
        if name.endswith(".so")
    ]
    assert any("psycopg_binary" in name for name in compiled)
    if STAGES[stage].in_cloud:
        assert not [name for name in compiled if "x86_64" in name]
