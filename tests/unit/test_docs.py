"""What GET /openapi.json and GET /docs answer, and what unknown paths and methods get."""

import json
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from infra.routes import ROUTES
from onlineticket.api.codes import CODES
from onlineticket.api.http import Handler
from tests.deployed_docs import ask, deploy


@pytest.fixture(scope="module")
def handler(tmp_path_factory: pytest.TempPathFactory) -> Handler:
    return deploy(tmp_path_factory.mktemp("docs"))


@pytest.mark.parametrize("stage", ["", "/prod", "/_aws/execute-api/onlineticket/local"])
def test_the_document_names_the_server_that_it_came_from(handler: Handler, stage: str) -> None:
    status, body, headers = ask(handler, "/openapi.json", stage=stage)
    assert status == 200
    assert headers["Content-Type"][0].startswith("application/json")
    assert json.loads(body)["servers"] == [{"url": f"{stage}/v1"}]
    assert len(json.loads(body)["paths"]) == len({route.path for route in ROUTES})


def test_what_a_browser_has_is_not_sent_again(handler: Handler) -> None:
    for path in ("/openapi.json", "/docs"):
        tag = ask(handler, path)[2]["ETag"][0]
        status, body, _ = ask(handler, path, **{"If-None-Match": f'"other", {tag}'})
        assert (status, body) == (304, "")
        assert ask(handler, path, **{"If-None-Match": '"other"'})[0] == 200


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: set[str] = set()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name == "id":
                self.ids.append(str(value))
            elif name in ("href", "src"):
                self.links.add(str(value))


def test_the_page_fetches_nothing_and_runs_nothing(handler: Handler) -> None:
    status, body, headers = ask(handler, "/docs")
    assert status == 200
    assert headers["Content-Type"][0].startswith("text/html")
    page = Page(body)
    assert not page.tags & {"script", "link", "img", "iframe", "object", "form"}
    assert not {name for name in page.attributes if name.startswith("on") or name == "style"}
    assert {link for link in page.links if not link.startswith("#")} == {"openapi.json"}
    style = body.split("<style>")[1].split("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    policy = headers["Content-Security-Policy"][0]
    assert policy.startswith("default-src 'none';")
    assert b64encode(sha256(style.encode()).digest()).decode() in policy
    assert "unsafe" not in policy


def test_every_link_of_the_page_leads_somewhere(handler: Handler) -> None:
    page = Page(ask(handler, "/docs")[1])
    assert len(set(page.ids)) == len(page.ids)
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)


def test_the_page_shows_every_route_and_every_code_in_both_languages(handler: Handler) -> None:
    body = ask(handler, "/docs")[1]
    for route in ROUTES:
        assert f"<code>{route.path}</code>" in body
    for code, entry in CODES.items():
        if entry.status is not None:
            assert f"<code>{code}</code>" in body
            assert entry.zh in body


@pytest.mark.parametrize("path", ["/nowhere", "/events/1/2/3", "/EVENTS", "/"])
def test_an_unknown_path_is_a_404_in_the_callers_language(handler: Handler, path: str) -> None:
    status, body, _ = ask(handler, path, **{"Accept-Language": "zh-CN"})
    answer = json.loads(body)
    assert (status, answer["error_code"]) == (404, "NO_SUCH_ROUTE")
    assert answer["message"] == "没有这个接口。"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/events/7/tickets/types", "GET, HEAD, OPTIONS"),
        ("DELETE", "/auth/siwe/verify", "OPTIONS, POST"),
        ("PUT", "/docs", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_method_that_a_path_does_not_take_is_a_405_with_those_it_takes(
    handler: Handler, method: str, path: str, allowed: str
) -> None:
    status, body, headers = ask(handler, path, method)
    answer = json.loads(body)
    assert (status, answer["error_code"]) == (405, "METHOD_NOT_ALLOWED")
    assert headers["Allow"] == [allowed]
    assert answer["details"] == {"allow": allowed.split(", ")}
