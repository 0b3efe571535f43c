"""`make lock`: pyproject's direct dependencies, resolved into four requirements files with hashes.

One resolution serves all four, so a package has one version everywhere; each file names only what
the files before it do not, so that the layers do not carry a package twice.
"""

import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

TARGETS = [
    ("layers/deps/requirements.txt", []),
    ("layers/chain/requirements.txt", ["chain"]),
    ("infra/requirements.txt", ["infra"]),
    ("tests/requirements.txt", ["tests"]),
]
HEADER = "# Written by `make lock` from pyproject.toml; do not edit.\n"


def main() -> None:
    with TemporaryDirectory() as folder:
        everything = Path(folder, "all.txt")
        compile_into(everything, [extra for _, extras in TARGETS for extra in extras], [])
        seen: set[str] = set()
        for path, extras in TARGETS:
            resolved = Path(folder, "one.txt")
            resolved.unlink(missing_ok=True)
            options = [f"--constraint={everything}"]
            options += [f"--no-emit-package={name}" for name in sorted(seen)]
            compile_into(resolved, extras, options)
            text = resolved.read_text()
            Path(path).write_text(HEADER + text)
            seen |= set(re.findall(r"^([A-Za-z0-9._-]+)==", text, re.MULTILINE))


def compile_into(path: Path, extras: list[str], options: list[str]) -> None:
    command = ["uv", "pip", "compile", "--quiet", "--universal", "--python-version=3.11"]
    command += ["--generate-hashes", "--no-annotate", "--no-header"]
    command += ["--no-emit-index-url", "--no-emit-find-links", f"--python={sys.executable}"]
    command += [*(f"--extra={extra}" for extra in extras), *options]
    subprocess.run([*command, f"--output-file={path}", "pyproject.toml"], check=True)


if __name__ == "__main__":
    main()
