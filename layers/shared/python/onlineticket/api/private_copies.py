"""Answers that only their caller may keep, to be asked for again by entity tag (RFC 9110 §8.8)."""

from hashlib import sha256
from http import HTTPStatus

import orjson
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware


def tagged(app: APIGatewayRestResolver, next_middleware: NextMiddleware) -> "Response[str | None]":
    """Weak tags: the gateway may compress what we tag. A terminal sends the one it has."""
    response = next_middleware(app)
    response.body = orjson.dumps(response.body).decode()
    tag = f'W/"{sha256(response.body.encode()).hexdigest()[:32]}"'
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = "private, no-cache"
    asked = (app.current_event.headers.get("if-none-match") or "").split(",")
    if tag in [one.strip() for one in asked]:
        response.status_code = HTTPStatus.NOT_MODIFIED.value
        response.body = ""
    return response
