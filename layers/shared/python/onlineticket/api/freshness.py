"""Public answers: written once, tagged, dated, and not sent twice to who has them.

RFC 9110 §8.8 and §13, RFC 9111. Entity tags are weak: the gateway may compress what we tag.

Our rows are written by pydantic's serialiser straight from the dataclass that the route names as
its answer. They are not validated on the way out, as the resolver would do it at ten times the
cost: tests hold every field of every answer to its schema (tests/integration/test_fields.py).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, wraps
from hashlib import sha256
from http import HTTPStatus
from inspect import signature
from typing import Any, TypeVar

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response, content_types

from onlineticket.domain.types import BlockNumber

Read = TypeVar("Read", bound=Callable[..., Any])

_CONTEXT_KEY = "indexed_block"


@dataclass(frozen=True, slots=True)
class Answer:
    """A body as it is sent, its entity tag, and the block that it shows."""

    body: str
    tag: str
    block: BlockNumber | None


def as_of(app: APIGatewayRestResolver, block: BlockNumber | None) -> None:
    """Say that the answer shows the chain up to `block`, or later."""
    app.append_context(**{_CONTEXT_KEY: block})


def public(
    app: APIGatewayRestResolver,
    path: str,
    *,
    max_age_seconds: int,
    kept: "Callable[[dict[str, Any], Callable[[], Answer]], tuple[Answer, int]] | None" = None,
) -> Callable[[Read], Read]:
    """Declare a GET route that anybody may ask, and whose answer anybody may keep so long, then
    ask whether it changed. The function returns what its annotation says.

    `kept(parameters, make)` may hand out an answer made earlier, and how many seconds ago.
    """

    def declare(read: Read) -> Read:
        shape = signature(read)

        @wraps(read)
        def respond(**parameters: Any) -> Response[str]:
            def make() -> Answer:
                body = _writer(shape.return_annotation)(read(**parameters))
                return Answer(body.decode(), _tag(body), app.context.get(_CONTEXT_KEY))

            answer, age_seconds = (make(), 0) if kept is None else kept(parameters, make)
            return _response(app, answer, max_age_seconds, age_seconds)

        # The resolver reads the parameters from here; the answer it need not look into.
        respond.__signature__ = shape.replace(return_annotation=shape.empty)  # type: ignore[attr-defined]
        described: Any = {
            HTTPStatus.OK.value: {
                "description": "Successful Response",
                "content": {content_types.APPLICATION_JSON: {"model": shape.return_annotation}},
            }
        }
        app.get(path, responses=described)(respond)
        return read

    return declare


def _response(
    app: APIGatewayRestResolver, answer: Answer, max_age_seconds: int, age_seconds: int
) -> Response[str]:
    headers: dict[str, str | list[str]] = {
        "ETag": answer.tag,
        "Cache-Control": f"public, max-age={max_age_seconds}",
        # Which of the stage's origins may read it depends on which one asks.
        "Vary": "Origin",
    }
    if age_seconds:
        headers["Age"] = str(age_seconds)
    if answer.block is not None:
        headers["X-Indexed-Block"] = str(answer.block)
    if _has(answer.tag, app.current_event.headers.get("if-none-match") or ""):
        return Response(HTTPStatus.NOT_MODIFIED.value, headers=headers, body="")
    return Response(HTTPStatus.OK.value, content_types.APPLICATION_JSON, answer.body, headers)


@cache
def _writer(shape: Any) -> Callable[[Any], bytes]:
    """Made on first use: a cold start pays for the one route that it serves."""
    from pydantic import TypeAdapter

    return TypeAdapter(shape).dump_json


def _tag(body: bytes) -> str:
    return f'W/"{sha256(body).hexdigest()[:32]}"'


def _has(tag: str, if_none_match: str) -> bool:
    """Weak comparison (RFC 9110 §8.8.3.2); our tags hold no comma."""
    asked = [one.strip().removeprefix("W/") for one in if_none_match.split(",")]
    return "*" in asked or tag.removeprefix("W/") in asked
