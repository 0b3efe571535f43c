"""The API's own description, and the answer to every path and method that is not in it."""

from functools import cache
from pathlib import Path
from typing import Any

from aws_lambda_powertools.event_handler import Response, content_types

from onlineticket.api import http, manual
from onlineticket.api.http import http_app, serve
from onlineticket.api.manual import Manual

app = http_app()

JSON: dict[int, Any] = {
    200: {"description": "", "content": {"application/json": {"schema": {"type": "object"}}}}
}
HTML: dict[int, Any] = {
    200: {"description": "", "content": {"text/html": {"schema": {"type": "string"}}}}
}


@app.get("/openapi.json", responses=JSON)
def show_openapi() -> Response[str]:
    """This document: every route, its errors and its examples (OpenAPI 3.1)."""
    return manual.answer(app, content_types.APPLICATION_JSON, _manual().document(app))


@app.get("/docs", responses=HTML)
def show_docs() -> Response[str]:
    """The same as a page for people: self-contained, and without scripts."""
    return manual.answer(app, content_types.TEXT_HTML, _manual().page)


@app.not_found
def unknown(_: Exception) -> Response[str]:
    """API Gateway sends here what no other route takes."""
    allowed = _manual().methods_of(app.current_event.path.removeprefix(http.PREFIX))
    return manual.refuse(app, allowed)


@cache
def _manual() -> Manual:
    """What the deploy wrote beside this file (infra/openapi)."""
    return manual.read(Path(__file__).parent)


lambda_handler = serve(app)
