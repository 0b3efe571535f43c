"""GET /docs in headless Chromium: `make test-browser`. Not collected by name, for not every machine
has a browser; the screenshots stay in .local/browser.
"""

import os
import shutil
import struct
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from infra.local.run import ROOT
from infra.routes import ROUTES
from tests.deployed_docs import ask, deploy

SCREENSHOTS = ROOT / ".local" / "browser"
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
SIZES = {"desktop": (1440, 1600), "phone": (500, 1600), "operation": (1440, 1600)}
"""Chromium's window is no narrower than 500 pixels."""


def browser() -> str:
    """CHROMIUM if set, else the first that is on the PATH."""
    found = [os.environ.get("CHROMIUM"), *map(shutil.which, NAMES)]
    for path in filter(None, found):
        return path
    raise pytest.UsageError(
        "There is no Chromium: set CHROMIUM to its program, or install one "
        "(Debian and Ubuntu: apt-get install chromium)."
    )


@pytest.fixture(scope="module")
def asked() -> list[str]:
    """Every path that the browser asked for."""
    return []


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, asked: list[str]) -> Iterator[str]:
    """The function `docs` as deployed, behind a server that passes on what it answers."""
    handler = deploy(tmp_path_factory.mktemp("docs"))

    class Gateway(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, body, headers = ask(handler, self.path.removeprefix("/v1"))
            self.send_response(status)
            for name, values in headers.items():
                for value in values:
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Nothing: the test's output is the browser's."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1/docs"
    server.shutdown()


def look(url: str, profile: Path, *options: str) -> tuple[str, str]:
    """(standard output, console and other errors)"""
    command = [browser(), "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    command += [f"--user-data-dir={profile}", "--disable-dev-shm-usage", "--no-first-run"]
    command += ["--disable-background-networking", "--disable-component-update"]
    # Whatever the page would fetch from elsewhere is not found.
    command += ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
    command += ["--enable-logging=stderr", "--log-level=0", "--timeout=20000", *options, url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, done.stderr


@pytest.mark.parametrize("view", SIZES)
def test_the_page_is_drawn(url: str, tmp_path: Path, view: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    picture = SCREENSHOTS / f"docs-{view}.png"
    picture.unlink(missing_ok=True)
    width, height = SIZES[view]
    where = f"{url}#show_quote" if view == "operation" else url
    size = f"--window-size={width},{height}"
    _, errors = look(where, tmp_path, f"--screenshot={picture}", size)
    assert "CONSOLE" not in errors
    content = picture.read_bytes()
    assert struct.unpack(">II", content[16:24]) == (width, height)
    assert len(content) > 40_000  # an empty page is a tenth of that


def test_the_page_shows_every_route_and_asks_for_nothing_else(
    url: str, tmp_path: Path, asked: list[str]
) -> None:
    asked.clear()
    page, errors = look(url, tmp_path, "--dump-dom")
    assert "CONSOLE" not in errors  # nothing that its own policy forbids
    for route in ROUTES:
        assert f"<code>{route.path}</code>" in page
    assert set(asked) <= {"/v1/docs", "/favicon.ico"}
    assert "/v1/docs" in asked
