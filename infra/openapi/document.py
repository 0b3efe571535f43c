"""One OpenAPI 3.1 document of every route of every function.

Each handler's resolver describes its own routes; this puts them together, says who may call them,
and names the error codes that each can answer, which infra/openapi/raised.py finds in the source.
The same source gives the same bytes.
"""

import json
from collections import defaultdict
from http import HTTPStatus
from importlib import import_module
from typing import Any

from infra.openapi import components, examples
from infra.openapi.raised import Source
from infra.routes import PREFIX, ROUTES, Route
from onlineticket.api.codes import CODES

Json = dict[str, Any]

TITLE, VERSION = "OnlineTicket", "1"
SERVER = f"/{PREFIX}"
"""Where the API is, until the function that serves the document says where it was asked."""

DESCRIPTION = """\
The off-chain half of an on-chain ticketing platform.

Amounts and ids are decimal strings, in the smallest unit; times are RFC 3339; addresses are
checksummed (EIP-55), and taken in any case. Lists take `limit` and `page`, the `next_page` of the
answer before. Public answers carry `ETag` and `Cache-Control`, and those from the index
`X-Indexed-Block`. Every error has one shape; `message` is Chinese or English by `Accept-Language`
(English only where the gateway itself refuses), and `error_code` never changes.
"""

_TAGS = {
    "events": "Events", "tickets": "Tickets", "wallets": "Tickets", "market": "Market",
    "swap": "Swap", "auth": "Sign-in", "users": "Users", "verify": "Door",
    "verifiers": "Terminals", "admin": "Users", "orders": "Orders", "webhooks": "Webhooks",
    "audit": "Audit",
}  # fmt: skip
"""By a path's first part; the rest is Service."""

_EVERYWHERE = ("REQUEST_BLOCKED", "TOO_MANY_REQUESTS", "INTERNAL_ERROR", "GATEWAY_TIMEOUT")
"""What any operation can answer, whatever its own code says."""
_WITH_BODY = ("BAD_REQUEST", "MALFORMED_JSON", "BODY_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE")
_WITH_KEY = ("UNAUTHORIZED", "FORBIDDEN", "QUOTA_EXCEEDED")

_ALSO_ANSWERS = {("GET", "/health"): {"503": "Health"}}
"""Answers that are no errors, though their status says so."""
_UNTAGGED = {"/health", "/swap/quote"}
"""Public, but another answer each time."""


def build() -> Json:
    source = Source()
    merged = components.Merged(source.field_notes())
    paths: dict[str, Json] = defaultdict(dict)
    for function in sorted({route.function for route in ROUTES}):
        module = f"functions.{function}.handler"
        app = import_module(module).app
        described = json.loads(
            app.get_openapi_schema(title=TITLE).model_dump_json(by_alias=True, exclude_none=True)
        )
        described = merged.take(function, described)
        names = {(route.method, route.openapi_path): route.func for route in app._static_routes}
        names |= {(route.method, route.openapi_path): route.func for route in app._dynamic_routes}
        for route in ROUTES:
            if route.function == function and route.method != "HEAD":
                handler = names[route.method, route.path]
                dotted = f"{handler.__module__}.{handler.__name__}"
                codes = source.codes_of(dotted)
                found = described["paths"][route.path][route.method.lower()]
                _settle_success(found, source.successes_of(dotted))
                operation = _Operation(route, found, handler, codes, merged.schemas)
                paths[route.path][route.method.lower()] = operation.describe()
    document = {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": VERSION, "description": DESCRIPTION},
        "servers": [{"url": SERVER}],
        "tags": [{"name": name} for name in [*dict.fromkeys(_TAGS.values()), "Service"]],
        "paths": {path: paths[path] for path in sorted(paths)},
        "components": {
            "schemas": dict(sorted(merged.schemas.items())),
            "securitySchemes": {
                "wallet": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "The access token of POST /auth/siwe/verify.",
                },
                "terminal": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "x-api-key",
                    "description": "The key of a terminal at the door.",
                },
            },
        },
    }
    components.finish(document)
    examples.add(document)
    return document


class _Operation:
    def __init__(
        self, route: Route, found: Json, handler: Any, codes: set[str], schemas: Json
    ) -> None:
        self._route, self._found, self._handler = route, found, handler
        self._schemas = schemas
        self._codes = codes | set(_EVERYWHERE)
        if found.get("parameters"):
            self._codes |= {"BAD_REQUEST"}
        if found.get("requestBody"):
            self._codes |= set(_WITH_BODY)
        if route.caller == "verifier":
            self._codes |= set(_WITH_KEY)
        self._codes.add("UNKNOWN_PARAMETER")
        if "{" in route.path:
            # Of a parameter with letters that no id has, the router makes no route.
            self._codes.add("NO_SUCH_ROUTE")

    def describe(self) -> Json:
        route = self._route
        name = self._handler.__name__
        first, _, _ = (self._handler.__doc__ or "").strip().partition("\n\n")
        described: Json = {
            "operationId": name,
            "summary": name.replace("_", " ").capitalize(),
            "tags": [_TAGS.get(route.path.split("/")[1], "Service")],
            "security": _security(route),
        }
        notes = " ".join(first.split())
        if notes and not notes.startswith("Raises"):
            described["description"] = notes
        if self._found.get("parameters"):
            described["parameters"] = [_parameter(each) for each in self._found["parameters"]]
        if "requestBody" in self._found:
            described["requestBody"] = _body(self._found["requestBody"])
        described["responses"] = self._responses()
        return described

    def _responses(self) -> Json:
        own = {
            status: answer
            for status, answer in self._found["responses"].items()
            if status.startswith("2")
        }
        refusals: list[Json] = []
        for answer in own.values():
            refusals += self._refusals_of(answer)
        responses: Json = {status: _headed(self._route, answer) for status, answer in own.items()}
        if _is_tagged(self._route):
            responses["304"] = {"description": "What `If-None-Match` names is still right."}
        by_status: dict[int, list[str]] = defaultdict(list)
        for code in sorted(self._codes):
            if (status := CODES[code].status) is not None:
                by_status[status].append(code)
        for status, codes in by_status.items():
            responses[str(status)] = components.error_response(codes, refusals)
        also = _ALSO_ANSWERS.get((self._route.method, self._route.path), {})
        for other_status, name in also.items():
            content = responses[other_status]["content"]["application/json"]
            other = {"$ref": f"#/components/schemas/{name}"}
            content["schema"] = {"anyOf": [other, content["schema"]]}
        return dict(sorted(responses.items()))

    def _refusals_of(self, answer: Json) -> list[Json]:
        """A 200 whose schema has an `error_code` is a verdict: it may be a refusal as well."""
        schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
        name = schema.get("$ref", "").rpartition("/")[2]
        verdict = "error_code" in self._schemas.get(name, {}).get("properties", {})
        return [{"$ref": schema["$ref"]}] if verdict else []


def _settle_success(found: Json, statuses: set[int]) -> None:
    """The resolver documents every success as 200, whatever the function answers."""
    responses = found["responses"]
    for status in statuses:
        success = responses.pop("200", {"description": ""})
        if status == HTTPStatus.NO_CONTENT:
            success.pop("content", None)
        responses[str(status)] = success


def _security(route: Route) -> list[Json]:
    match route.caller:
        case "all":
            return []
        case "verifier":
            return [{"terminal": []}]
    return [{"wallet": []}]


def _parameter(found: Json) -> Json:
    """A parameter that may be left out is not null: there is no null in a URL."""
    return {
        "name": found["name"],
        "in": found["in"],
        "required": found.get("required", False),
        **({"description": found["description"]} if found.get("description") else {}),
        "schema": components.without_null(found["schema"]),
    }


def _body(found: Json) -> Json:
    content = {
        kind: {"schema": components.without_null(each["schema"])}
        for kind, each in found["content"].items()
    }
    return {"required": found.get("required", False), "content": content}


def _is_tagged(route: Route) -> bool:
    return route.method == "GET" and route.caller == "all" and route.path not in _UNTAGGED


def _headed(route: Route, answer: Json) -> Json:
    answer = answer | {"description": "Done."}
    if not _is_tagged(route):
        return answer
    text = {"schema": {"type": "string"}}
    return answer | {"headers": {"ETag": text, "Cache-Control": text}}
