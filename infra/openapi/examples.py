"""An example of each request and answer, put together from the schemas.

What a field is called says more than its type: a name without an entry here gets whatever fits.
tests/unit/test_openapi.py holds every example to its schema.
"""

import re
from typing import Any

Json = dict[str, Any]

_REF = "#/components/schemas/"
_WALLET, _OTHER = (
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
)
_TOKEN, _ETH = "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0x" + "00" * 20
_NEXT_PAGE = "M2YyYTFjMGQuNjk1N2EyODAuMmE"

BY_NAME: dict[str, Any] = {
    "access_token": "eyJhbGciOiJIUzI1NiIsImtpZCI6IjEifQ.eyJzdWIiOiIweDVhYWUifQ.c2lnbmF0dXJl",
    "address": _WALLET, "amount": "1000000000000000000", "amount_in": "1000000000000000000",
    "amount_out": "99600698103990321649", "as_of_block": 1204, "buyer": _OTHER, "chain_id": 31337,
    "description": "Piano, by candlelight", "details": {}, "eth_price": "10000000000000000",
    "event_id": "7", "fee": "3000000000000000", "fee_bps": 30, "from": "2026-01-01T00:00:00Z",
    "event": "7", "cidr": "192.0.2.0/24", "gate": "North", "holder": _WALLET, "image_url": "ipfs://bafybeigdyrzt5sfp7udm7hu76uh7y26nf3",
    "in_token": _ETH, "limit": 20, "listing_id": "12", "max_slippage_bps": 1000,
    "message": "localhost wants you to sign in with your Ethereum account:\\n…",
    "minimum_out": "99102694613470370040", "name": "夜曲 Nocturne", "next_page": _NEXT_PAGE,
    "organizer": _OTHER, "out_token": _TOKEN, "owner": _WALLET, "page": _NEXT_PAGE,
    "price": "20000000000000000000", "price_impact_bps": 10, "q": "nocturne",
    "qr": "6BF…", "reason": "Scanned by mistake", "request_id": "0a1b2c3d-0000-4000-8000",
    "scan_id": "5e0c0e9e-6f2c-4b4e-9d0e-3f1d2a6f9b10", "seat_section": "A", "seller": _OTHER,
    "signature": "0x" + "5f" * 65, "slippage_bps": 50, "suite": 1, "suite_id": 1,
    "to": "2026-12-31T23:59:59Z", "token_id": "42", "type_id": "0", "type_name": "Stalls",
    "valid_until": "2026-06-01T18:00:15Z", "venue": "Old Hall", "wallet": _WALLET,
}  # fmt: skip


def add(document: Json) -> None:
    schemas = document["components"]["schemas"]
    for item in document["paths"].values():
        for operation in item.values():
            for parameter in operation.get("parameters", ()):
                if parameter["name"] in BY_NAME or parameter["required"]:
                    parameter["example"] = of(parameter["schema"], schemas, parameter["name"])
            bodies = [operation["requestBody"]] if "requestBody" in operation else []
            bodies += [each for status, each in operation["responses"].items() if status[0] == "2"]
            for body in bodies:
                content = body.get("content", {}).get("application/json")
                if content is not None and "schema" in content:
                    content["example"] = of(content["schema"], schemas)


def of(schema: Json, schemas: Json, name: str = "", depth: int = 0) -> Any:
    """A value that fits `schema`; `name` is that of the field it is for."""
    if "$ref" in schema:
        return of(schemas[schema["$ref"].removeprefix(_REF)], schemas, name, depth + 1)
    if "const" in schema:
        return schema["const"]
    known = BY_NAME.get(name)
    if "enum" in schema:
        return known if known in schema["enum"] else schema["enum"][0]
    for option in schema.get("anyOf") or schema.get("oneOf") or ():
        if option.get("type") != "null":
            return of(option, schemas, name, depth)
    if "allOf" in schema:
        return {k: v for each in schema["allOf"] for k, v in of(each, schemas, name, depth).items()}
    return _OF_TYPE[schema.get("type", "object")](schema, schemas, name, depth)


def _object(schema: Json, schemas: Json, name: str, depth: int) -> Any:
    properties = schema.get("properties", {})
    if depth > 6:
        properties = {field: properties[field] for field in schema.get("required", ())}
    return {field: of(each, schemas, field, depth) for field, each in properties.items()}


def _array(schema: Json, schemas: Json, name: str, depth: int) -> Any:
    item = schema.get("items") or (schema.get("prefixItems") or [{"type": "string"}])[0]
    count = max(1, schema.get("minItems", 1))
    return [of(item, schemas, name.removesuffix("s"), depth + 1)] * count


def _string(schema: Json, schemas: Json, name: str, depth: int) -> Any:
    known = BY_NAME.get(name)
    if isinstance(known, str) and len(known) <= schema.get("maxLength", 10_000):
        return known
    match schema.get("format"):
        case "date-time":
            return "2026-06-01T18:00:00Z"
        case "date":
            return "2026-06-01"
        case "uuid":
            return BY_NAME["scan_id"]
        case "uri":
            return "https://tickets.example/hooks"
    pattern = schema.get("pattern", "")
    if hexadecimal := re.fullmatch(r"\^\[0-9a-f\]\{(\d+)\}\$", pattern):
        return ("0a1b2c3d4e5f6789" * 8)[: int(hexadecimal[1])]
    if "{64}" in pattern:
        return "0x" + "ab" * 32
    if "{40}" in pattern:
        return _WALLET
    if "[0-9]" in pattern and "[1-9]" in pattern:
        return "1"
    return (name.replace("_", " ") or "text")[: schema.get("maxLength", 100)]


def _integer(schema: Json, schemas: Json, name: str, depth: int) -> Any:
    known = BY_NAME.get(name)
    low, high = schema.get("minimum", 0), schema.get("maximum", 2**53)
    return known if isinstance(known, int) and low <= known <= high else max(low, min(1, high))


_OF_TYPE: dict[str, Any] = {
    "object": _object,
    "array": _array,
    "string": _string,
    "integer": _integer,
    "number": _integer,
    "boolean": lambda *_: True,
    "null": lambda *_: None,
}
