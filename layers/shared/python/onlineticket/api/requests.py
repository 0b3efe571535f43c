"""What is wrong with a request before any of its values is looked at.

Powertools validates values; before that it would parse a form as if it were JSON, take any size,
and pass over parameters that it does not know.
"""

import base64
import binascii
import json
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from onlineticket.domain.errors import Invalid

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.api_gateway import Route
    from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent

MAX_BODY_BYTES = 262_144
"""Far above every honest body; the gateway itself would let 10 MB through."""

_LONGEST_NAME = 100
"""Characters of an unknown name that we repeat."""


class BodyTooLarge(Invalid):
    """413 rather than 400."""


class UnsupportedMediaType(Invalid):
    """415 rather than 400."""


def check(event: "BaseProxyEvent", route: "Route") -> None:
    """
    Raises:
        BodyTooLarge: `BODY_TOO_LARGE`.
        UnsupportedMediaType: `UNSUPPORTED_MEDIA_TYPE`: a body that does not say it is JSON.
        Invalid: `UNKNOWN_PARAMETER`, or `BAD_REQUEST` for text that no database could keep and
            for a list as the body; `details.field` says where. `MALFORMED_JSON` for a body that
            can't be decoded.
    """
    if route.dependant.body_params:
        _check_body(event)
    query: dict[str, list[str]] = event.get("multiValueQueryStringParameters") or {}
    known = {parameter.alias for parameter in route.dependant.query_params}
    for name, values in query.items():
        if name not in known:
            field = f"query.{_printable(name)}"
            raise Invalid("UNKNOWN_PARAMETER", field=field, known=sorted(known))
        _check_text(values, f"query.{name}")
    _check_text([event.path], "path")


def load_json(text: str) -> Any:
    """The body, by RFC 8259 alone: no NaN, and nothing that takes Python to its limits. What its
    texts may hold is for their fields to say.

    Raises:
        json.JSONDecodeError
    """
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError:
        raise
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits; brackets in brackets
        raise json.JSONDecodeError("beyond what we read", "", 0) from error


def is_unkeepable(error: Exception) -> bool:
    """Whether a text of the request went as far as a database, or an encoder, that can't take it.
    Without importing psycopg, which a function that opened no database has not loaded.
    """
    if isinstance(error, UnicodeEncodeError):
        return True
    psycopg = sys.modules.get("psycopg")
    return psycopg is not None and isinstance(error, psycopg.DataError) and "NUL" in str(error)


def _check_body(event: "BaseProxyEvent") -> None:
    body: str | None = event.body
    if not body:
        return
    if len(body) > MAX_BODY_BYTES or len(body.encode(errors="replace")) > MAX_BODY_BYTES:
        raise BodyTooLarge("BODY_TOO_LARGE", largest=MAX_BODY_BYTES)
    media_type = (event.headers.get("content-type") or "").partition(";")[0].strip().lower()
    if media_type not in ("", "application/json"):
        raise UnsupportedMediaType("UNSUPPORTED_MEDIA_TYPE", supported=["application/json"])
    if event.is_base64_encoded:
        try:
            body = base64.b64decode(body, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise Invalid("MALFORMED_JSON") from error
    if body.lstrip().startswith("["):
        # Powertools would take its first item for the whole.
        raise Invalid("BAD_REQUEST", field="body", reason="object")


def _check_text(texts: Iterable[str], field: str) -> None:
    """Postgres keeps no U+0000, and UTF-8 has no lone surrogates."""
    for text in texts:
        if "\0" in text or not _is_unicode(text):
            raise Invalid("BAD_REQUEST", field=field, reason="unicode")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _printable(name: str) -> str:
    return name[:_LONGEST_NAME].encode("ascii", "backslashreplace").decode()


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)
