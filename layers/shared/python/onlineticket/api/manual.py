"""The API's description as it is served: made at the deploy, told here where it was asked."""

import json
import re
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from aws_lambda_powertools.event_handler import Response

from onlineticket.api import http

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler import APIGatewayRestResolver

DOCUMENT, PAGE = "openapi.json", "docs.html"
KEPT_SECONDS = 300

_POLICY = (
    "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_STYLE = re.compile("<style>(.*?)</style>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Manual:
    """`text` is the document, made for a server at `/v1`; `routes` its methods by path pattern."""

    text: str
    page: str
    routes: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]

    def document(self, app: "APIGatewayRestResolver") -> str:
        """For a client that takes it from here: its server is where it was asked."""
        stage_path = app.current_event.raw_event["requestContext"].get("path") or ""
        base = stage_path.removesuffix(f"/{DOCUMENT}")
        if base == stage_path or base == http.PREFIX:
            return self.text
        server = {"url": http.PREFIX}, {"url": base}
        ours, theirs = (f'"servers": [{json.dumps(each)}]' for each in server)
        return self.text.replace(ours, theirs, 1)

    def methods_of(self, path: str) -> tuple[str, ...]:
        """What `path` takes; nothing if there is no such route."""
        found = {m for pattern, methods in self.routes if pattern.fullmatch(path) for m in methods}
        return tuple(sorted(found))


def read(folder: Path) -> Manual:
    text = (folder / DOCUMENT).read_text()
    return Manual(
        text,
        (folder / PAGE).read_text(),
        tuple(
            (re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))), _methods(item))
            for path, item in json.loads(text)["paths"].items()
        ),
    )


def answer(app: "APIGatewayRestResolver", content_type: str, body: str) -> Response[str]:
    tag = f'W/"{sha256(body.encode()).hexdigest()[:32]}"'
    headers: dict[str, str | list[str]] = {
        "Cache-Control": f"public, max-age={KEPT_SECONDS}",
        "ETag": tag,
        "X-Content-Type-Options": "nosniff",
    }
    if (style := _STYLE.search(body)) and content_type.startswith("text/html"):
        headers["Content-Security-Policy"] = _POLICY.format(style=_digest(style[1]))
    if tag in (app.current_event.headers.get("if-none-match") or ""):
        return Response(HTTPStatus.NOT_MODIFIED.value, headers=headers, body="")
    return Response(HTTPStatus.OK.value, f"{content_type}; charset=utf-8", body, headers)


def refuse(app: "APIGatewayRestResolver", allowed: tuple[str, ...]) -> Response[str]:
    if not allowed:
        return http.answer(app, "NO_SUCH_ROUTE", {})
    return http.answer(app, "METHOD_NOT_ALLOWED", {"allow": list(allowed)})


def _methods(item: dict[str, object]) -> tuple[str, ...]:
    methods = {"OPTIONS", *(method.upper() for method in item)}
    return tuple(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


def _digest(text: str) -> str:
    from base64 import b64encode

    return b64encode(sha256(text.encode()).digest()).decode()
