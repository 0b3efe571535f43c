"""What every HTTP function answers when something is wrong, and to whom."""

import json
from base64 import b64encode
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Annotated, Any

import psycopg
import pytest
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from pydantic import BaseModel

from onlineticket.api import requests
from onlineticket.api.http import Handler, http_app, serve
from onlineticket.domain import errors
from onlineticket.domain.types import EventId, WalletAddress

HOME = "https://tickets.example"


class Answer(BaseModel):
    count: int


@dataclass(frozen=True)
class User:
    wallet: WalletAddress
    note: Any = None


def keep(text: str) -> None:
    """As Postgres does, and its driver."""
    text.encode()
    if "\0" in text:
        raise psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> Handler:
    monkeypatch.setenv("CORS_ORIGINS", f"{HOME},http://localhost:3000")
    app = http_app()

    @app.get("/events/<event_id>")
    def show(event_id: EventId) -> dict[str, str]:
        if event_id == 0:
            raise ZeroDivisionError("a secret")
        if event_id == 1:
            raise errors.TooMany("RATE_LIMITED", "Slow down.", retry_after=7)
        return {"event_id": str(event_id)}

    @app.get("/events")
    def find(q: Annotated[str, Query()] = "", limit: Annotated[int, Query()] = 1) -> dict[str, str]:
        return {"q": q}

    @app.post("/users")
    def make(user: Annotated[User, Body()]) -> dict[str, str]:
        if user.note:
            keep(user.note)
        return {"wallet": user.wallet}

    @app.get("/misconfigured")
    def misconfigured() -> dict[str, str]:
        raise errors.Invalid("BAD_CONTRACTS_FILE", "a secret path")

    @app.get("/odd")
    def odd() -> Answer:
        return {"count": "many"}  # type: ignore[return-value]

    return serve(app)


def ask(handler: Handler, method: str, path: str, **event: Any) -> tuple[int, Any, dict[str, Any]]:
    headers = {"Origin": HOME} | event.pop("headers", {})
    query = event.pop("query", None)
    asked = {
        "httpMethod": method,
        "path": f"/v1{path}",
        "resource": "/{proxy+}",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": query and {name: values[-1] for name, values in query.items()},
        "multiValueQueryStringParameters": query,
        "requestContext": {"requestId": "req-1", "stage": "test"},
        "body": None,
        "isBase64Encoded": False,
    }
    context: Any = SimpleNamespace(
        function_name="f", memory_limit_in_mb=1, invoked_function_arn="", aws_request_id=""
    )
    answer = handler(asked | event, context)
    return answer["statusCode"], json.loads(answer["body"]), answer["multiValueHeaders"]


def get(handler: Handler, path: str, origin: str = HOME) -> tuple[int, Any, dict[str, list[str]]]:
    return ask(handler, "GET", path, headers={"Origin": origin})


def post(handler: Handler, body: Any, **event: Any) -> tuple[int, Any]:
    return ask(handler, "POST", "/users", body=body, **event)[:2]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/events/x", 400, "BAD_REQUEST"),
        ("/events/-1", 400, "BAD_REQUEST"),
        (f"/events/{2**256}", 400, "BAD_REQUEST"),
        ("/events/0", 500, "INTERNAL_ERROR"),
        ("/events/1", 429, "RATE_LIMITED"),
        ("/odd", 500, "INTERNAL_ERROR"),
        ("/misconfigured", 500, "INTERNAL_ERROR"),
        ("/nowhere", 404, "NO_SUCH_ROUTE"),
    ],
)
def test_every_error_has_one_shape(handler: Handler, path: str, status: int, code: str) -> None:
    got, body, headers = get(handler, path)
    assert (got, body["error_code"], body["request_id"]) == (status, code, "req-1")
    assert body.keys() == {"error_code", "message", "details", "request_id"}
    assert headers["Cache-Control"] == ["no-store"]
    assert "secret" not in json.dumps(body)


def test_a_validation_error_names_the_field(handler: Handler) -> None:
    details = {"field": "path.event_id", "reason": "int_parsing"}
    assert get(handler, "/events/x")[1]["details"] == details


def test_a_limit_says_when_to_come_again(handler: Handler) -> None:
    assert get(handler, "/events/1")[2]["Retry-After"] == ["7"]


@pytest.mark.parametrize("origin", [HOME, "http://localhost:3000"])
def test_a_browser_of_the_stage_may_read_the_answer(handler: Handler, origin: str) -> None:
    headers = get(handler, "/events/7", origin)[2]
    assert headers["Access-Control-Allow-Origin"] == [origin]
    assert "X-Indexed-Block" in headers["Access-Control-Expose-Headers"][0]


def test_a_browser_elsewhere_may_not(handler: Handler) -> None:
    headers = get(handler, "/events/7", "https://evil.example")[2]
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize(
    ("spoken", "path", "message"),
    [
        ("zh-TW,en;q=0.5", "/nowhere", "没有这个接口。"),
        ("de", "/nowhere", "There is no such route."),
        ("zh", "/events/x", "path.event_id：应为整数。"),
        ("zh", f"/events/{2**256}", f"path.event_id：应不大于 {2**256 - 1}。"),
        ("zh", "/events/0", "服务器内部错误，已记录。"),
    ],
)
def test_a_message_is_in_the_callers_language(
    handler: Handler, spoken: str, path: str, message: str
) -> None:
    _, body, headers = ask(handler, "GET", path, headers={"Accept-Language": spoken})
    assert body["message"] == message
    assert headers["Content-Language"] == ["zh" if spoken.startswith("zh") else "en"]


def test_a_parameter_that_nobody_reads_is_refused(handler: Handler) -> None:
    status, body, _ = ask(handler, "GET", "/events", query={"limit": ["5"], "lmit": ["6"]})
    assert (status, body["error_code"]) == (400, "UNKNOWN_PARAMETER")
    assert body["details"] == {"field": "query.lmit", "known": ["limit", "q"]}
    assert ask(handler, "GET", "/nowhere", query={"q": ["5"]})[0] == 404


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_text_that_no_database_keeps_is_refused(handler: Handler, text: str) -> None:
    status, body, _ = ask(handler, "GET", "/events", query={"q": [text]})
    assert (status, body["error_code"]) == (400, "BAD_REQUEST")
    assert body["details"] == {"field": "query.q", "reason": "unicode"}


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_text_that_the_database_did_not_take_is_the_callers_fault(
    handler: Handler, text: str
) -> None:
    """A field may have a rule of its own for it; this is for one that has none."""
    status, body = post(handler, json.dumps({"wallet": "0x" + "00" * 20, "note": text}))
    assert (status, body["error_code"]) == (400, "BAD_REQUEST")
    assert body["details"] == {"field": "body", "reason": "unicode"}


def test_any_other_text_is_taken(handler: Handler) -> None:
    body = json.dumps({"wallet": "0x" + "00" * 20, "note": "夜曲 𝄞"})  # with escapes
    assert post(handler, body)[0] == 200


@pytest.mark.parametrize(
    "body",
    ["{", '{"a":' * 50_000, '{"wallet": NaN}', "9" * 5_000, "'a'", "\ufeff{}"],
    ids=["half", "deep", "nan", "long", "quotes", "bom"],
)
def test_what_is_not_json_is_said_to_be_no_json(handler: Handler, body: str) -> None:
    status, answer = post(handler, body)
    assert (status, answer["error_code"]) == (400, "MALFORMED_JSON")


@pytest.mark.parametrize("encoded", ["!", b64encode(b"\xff").decode()])
def test_a_binary_body_is_no_json(handler: Handler, encoded: str) -> None:
    status, answer = post(handler, encoded, isBase64Encoded=True)
    assert (status, answer["error_code"]) == (400, "MALFORMED_JSON")


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/jsonx", "multipart/form-data", "application/x-www-form-urlencoded"],
)
def test_a_body_that_does_not_say_it_is_json_is_refused(
    handler: Handler, content_type: str
) -> None:
    status, answer = post(handler, "wallet=0x", headers={"Content-Type": content_type})
    assert (status, answer["error_code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_json_may_name_its_charset_or_nothing(handler: Handler) -> None:
    body = json.dumps({"wallet": "0x" + "00" * 20})
    assert post(handler, body)[0] == 200
    said = {"Content-Type": "application/json; charset=utf-8"}
    assert post(handler, body, headers=said)[0] == 200
    assert post(handler, b64encode(body.encode()).decode(), isBase64Encoded=True)[0] == 200


@pytest.mark.parametrize("letter", ["a", "票"])
def test_a_body_is_as_large_as_its_bytes(handler: Handler, letter: str) -> None:
    note = letter * (requests.MAX_BODY_BYTES // len(letter.encode()))
    body = json.dumps({"wallet": "0x" + "00" * 20, "note": note}, ensure_ascii=False)
    status, answer = post(handler, body)
    assert (status, answer["error_code"]) == (413, "BODY_TOO_LARGE")


def test_a_list_is_not_taken_for_its_first_item(handler: Handler) -> None:
    body = json.dumps([{"wallet": "0x" + "00" * 20}])
    for sent in ({"body": body}, {"body": b64encode(body.encode()).decode()}):
        status, answer = post(handler, **sent, isBase64Encoded=sent["body"] != body)
        assert (status, answer["error_code"]) == (400, "BAD_REQUEST")
        assert answer["details"] == {"field": "body", "reason": "object"}


@pytest.mark.parametrize("body", [None, "", "null", "[]", "5", "{}"])
def test_a_body_without_what_is_needed_is_a_bad_request(handler: Handler, body: str | None) -> None:
    status, answer = post(handler, body)
    assert (status, answer["error_code"]) == (400, "BAD_REQUEST")
    assert answer["details"]["field"].startswith("body")
