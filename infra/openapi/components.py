"""The document's schemas: those of all functions under one roof, and the shape of errors."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from onlineticket.api import languages
from onlineticket.api.codes import CODES

Json = dict[str, Any]

_POWERTOOLS = {"HTTPValidationError", "ValidationError", "ResponseValidationError"}
_REF = "#/components/schemas/"

_REFUSING = {403, 404, 409, 422}
"""Statuses of a verdict that says no."""

ERROR: Json = {
    "type": "object",
    "description": "Every error has this shape. `details` depend on the code.",
    "properties": {
        "error_code": {"type": "string", "description": "Stable; listed for each operation."},
        "message": {"type": "string", "description": "For people, by Accept-Language."},
        "details": {"type": "object", "additionalProperties": True},
        "request_id": {"type": "string"},
    },
    "required": ["error_code", "message", "details", "request_id"],
}


class Merged:
    """Takes in one function's document after the other. Two different schemas of one name get
    their function's name in front; equal ones are one.
    """

    def __init__(self, field_notes: Mapping[tuple[str, str], str]) -> None:
        self.schemas: Json = {"Error": ERROR}
        self._notes = field_notes

    def take(self, function: str, document: Json) -> Json:
        """The document, with its references pointing to where its schemas are now."""
        found = {
            name: self._tidy(name, schema)
            for name, schema in document.get("components", {}).get("schemas", {}).items()
            if name not in _POWERTOOLS
        }
        renamed = {
            name: function.capitalize() + name
            for name, schema in found.items()
            if name in self.schemas and self.schemas[name] != schema
        }
        for name, schema in found.items():
            self.schemas[renamed.get(name, name)] = _pointing(schema, renamed)
        moved: Json = _pointing(document, renamed)
        return moved

    def _tidy(self, name: str, schema: Json) -> Json:
        for field, each in schema.get("properties", {}).items():
            note = self._notes.get((name.split("_")[0], field))
            if note and "$ref" not in each:
                each["description"] = note
        if "description" in schema:
            schema["description"] = " ".join(schema["description"].split())
        return schema


def finish(document: Json) -> None:
    """What pydantic writes for no reader: a title for each field, 1.0 for 1."""
    used = set(_references(document["paths"]))
    waiting = list(used)
    schemas = document["components"]["schemas"]
    while waiting:
        for name in _references(schemas[waiting.pop()]):
            if name not in used:
                used.add(name)
                waiting.append(name)
    document["components"]["schemas"] = {n: s for n, s in schemas.items() if n in used}
    _polish(document)


def error_response(codes: list[str], refusals: list[Json]) -> Json:
    """The answer of one status, which can carry any of `codes`."""
    shape: Json = {"$ref": _REF + "Error"}
    if refusals and CODES[codes[0]].status in _REFUSING:
        shape = {"anyOf": [*refusals, shape]}
    one_of_these = {"type": "object", "properties": {"error_code": {"enum": codes}}}
    response: Json = {
        "description": ", ".join(f"`{code}`" for code in codes),
        "content": {
            "application/json": {
                "schema": {"allOf": [shape, one_of_these]},
                "examples": {code: {"value": _error(code)} for code in codes},
            }
        },
    }
    if CODES[codes[0]].status == 429:
        seconds = {"type": "integer", "minimum": 0}
        response["headers"] = {"Retry-After": {"description": "Seconds.", "schema": seconds}}
    return response


def without_null(schema: Json) -> Json:
    options = [each for each in schema.get("anyOf", []) if each != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", "title")}
    if len(options) == 1:
        return {**options[0], **rest}
    return {**({"anyOf": options} if options else {}), **rest}


def _error(code: str) -> Json:
    return {
        "error_code": code,
        "message": languages.sentence(code, {}, "en"),
        "details": {},
        "request_id": "0a1b2c3d-0000-4000-8000-000000000000",
    }


def _pointing(value: Any, renamed: Mapping[str, str]) -> Any:
    if not renamed:
        return value
    text = json.dumps(value)
    for old, new in renamed.items():
        text = text.replace(f'"{_REF}{old}"', f'"{_REF}{new}"')
    return json.loads(text)


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"].removeprefix(_REF)
        for each in value.values():
            yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)


def _polish(value: Any) -> None:
    if isinstance(value, dict):
        if isinstance(value.get("title"), str) and ("type" in value or "anyOf" in value):
            del value["title"]
        for bound in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
            if isinstance(value.get(bound), float) and value[bound].is_integer():
                value[bound] = int(value[bound])
        for each in value.values():
            _polish(each)
    elif isinstance(value, list):
        for each in value:
            _polish(each)
