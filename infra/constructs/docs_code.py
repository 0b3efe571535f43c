"""The code of the function `docs`: its handler, and the description of the API made from the rest.

Made at synth, because in its Lambda the other functions' handlers are not there to be asked.
"""

import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from shutil import copyfile, copytree
from typing import Any

import jsii
from aws_cdk import AssetHashType, BundlingOptions, BundlingOutput, DockerImage, ILocalBundling
from aws_cdk import aws_lambda as lambda_

from infra.constructs.layers import ROOT

FOLDER = ROOT / "functions" / "docs"
CACHE = ROOT / ".local" / "docs"
SOURCES = ("functions", "infra", "layers/shared/python", "layers/deps", "layers/chain")


def docs_code() -> lambda_.Code:
    describe = _Describe()
    return lambda_.Code.from_asset(
        str(FOLDER),
        asset_hash_type=AssetHashType.CUSTOM,
        asset_hash=describe.hash,
        bundling=BundlingOptions(
            image=DockerImage.from_registry("unused"),
            local=describe,
            output_type=BundlingOutput.NOT_ARCHIVED,
        ),
    )


@jsii.implements(ILocalBundling)
class _Describe:
    """In a process of its own: a handler's import is nothing that a synth should remember."""

    @property
    def hash(self) -> str:
        """Changes with anything that the description could come from."""
        digest = sha256()
        for folder in SOURCES:
            for path in sorted((ROOT / folder).rglob("*")):
                if path.suffix in (".py", ".txt") and path.is_file():
                    digest.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
        return digest.hexdigest()

    def try_bundle(self, output_dir: str, *_: Any, **__: Any) -> bool:
        made = CACHE / self.hash
        if not made.exists():
            scratch = CACHE / f"{self.hash}.{sha256(output_dir.encode()).hexdigest()[:8]}"
            command = [sys.executable, "-m", "infra.openapi", str(scratch)]
            subprocess.run(command, cwd=ROOT, check=True)
            _put(scratch, made)
        copytree(made, output_dir, dirs_exist_ok=True)
        copyfile(FOLDER / "handler.py", Path(output_dir, "handler.py"))
        return True


def _put(scratch: Path, made: Path) -> None:
    """Last, so that a half-written folder is never found; another synth may have been faster."""
    try:
        scratch.rename(made)
    except OSError:
        if not made.exists():
            raise
