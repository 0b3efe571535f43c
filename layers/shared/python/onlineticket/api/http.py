"""What every HTTP function shares: the resolver, its error answers, and the logger."""

import json
import sys
from collections.abc import Callable, Mapping
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
from onlineticket.api import languages, requests, validation
from onlineticket.api.codes import CODES, STATUS
from onlineticket.api.languages import Language
from onlineticket.domain import errors, rate_limit

logger = Logger()

PREFIX = "/v1"
"""A resource of the REST API, not its stage (spec of the routes: infra/routes.py)."""

Handler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]


class _Resolver(APIGatewayRestResolver):
    """Looks at a request as a whole before powertools looks at its values."""

    def _call_route(self, route: Any, route_arguments: dict[str, str]) -> Any:
        # The answer to an unknown path is a route too, and takes whatever comes.
        if any(route is one for one in (*self._static_routes, *self._dynamic_routes)):
            try:
                requests.check(self.current_event, route)
            except errors.Refused as refused:
                return self._call_exception_handler(refused, route)
        return super()._call_route(route, route_arguments)


def http_app() -> APIGatewayRestResolver:
    """A resolver that validates requests and answers every error as
    `{"error_code", "message", "details", "request_id"}`. Routes are declared without `/v1`.
    """
    app = _Resolver(
        enable_validation=True,
        strip_prefixes=[PREFIX],
        cors=_cors(settings.optional("CORS_ORIGINS", "")),
        json_body_deserializer=requests.load_json,
        # An answer that breaks its own schema is our bug, not the caller's bad request.
        response_validation_error_http_code=HTTPStatus.INTERNAL_SERVER_ERROR,
    )

    @app.exception_handler(list(STATUS))
    def on_error(error: errors.OnlineTicketError) -> Response[str]:
        if error.code in CODES and CODES[error.code].status is None:
            return fault(error)  # an operator's to mend: nothing that the caller sent is wrong
        log = logger.warning if isinstance(error, errors.Unavailable) else logger.info
        log("refused", error_code=error.code)
        return _refused(app, error)

    @app.exception_handler(RequestValidationError)
    def on_bad_request(error: RequestValidationError) -> Response[str]:
        return _bad_request(app, error.errors()[0])

    @app.exception_handler(ResponseValidationError)
    def on_bad_answer(error: ResponseValidationError) -> Response[str]:
        # Where and what, not the value: an answer may hold tokens.
        broken = [{"loc": each["loc"], "type": each["type"]} for each in error.errors()]
        logger.error("an answer outside its schema", errors=str(broken))
        return answer(app, "INTERNAL_ERROR", {})

    @app.not_found
    def on_unknown_route(_: Exception) -> Response[str]:
        return answer(app, "NO_SUCH_ROUTE", {})

    @app.exception_handler(Exception)
    def on_fault(error: Exception) -> Response[str]:
        return fault(error)

    def fault(error: Exception) -> Response[str]:
        if _is_outage(error):
            logger.warning("database went away", error=type(error).__name__)
            return answer(app, "DATABASE_UNAVAILABLE", {})
        if requests.is_unkeepable(error):
            logger.info("refused", error_code="BAD_REQUEST")
            return _bad_request(app, {"type": "unicode", "loc": ["body"]})
        logger.exception("bug")
        return answer(app, "INTERNAL_ERROR", {})

    return app


def serve(app: APIGatewayRestResolver) -> Handler:
    """The Lambda entry point of `app`: one log line a request, under its request id."""

    @logger.inject_lambda_context(clear_state=True)
    def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        is_head = event.get("httpMethod") == "HEAD"
        # RFC 9110 §9.3.2: the same answer as to GET, without its body.
        answer = app.resolve({**event, "httpMethod": "GET"} if is_head else event, context)
        if is_head or answer["body"] is None:  # a gateway takes text, or none of that length
            answer["body"] = ""
        logger.info(
            "answered",
            request_id=_request_id(event),
            route=f"{event.get('httpMethod')} {event.get('resource') or event.get('path')}",
            status=answer["statusCode"],
        )
        return answer

    return lambda_handler


def no_content() -> Response[str]:
    """204. An empty text, not null: not every gateway takes that for a body."""
    return Response(HTTPStatus.NO_CONTENT.value, body="")


def source(app: APIGatewayRestResolver) -> str | None:
    """The network address that the gateway saw the request come from."""
    identity = app.current_event.raw_event["requestContext"].get("identity") or {}
    address = identity.get("sourceIp")
    return str(address) if address else None


def language(app: APIGatewayRestResolver) -> Language:
    """That of the request's caller."""
    return languages.preferred(app.current_event.headers.get("accept-language"))


def answer(app: APIGatewayRestResolver, code: str, details: Mapping[str, Any]) -> Response[str]:
    """The answer for a code of api/codes.py, in the caller's language."""
    return _answer(app, CODES[code].status or 500, code, details)


def _answer(
    app: APIGatewayRestResolver,
    status: int,
    code: str,
    details: Mapping[str, Any],
    message: str = "",
) -> Response[str]:
    """`message` where the code's own sentence would say too little."""
    spoken = language(app)
    body = {
        "error_code": code,
        "message": message or languages.sentence(code, details, spoken),
        "details": details,
        "request_id": _request_id(app.current_event.raw_event),
    }
    headers: dict[str, str | list[str]] = {
        "Cache-Control": "no-store",
        "Content-Language": spoken,
    }
    if "retry_after" in details:
        headers["Retry-After"] = str(details["retry_after"])
    headers |= rate_limit.headers_of(details)
    if "allow" in details:
        headers["Allow"] = ", ".join(details["allow"])
    text = json.dumps(body, ensure_ascii=False)
    return Response(status, content_types.APPLICATION_JSON, text, headers)


def _refused(app: APIGatewayRestResolver, error: errors.OnlineTicketError) -> Response[str]:
    if error.code == "BAD_REQUEST":
        where = error.details["field"].split(".")
        return _bad_request(app, {"type": error.details["reason"], "loc": where})
    message = languages.said(error, language(app))
    return _answer(app, STATUS[type(error)].value, error.code, error.details, message)


def _bad_request(app: APIGatewayRestResolver, problem: Mapping[str, Any]) -> Response[str]:
    """`problem` as pydantic lists it."""
    if problem["type"] == "json_invalid":
        return answer(app, "MALFORMED_JSON", {"position": problem["loc"][-1]})
    field = validation.field_of(problem)
    details = {"field": field, "reason": problem["type"]}
    message = validation.sentence(field, problem, language(app))
    return _answer(app, HTTPStatus.BAD_REQUEST.value, "BAD_REQUEST", details, message)


def _cors(origins: str) -> CORSConfig | None:
    """The stage's origins, comma-separated; the gateway answers the preflights itself."""
    first, *others = origins.split(",")
    if not first:
        return None
    return CORSConfig(
        allow_origin=first,
        extra_origins=others,
        expose_headers=["ETag", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Indexed-Block"],
    )


def _request_id(event: dict[str, Any]) -> str:
    return str(event.get("requestContext", {}).get("requestId", ""))


def _is_outage(error: Exception) -> bool:
    """Without importing psycopg: a function that never opened the database has not loaded it."""
    psycopg = sys.modules.get("psycopg")
    return psycopg is not None and isinstance(
        error, psycopg.OperationalError | psycopg.InterfaceError
    )
