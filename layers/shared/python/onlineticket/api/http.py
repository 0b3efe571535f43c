"""What every HTTP function shares: the resolver, its error answers, and the logger."""

import json
import sys
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import (
    APIGatewayRestResolver,
    CORSConfig,
    Response,
    content_types,
)
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestValidationError,
    ResponseValidationError,
)
from aws_lambda_powertools.utilities.typing import LambdaContext

from onlineticket import settings
from onlineticket.domain import errors

logger = Logger()

PREFIX = "/v1"
"""A resource of the REST API, not its stage (spec of the routes: infra/routes.py)."""

STATUS: dict[type[errors.OnlineTicketError], HTTPStatus] = {
    errors.Invalid: HTTPStatus.BAD_REQUEST,
    errors.Unauthorized: HTTPStatus.UNAUTHORIZED,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.RuleBroken: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.TooMany: HTTPStatus.TOO_MANY_REQUESTS,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}

Handler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]


def http_app() -> APIGatewayRestResolver:
    """A resolver that validates requests and answers every error as
    `{"error_code", "message", "details", "request_id"}`. Routes are declared without `/v1`.
    """
    app = APIGatewayRestResolver(
        enable_validation=True,
        strip_prefixes=[PREFIX],
        cors=_cors(settings.optional("CORS_ORIGINS", "")),
        # An answer that breaks its own schema is our bug, not the caller's bad request.
        response_validation_error_http_code=HTTPStatus.INTERNAL_SERVER_ERROR,
    )

    @app.exception_handler(list(STATUS))
    def on_error(error: errors.OnlineTicketError) -> Response[str]:
        log = logger.warning if isinstance(error, errors.Unavailable) else logger.info
        log("refused", error_code=error.code)
        return _answer(app, STATUS[type(error)], error.code, str(error), error.details)

    @app.exception_handler(RequestValidationError)
    def on_bad_request(error: RequestValidationError) -> Response[str]:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return _answer(
            app, HTTPStatus.BAD_REQUEST, "BAD_REQUEST", f"{where}: {first['msg']}", {"field": where}
        )

    @app.exception_handler(ResponseValidationError)
    def on_bad_answer(error: ResponseValidationError) -> Response[str]:
        logger.error("an answer outside its schema", errors=str(error.errors()))
        what = ("INTERNAL_ERROR", "Something broke on our side; it has been logged.")
        return _answer(app, HTTPStatus.INTERNAL_SERVER_ERROR, *what, {})

    @app.not_found
    def on_unknown_route(_: Exception) -> Response[str]:
        return _answer(app, HTTPStatus.NOT_FOUND, "NO_SUCH_ROUTE", "There is no such route.", {})

    @app.exception_handler(Exception)
    def on_fault(error: Exception) -> Response[str]:
        if _is_outage(error):
            logger.warning("database went away", error=type(error).__name__)
            what = ("DATABASE_UNAVAILABLE", "The database does not answer.")
            return _answer(app, HTTPStatus.SERVICE_UNAVAILABLE, *what, {})
        logger.exception("bug")
        what = ("INTERNAL_ERROR", "Something broke on our side; it has been logged.")
        return _answer(app, HTTPStatus.INTERNAL_SERVER_ERROR, *what, {})

    return app


def serve(app: APIGatewayRestResolver) -> Handler:
    """The Lambda entry point of `app`: one log line a request, under its request id."""

    @logger.inject_lambda_context(clear_state=True)
    def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        is_head = event.get("httpMethod") == "HEAD"
        # RFC 9110 §9.3.2: the same answer as to GET, without its body.
        answer = app.resolve({**event, "httpMethod": "GET"} if is_head else event, context)
        if is_head:
            answer["body"] = ""
        logger.info(
            "answered",
            request_id=_request_id(event),
            route=f"{event.get('httpMethod')} {event.get('resource') or event.get('path')}",
            status=answer["statusCode"],
        )
        return answer

    return lambda_handler


def _cors(origins: str) -> CORSConfig | None:
    """The stage's origins, comma-separated; the gateway answers the preflights itself."""
    first, *others = origins.split(",")
    if not first:
        return None
    return CORSConfig(
        allow_origin=first,
        extra_origins=others,
        expose_headers=["ETag", "Retry-After", "X-Indexed-Block"],
    )


def _answer(
    app: APIGatewayRestResolver,
    status: HTTPStatus,
    code: str,
    message: str,
    details: dict[str, Any],
) -> Response[str]:
    body = {
        "error_code": code,
        "message": message,
        "details": details,
        "request_id": _request_id(app.current_event.raw_event),
    }
    headers: dict[str, str | list[str]] = {"Cache-Control": "no-store"}
    if "retry_after" in details:
        headers["Retry-After"] = str(details["retry_after"])
    return Response(status.value, content_types.APPLICATION_JSON, json.dumps(body), headers)


def _request_id(event: dict[str, Any]) -> str:
    return str(event.get("requestContext", {}).get("requestId", ""))


def _is_outage(error: Exception) -> bool:
    """Without importing psycopg: a function that never opened the database has not loaded it."""
    psycopg = sys.modules.get("psycopg")
    return psycopg is not None and isinstance(
        error, psycopg.OperationalError | psycopg.InterfaceError
    )
