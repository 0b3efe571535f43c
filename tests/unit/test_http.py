"""What every HTTP function answers when something is wrong, and to whom."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel

from onlineticket.api.http import STATUS, Handler, http_app, serve
from onlineticket.domain import errors
from onlineticket.domain.types import EventId

HOME = "https://tickets.example"


class Answer(BaseModel):
    count: int


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

    @app.get("/odd")
    def odd() -> Answer:
        return {"count": "many"}  # type: ignore[return-value]

    return serve(app)


def get(handler: Handler, path: str, origin: str = HOME) -> tuple[int, Any, dict[str, list[str]]]:
    event = {
        "httpMethod": "GET",
        "path": f"/v1{path}",
        "resource": "/{proxy+}",
        "headers": {"Origin": origin},
        "multiValueHeaders": {"Origin": [origin]},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "requestContext": {"requestId": "req-1", "stage": "test"},
        "body": None,
    }
    context: Any = SimpleNamespace(
        function_name="f", memory_limit_in_mb=1, invoked_function_arn="", aws_request_id=""
    )
    answer = handler(event, context)
    return answer["statusCode"], json.loads(answer["body"]), answer["multiValueHeaders"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/events/x", 400, "BAD_REQUEST"),
        ("/events/-1", 400, "BAD_REQUEST"),
        (f"/events/{2**256}", 400, "BAD_REQUEST"),
        ("/events/0", 500, "INTERNAL_ERROR"),
        ("/events/1", 429, "RATE_LIMITED"),
        ("/odd", 500, "INTERNAL_ERROR"),
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
    assert get(handler, "/events/x")[1]["details"] == {"field": "path.event_id"}


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


def test_every_branch_of_the_tree_that_reaches_http_has_a_status() -> None:
    branches = {*errors.Refused.__subclasses__(), errors.Unavailable}
    assert STATUS.keys() == branches
