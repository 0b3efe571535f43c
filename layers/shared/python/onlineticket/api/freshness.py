"""How fresh an answer is and how long it may be kept: X-Indexed-Block, ETag, Cache-Control, 304.

RFC 9110 §8.8 and §13, RFC 9111. Entity tags are weak: the gateway may compress what we tag.
"""

from collections.abc import Callable
from hashlib import sha256
from http import HTTPStatus

import orjson
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware

from onlineticket.domain.types import BlockNumber

Middleware = Callable[[APIGatewayRestResolver, NextMiddleware], "Response[str | None]"]

_CONTEXT_KEY = "indexed_block"


def as_of(app: APIGatewayRestResolver, block: BlockNumber | None) -> None:
    """Say that the answer shows the chain up to `block`, or later."""
    app.append_context(**{_CONTEXT_KEY: block})


def public(*, max_age_seconds: int) -> Middleware:
    """Anybody may keep the answer so long, then ask whether it changed."""

    def middleware(
        app: APIGatewayRestResolver, next_middleware: NextMiddleware
    ) -> "Response[str | None]":
        response = next_middleware(app)
        response.body = orjson.dumps(response.body).decode()
        tag = f'W/"{sha256(response.body.encode()).hexdigest()[:32]}"'
        response.headers["ETag"] = tag
        response.headers["Cache-Control"] = f"public, max-age={max_age_seconds}"
        block = app.context.get(_CONTEXT_KEY)
        if block is not None:
            response.headers["X-Indexed-Block"] = str(block)
        if _has(tag, app.current_event.headers.get("if-none-match") or ""):
            response.status_code = HTTPStatus.NOT_MODIFIED.value
            response.body = ""
        return response

    return middleware


def _has(tag: str, if_none_match: str) -> bool:
    """Weak comparison (RFC 9110 §8.8.3.2); our tags hold no comma."""
    asked = [one.strip().removeprefix("W/") for one in if_none_match.split(",")]
    return "*" in asked or tag.removeprefix("W/") in asked
