"""Whatever path, query and headers a GET comes with, the answer is one of ours and no fault."""

import json
import string
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection

from functions.queries import handler as queries
from functions.reports import handler as reports
from infra.routes import ROUTES
from onlineticket import resources
from onlineticket.api import paging
from onlineticket.domain import suite as suites
from onlineticket.store import registry
from tests.reading import ALICE, CONTRACTS, Rows, without_a_cache

HANDLERS = {"queries": queries.lambda_handler, "reports": reports.lambda_handler}
PATHS = [
    (route.function, route.path)
    for route in ROUTES
    if route.function in HANDLERS and route.method == "GET" and route.path != "/health"
]
NAMES = (
    "limit", "page", "suite", "status", "organizer", "q", "from", "to", "sort", "side", "event_id",
    "token_id", "seller", "buyer", "gate",
)  # fmt: skip
OURS = {200, 304, 400, 401, 404, 405}

LISTS = ("events 1", "listings 1", "tickets 1", "auctions 1", "trades 1", "check-ins 1")
forged_tokens = st.builds(
    lambda of, key: paging.write(tuple(key), of),
    st.sampled_from(LISTS),
    st.lists(st.integers(0, 2**256), min_size=1, max_size=4),
)
numbers = st.integers(-1, 2**257).map(str)
times = st.datetimes().map(lambda at: at.isoformat() + "Z") | st.sampled_from(
    ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1e400", "infinity", "now"]
)
words = st.sampled_from(
    ["active", "expired", "onsale", "primary", "secondary", "price", "-price", "start_time",
     "expires_at", "ended", "used", "valid", "created_at", "-eth_price", ALICE, "1", "20", ""]
)  # fmt: skip
anything = st.text(max_size=30) | st.text(
    st.characters(codec="utf-8") | st.just("\ud800"), max_size=9
)
values = st.one_of(numbers, times, words, forged_tokens, anything)
queries_drawn = st.dictionaries(
    st.sampled_from(NAMES) | st.text(max_size=9), st.lists(values, min_size=1, max_size=3),
    max_size=5,
)  # fmt: skip
headers = st.dictionaries(
    st.sampled_from(["If-None-Match", "Accept-Language", "Origin", "Authorization", "Accept",
                     "Content-Type", "X-Request-Id"]) | st.text(string.ascii_letters, max_size=9),
    st.sampled_from(["*", 'W/"x"', '"a", W/"b"', "Bearer x", "zh-CN,zh;q=0.9", "null", ""])
    | anything,
    max_size=4,
)  # fmt: skip
parts = st.one_of(numbers, st.just("1"), st.just(ALICE), anything)


@pytest.fixture(scope="module")
def one_of_each(postgres_server: str) -> Any:
    """URL of a database that has something to answer."""
    from onlineticket.store import database as databases

    server, template = postgres_server.rsplit("/", 1)
    with databases.connect(f"{server}/postgres") as admin:
        admin.execute(f"CREATE DATABASE fuzzed TEMPLATE {template}".encode())
    with databases.connect(f"{server}/fuzzed") as conn:
        _fill(conn)
    yield f"{server}/fuzzed"
    resources.forget()
    with databases.connect(f"{server}/postgres") as admin:
        admin.execute("DROP DATABASE fuzzed WITH (FORCE)")


def _fill(conn: Connection[Any]) -> None:
    registry.register(conn, suites.parse(CONTRACTS))
    rows = Rows(conn)
    rows.indexed(90)
    for id_ in (1, 2, 3):
        rows.event(id_)
        rows.ticket_type(id_, 0)
        rows.ticket(id_)
        rows.listing(id_, id_)
        rows.auction(id_, id_)
        rows.sale(id_)


@pytest.fixture
def answering(one_of_each: str, secrets: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_URL", one_of_each)
    monkeypatch.setenv("CONTRACTS", CONTRACTS)
    monkeypatch.setenv("STAGE", "test")
    monkeypatch.setenv("LAG_THRESHOLD_BLOCKS", "10")
    without_a_cache(monkeypatch)
    monkeypatch.delenv("AWS_ENDPOINT_URL")  # the secrets are moto's
    resources.key_ring("JWT_SECRET_ARN")


def send(
    function: str, path: str, query: dict[str, list[str]], headers: dict[str, str], method: str
) -> dict[str, Any]:
    event = {
        "httpMethod": method,
        "path": f"/v1{path}",
        "headers": headers or None,
        "multiValueHeaders": {name: [value] for name, value in headers.items()} or None,
        "queryStringParameters": {name: each[-1] for name, each in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "requestContext": {"requestId": "r-1", "stage": "test"},
        "body": None,
        "isBase64Encoded": False,
    }
    context: Any = SimpleNamespace(
        function_name="f", memory_limit_in_mb=1, invoked_function_arn="", aws_request_id=""
    )
    # As the gateway passes it on, and takes it back.
    answer = HANDLERS[function](json.loads(json.dumps(event)), context)
    read: dict[str, Any] = json.loads(json.dumps(answer))
    return read


def check(answer: dict[str, Any], method: str) -> None:
    assert answer["statusCode"] in OURS, answer
    if method == "HEAD" or answer["statusCode"] == 304:
        assert answer["body"] == ""
    elif answer["statusCode"] == 200:
        json.loads(answer["body"])
    else:
        refusal = json.loads(answer["body"])
        assert refusal.keys() == {"error_code", "message", "details", "request_id"}


@pytest.mark.usefixtures("answering")
@settings(
    max_examples=settings().max_examples * 5,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    route=st.sampled_from(PATHS),
    filled=st.lists(parts, min_size=2, max_size=2),
    query=queries_drawn,
    headers=headers,
    method=st.sampled_from(["GET", "GET", "GET", "HEAD"]),
)
def test_no_get_is_a_fault(
    route: tuple[str, str],
    filled: list[str],
    query: dict[str, list[str]],
    headers: dict[str, str],
    method: str,
) -> None:
    function, path = route
    for name in ("event_id", "token_id", "listing_id", "address"):
        path = path.replace("{" + name + "}", filled[0])
    check(send(function, path, query, headers, method), method)


@pytest.mark.usefixtures("answering")
@settings(
    max_examples=settings().max_examples * 2,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(name=st.sampled_from(NAMES), value=values, path=st.sampled_from(PATHS))
def test_no_single_parameter_is_a_fault(name: str, value: str, path: tuple[str, str]) -> None:
    function, template = path
    at = template.replace("{address}", ALICE)
    for each in ("event_id", "token_id", "listing_id"):
        at = at.replace("{" + each + "}", "1")
    check(send(function, at, {name: [value]}, {}, "GET"), "GET")
