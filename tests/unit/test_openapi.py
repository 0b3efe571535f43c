"""The merged document: every route, every schema, every example, and always the same bytes."""

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from infra.openapi import components, document, examples
from infra.openapi.raised import Source
from infra.routes import ROUTES
from onlineticket.api.codes import CODES

DOCUMENT = document.build()
SCHEMAS = DOCUMENT["components"]["schemas"]
OPERATIONS = [
    (method.upper(), path, operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
]
NAMES = [f"{method} {path}" for method, path, _ in OPERATIONS]
every_operation = pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=NAMES)


def fits(schema: Any, value: Any) -> None:
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    whole["components"] = {"schemas": SCHEMAS}
    jsonschema_rs.Draft202012Validator(whole, validate_formats=True).validate(value)


def test_every_route_is_an_operation() -> None:
    described = {(method, path) for method, path, _ in OPERATIONS}
    assert described == {(r.method, r.path) for r in ROUTES if r.method != "HEAD"}


def test_an_operation_has_a_name_of_its_own() -> None:
    names = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(set(names)) == len(names)


def test_the_document_is_the_same_each_time(tmp_path: Path) -> None:
    written = []
    for folder in ("a", "b"):
        subprocess.run([sys.executable, "-m", "infra.openapi", tmp_path / folder], check=True)
        written.append([(tmp_path / folder / name).read_text() for name in FILES])
    assert written[0] == written[1]
    assert json.loads(written[0][0]) == DOCUMENT
    assert '"servers": [{"url": "/v1"}]' in written[0][0]


FILES = ("openapi.json", "docs.html")


def test_every_reference_leads_somewhere_and_nothing_is_left_over() -> None:
    text = json.dumps(DOCUMENT)
    named = {each.split('"')[0] for each in text.split("#/components/schemas/")[1:]}
    assert named == set(SCHEMAS)
    assert "HTTPValidationError" not in text


@every_operation
def test_an_operation_says_who_may_call_it(method: str, path: str, operation: Any) -> None:
    [caller] = {r.caller for r in ROUTES if (r.method, r.path) == (method, path)}
    expected: dict[str, Any] = {"all": [], "verifier": [{"terminal": []}]}
    assert operation["security"] == expected.get(caller, [{"wallet": []}])


@every_operation
def test_an_error_is_documented_with_its_codes(method: str, path: str, operation: Any) -> None:
    statuses = set(operation["responses"])
    assert {"400", "429", "500", "504"} <= statuses
    assert (operation["security"] != []) <= ({"401", "403"} <= statuses)
    for status, response in operation["responses"].items():
        if status[0] in "45":
            content = response["content"]["application/json"]
            for code, example in content["examples"].items():
                assert CODES[code].status == int(status)
                fits(content["schema"], example["value"])
            stranger = {"error_code": "NEVER_HEARD_OF", "message": "", "details": {}}
            with pytest.raises(jsonschema_rs.ValidationError):
                fits(content["schema"], stranger | {"request_id": ""})


@every_operation
def test_an_example_fits_its_schema(method: str, path: str, operation: Any) -> None:
    for parameter in operation.get("parameters", ()):
        if "example" in parameter:
            fits(parameter["schema"], parameter["example"])
    bodies = [operation["requestBody"]] if "requestBody" in operation else []
    bodies += [each for status, each in operation["responses"].items() if status[0] == "2"]
    for body in bodies:
        for content in body.get("content", {}).values():
            if "example" in content:
                fits(content["schema"], content["example"])


def test_a_body_is_an_object() -> None:
    """A list as the body is refused for every route (api/requests.py)."""
    for _, _, operation in OPERATIONS:
        for content in operation.get("requestBody", {"content": {}})["content"].values():
            assert SCHEMAS[content["schema"]["$ref"].rpartition("/")[2]]["type"] == "object"


def test_a_parameter_is_never_null() -> None:
    for _, _, operation in OPERATIONS:
        assert '"null"' not in json.dumps(operation.get("parameters", []))


def test_codes_are_found_through_calls_ports_and_methods() -> None:
    source = Source()
    scan = source.codes_of("functions.verify.handler.verify_scan")
    assert {"SCOPE_MISSING", "QR_FORGED", "SCAN_ID_REUSED", "DYNAMODB_UNAVAILABLE"} <= scan
    assert not scan & {"PAGE_INVALID", "NONCE_UNKNOWN", "SWAP_POOL_EMPTY", "REORG_TOO_DEEP"}
    assert "PAGE_INVALID" in source.codes_of("functions.queries.handler.list_events")
    assert not source.codes_of("functions.docs.handler.show_docs")


def test_a_note_below_a_field_is_its_description() -> None:
    fields = SCHEMAS["Event"]["properties"]
    assert fields["end_time"]["description"].startswith("May lie before the start")


# Schemas of two functions


def described(**schemas: Any) -> Any:
    paths = {f"/{name}": {"$ref": f"#/components/schemas/{name}"} for name in schemas}
    return {"paths": paths, "components": {"schemas": schemas}}


def test_two_schemas_of_one_name_stay_apart() -> None:
    merged = components.Merged({})
    page, other = {"type": "object"}, {"type": "string"}
    merged.take("queries", described(Page=copy.deepcopy(page)))
    same = merged.take("auth", described(Page=copy.deepcopy(page)))
    apart = merged.take("orders", described(Page=copy.deepcopy(other)))
    assert same["paths"]["/Page"]["$ref"].endswith("/Page")
    assert apart["paths"]["/Page"]["$ref"].endswith("/OrdersPage")
    assert (merged.schemas["Page"], merged.schemas["OrdersPage"]) == (page, other)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "maxLength": 3},
        {"type": "string", "format": "uuid"},
        {"type": "string", "format": "date-time"},
        {"type": "integer", "minimum": 5, "maximum": 7},
        {"type": "array", "items": {"type": "boolean"}, "minItems": 2},
        {"enum": ["a", "b"]},
        {"anyOf": [{"type": "null"}, {"type": "integer"}]},
        {"allOf": [{"type": "object", "properties": {"a": {"const": 1}}}, {"type": "object"}]},
        {"type": "null"},
    ],
)
def test_an_example_can_be_made_of_any_schema(schema: Any) -> None:
    fits(schema, examples.of(schema, {}))
