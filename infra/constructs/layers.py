"""The four layers: our package, its light dependencies, the chain ones, the ABIs. No Docker.

pip unpacks wheels built for the target platform; what it fetched is kept under `.local/layers`,
zipped, so that neither a second synth nor a second deploy does the work again.
"""

import platform
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import jsii
from aws_cdk import AssetHashType, BundlingOptions, BundlingOutput, DockerImage, ILocalBundling
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".local" / "layers"
NOT_CODE = ["**/__pycache__", "**/*.pyc"]

RUNTIME = lambda_.Runtime.PYTHON_3_13
LAMBDA_WHEELS = (
    # Lambda's Python 3.13 runs on glibc 2.34; psycopg-binary has no wheel for less than 2.28.
    "--platform=manylinux_2_28_aarch64",
    "--platform=manylinux2014_aarch64",
    "--implementation=cp",
    "--python-version=3.13",
)
HOST_WHEELS: tuple[str, ...] = ()
"""The platform and Python of this process, which also run the functions of stage local."""


class Layers(Construct):
    def __init__(self, scope: Construct, id_: str, *, in_cloud: bool) -> None:
        super().__init__(scope, id_)
        self.architecture = lambda_.Architecture.ARM_64 if in_cloud else _host_architecture()
        wheels = LAMBDA_WHEELS if in_cloud else HOST_WHEELS
        self.shared = self._layer("Shared", _folder("layers/shared"))
        self.deps = self._layer("Deps", _wheels("layers/deps", wheels))
        self.chain = self._layer("Chain", _wheels("layers/chain", wheels))
        self.abis = self._layer("Abis", _folder("abis"))

    def _layer(self, id_: str, code: lambda_.Code) -> lambda_.LayerVersion:
        return lambda_.LayerVersion(
            self,
            id_,
            code=code,
            compatible_runtimes=[RUNTIME],
            compatible_architectures=[self.architecture],
        )


@jsii.implements(ILocalBundling)
class PipInstall:
    """Writes `layer.zip` with everything in `requirements`, as wheels for one platform.

    `--no-deps`: the files are complete resolutions (infra/lock.py), and chain/requirements.txt
    leaves out what the deps layer already brings.
    """

    def __init__(self, requirements: Path, wheels: tuple[str, ...], cache: Path = CACHE) -> None:
        self._requirements = requirements
        self._wheels = wheels
        self._cache = cache

    @property
    def hash(self) -> str:
        """Changes with the pins, the platform, and how we pack."""
        host = (
            () if self._wheels else (sys.platform, platform.machine(), sys.implementation.cache_tag)
        )
        parts = [self._requirements.read_bytes(), repr((self._wheels, host)).encode()]
        parts.append(Path(__file__).read_bytes())
        return sha256(b"".join(parts)).hexdigest()

    def try_bundle(self, output_dir: str, *_: Any, **__: Any) -> bool:
        cached = self._cache / f"{self.hash}.zip"
        if not cached.exists():
            self._install(cached)
        copyfile(cached, Path(output_dir, "layer.zip"))
        return True

    def _install(self, archive: Path) -> None:
        self._cache.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=self._cache) as scratch:
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            pip += ["--require-hashes", "--no-deps", "--only-binary=:all:", "--no-compile"]
            pip += [*self._wheels, f"--target={scratch}/python", f"-r{self._requirements}"]
            subprocess.run(pip, check=True)
            packed = Path(scratch, "layer.zip")
            zip_folder(Path(scratch), "python", packed)
            packed.rename(archive)  # last, so that a half-written archive is never found


def _wheels(folder: str, wheels: tuple[str, ...]) -> lambda_.Code:
    install = PipInstall(ROOT / folder / "requirements.txt", wheels)
    return lambda_.Code.from_asset(
        str(ROOT / folder),
        asset_hash_type=AssetHashType.CUSTOM,
        asset_hash=install.hash,
        bundling=BundlingOptions(
            image=DockerImage.from_registry("unused"),
            local=install,
            output_type=BundlingOutput.ARCHIVED,
        ),
    )


def _folder(folder: str) -> lambda_.Code:
    return lambda_.Code.from_asset(str(ROOT / folder), exclude=NOT_CODE)


def zip_folder(base: Path, folder: str, archive: Path) -> None:
    """The same bytes for the same files: sorted, and dated 1980."""
    with ZipFile(archive, "w", ZIP_DEFLATED, compresslevel=6) as zipped:
        for path in sorted(base.joinpath(folder).rglob("*")):
            if path.is_file():
                entry = ZipInfo(str(path.relative_to(base)))
                entry.external_attr = 0o755 << 16
                zipped.writestr(entry, path.read_bytes(), ZIP_DEFLATED)


def _host_architecture() -> lambda_.Architecture:
    on_arm = platform.machine() in ("arm64", "aarch64")
    return lambda_.Architecture.ARM_64 if on_arm else lambda_.Architecture.X86_64
