"""The document as one page for people: plain HTML and one style sheet, no script, nothing fetched.

What folds does so by itself (`<details>`), so the page's policy can forbid everything else.
"""

import json
from collections.abc import Iterator
from html import escape
from typing import Any

from infra.openapi.style import STYLE
from onlineticket.api.codes import CODES

Json = dict[str, Any]

_REF = "#/components/schemas/"
_WHO = {"wallet": "a signed-in wallet", "terminal": "a terminal's key"}


def render(document: Json) -> str:
    info = document["info"]
    parts = [
        "<!doctype html><html lang=en><head><meta charset=utf-8>",
        '<meta name=viewport content="width=device-width, initial-scale=1">',
        f"<title>{escape(info['title'])} API</title><style>{STYLE}</style></head><body>",
        f"<nav><h1>{escape(info['title'])}</h1>{''.join(_menu(document))}</nav><main>",
        f"<header><h2>{escape(info['title'])} API</h2>{_paragraphs(info['description'])}",
        "<p>The same for machines: <a href=openapi.json>openapi.json</a> (OpenAPI 3.1).</p>",
        "</header>",
        *(_section(document, tag["name"]) for tag in document["tags"]),
        "<section id=errors><h2>Error codes</h2>", _codes(CODES), "</section>",
        "<section id=schemas><h2>Schemas</h2>",
        *(_schema(name, each) for name, each in document["components"]["schemas"].items()),
        "</section></main></body></html>\n",
    ]  # fmt: skip
    return "".join(parts)


def _menu(document: Json) -> Iterator[str]:
    for tag in document["tags"]:
        links = [
            f"<li><a href=#{operation['operationId']}><b class={method}>{method.upper()}</b> "
            f"{escape(path)}</a>"
            for path, method, operation in _operations(document, tag["name"])
        ]
        if links:
            yield f"<h3>{escape(tag['name'])}</h3><ul>{''.join(links)}</ul>"
    yield "<h3>Reference</h3><ul><li><a href=#errors>Error codes</a>"
    yield "<li><a href=#schemas>Schemas</a></ul>"


def _operations(document: Json, tag: str) -> Iterator[tuple[str, str, Json]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if tag in operation["tags"]:
                yield path, method, operation


def _section(document: Json, tag: str) -> str:
    found = [_operation(*each) for each in _operations(document, tag)]
    return f"<section><h2>{escape(tag)}</h2>{''.join(found)}</section>" if found else ""


def _operation(path: str, method: str, operation: Json) -> str:
    who = [_WHO[name] for each in operation["security"] for name in each]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    parts = [
        f"<article id={operation['operationId']}><h3><b class={method}>{method.upper()}</b> "
        f"<code>{escape(path)}</code></h3>",
        f"<p>{_text(operation.get('description') or operation['summary'] + '.')}</p>",
        f"<p class=who>For {' or '.join(who) or 'everybody'}.</p>",
        _parameters(operation.get("parameters", [])),
        f"<h4>Request</h4>{_shape(body['schema'])}{_example(body.get('example'))}" if body else "",
        "<h4>Answers</h4>",
        *(_response(status, each) for status, each in operation["responses"].items()),
        "</article>",
    ]
    return "".join(parts)


def _parameters(parameters: list[Json]) -> str:
    if not parameters:
        return ""
    rows = [
        f"<tr><td><code>{escape(each['name'])}</code>{'' if each['required'] else '?'}"
        f"<td>{each['in']}<td>{_shape(each['schema'])}<td>{_text(each.get('description', ''))}"
        for each in parameters
    ]
    head = "<tr><th>parameter<th>in<th>type<th>"
    return f"<h4>Parameters</h4><table>{head}{''.join(rows)}</table>"


def _response(status: str, response: Json) -> str:
    content = response.get("content", {})
    examples = next((each.get("examples") for each in content.values()), None)
    shapes = "".join(
        f"<p><code>{escape(kind)}</code> {_shape(each.get('schema', {}))}</p>"
        for kind, each in content.items()
    )
    if examples:
        shown = _codes({code: CODES[code] for code in examples})
        return f"<details><summary><b>{status}</b> {_text(response['description'])}</summary>" + (
            f"{shown}</details>"
        )
    example = next((each["example"] for each in content.values() if "example" in each), None)
    unfolded = " open" if status.startswith("2") else ""
    summary = f"<b>{status}</b> {_text(response['description'])}"
    return (
        f"<details class=good{unfolded}><summary>{summary}</summary>"
        f"{shapes}{_example(example)}</details>"
    )


def _schema(name: str, schema: Json) -> str:
    rows = [
        f"<tr><td><code>{escape(field)}</code>{'' if field in schema.get('required', ()) else '?'}"
        f"<td>{_shape(each)}<td>{_text(each.get('description', ''))}"
        for field, each in schema.get("properties", {}).items()
    ]
    table = f"<table>{''.join(rows)}</table>" if rows else _shape(schema)
    note = _text(schema.get("description", ""))
    return f"<details id=schema-{name}><summary>{name}</summary><p>{note}</p>{table}</details>"


def _shape(schema: Json) -> str:
    """A type in a few words; those of the document link to where they are shown."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_REF)
        return f"<a href=#schema-{name}>{name}</a>"
    options = schema.get("anyOf") or schema.get("oneOf")
    if options:
        return " or ".join(_shape(each) for each in options)
    if "enum" in schema:
        return " · ".join(f"<code>{escape(str(each))}</code>" for each in schema["enum"])
    if "const" in schema:
        return f"<code>{escape(str(schema['const']))}</code>"
    if schema.get("type") == "array":
        return f"list of {_shape(schema.get('items', {}))}"
    words = [str(schema.get("type", "anything")), str(schema.get("format", ""))]
    words += [
        f"{bound} {schema[key]}" for key, bound in _BOUNDS.items() if schema.get(key, "") != ""
    ]
    pattern = f" <code>{escape(schema['pattern'])}</code>" if "pattern" in schema else ""
    return escape(" ".join(filter(None, words))) + pattern


_BOUNDS = {
    "minimum": "≥", "maximum": "≤", "minLength": "length ≥", "maxLength": "length ≤",
    "minItems": "items ≥", "maxItems": "items ≤", "default": "default",
}  # fmt: skip


def _codes(codes: dict[str, Any]) -> str:
    rows = [
        f"<tr><td>{entry.status}<td><code>{code}</code><td>{escape(entry.en)}"
        f"<td lang=zh>{escape(entry.zh)}"
        for code, entry in sorted(codes.items(), key=lambda each: (each[1].status or 0, each[0]))
        if entry.status is not None
    ]
    return f"<table class=codes>{''.join(rows)}</table>"


def _example(example: Any) -> str:
    if example is None:
        return ""
    return f"<pre>{escape(json.dumps(example, ensure_ascii=False, indent=2))}</pre>"


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{_text(each)}</p>" for each in text.split("\n\n"))


def _text(text: str) -> str:
    """Escaped, with what stands between backticks as code."""
    parts = escape(text).split("`")
    return "".join(
        f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts)
    )
