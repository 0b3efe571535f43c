"""Install what the project needs, once per content of the lock files: `.venv` and `node_modules`.

Run by the Makefile with whatever Python it found, before anything is installed: standard library
only. `python bootstrap.py run` is enough to run; `… tests` adds the tests' own packages.
"""

import hashlib
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
RUN = ("layers/deps", "layers/chain", "infra")
NODE_MAJOR = 20


def main() -> int:
    try:
        check_node()
        with_tests = sys.argv[1:] == ["tests"]
        install_python("run", RUN)
        if with_tests:
            install_python("tests", ("tests",))
        install_node()
    except Failed as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


class Failed(Exception):
    """The message is one sentence for the person who typed `make`."""


def check_node() -> None:
    wanted = f"Node {NODE_MAJOR} or newer is needed (for the CDK command line, anvil and solc)"
    node = shutil.which("node")
    if node is None:
        raise Failed(f"{wanted}, and there is no `node` on the PATH.")
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"v(\d+)\.", answer.stdout)
    if found is None or int(found[1]) < NODE_MAJOR:
        version = answer.stdout.strip() or "one that does not run"
        raise Failed(f"{wanted}, and `{node}` is {version}.")
    if shutil.which("npm") is None:
        raise Failed(f"{wanted} together with npm, and there is no `npm` on the PATH.")


def install_python(what: str, folders: tuple[str, ...]) -> None:
    """Create the virtual environment if it does not work, then install the folders' lock files."""
    python = VENV / "bin" / "python"
    if not works(python):
        shutil.rmtree(VENV, ignore_errors=True)
        announce(f"Creating .venv with Python {sys.version.split()[0]}")
        made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=False)
        if made.returncode != 0 or not works(python):
            raise Failed(
                f"{sys.executable} could not create a virtual environment (on Debian and Ubuntu: "
                "apt-get install python3-venv)."
            )
    locks = [f"{folder}/requirements.txt" for folder in folders]
    stamp = Stamp(VENV / f".installed-{what}", locks)
    if stamp.is_current():
        return
    announce(f"Installing {', '.join(locks)}")
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    requirements = [word for lock in locks for word in ("-r", lock)]
    run("pip", [*pip, "--no-deps", "--require-hashes", *requirements])
    if what == "run":
        run("pip", [*pip, "--no-deps", "-e", "."])
    stamp.renew()


def install_node() -> None:
    stamp = Stamp(ROOT / "node_modules" / ".installed", ["package.json", "package-lock.json"])
    if stamp.is_current():
        return
    announce("Installing package-lock.json")
    run("npm", ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"])
    stamp.renew()


class Stamp:
    """Remembers the content of the files that led to an installation."""

    def __init__(self, path: Path, files: list[str]) -> None:
        self._path = path
        texts = [(ROOT / name).read_bytes() for name in files]
        self._digest = hashlib.sha256(b"\0".join(texts)).hexdigest()

    def is_current(self) -> bool:
        return self._path.exists() and self._path.read_text() == self._digest

    def renew(self) -> None:
        self._path.write_text(self._digest)


def works(python: Path) -> bool:
    if not python.exists():
        return False
    command = [str(python), "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def run(tool: str, command: list[str]) -> None:
    started = time.monotonic()
    if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
        raise Failed(f"{tool} failed, as it says above; `make` again takes up where it stopped.")
    print(f"  done in {time.monotonic() - started:.0f} s", flush=True)


def announce(what: str) -> None:
    print(what, flush=True)


if __name__ == "__main__":
    sys.exit(main())
