"""What an organizer is told of an event: its sales, its resales, and who came in.

A function of its own: `queries`, which everybody may ask, is given no key that signs tokens, and
`organizer`, which may make and revoke terminals' keys, is needed for none of this.
"""

from functools import partial
from time import time
from typing import TYPE_CHECKING, Annotated, Any

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import StringConstraints

from onlineticket import access, resources
from onlineticket.api import paging, session
from onlineticket.api.http import http_app, serve
from onlineticket.api.paging import Limit, Page, PageToken
from onlineticket.domain.report import CheckIn, Report
from onlineticket.domain.types import EventId, SuiteId
from onlineticket.store import health, reports
from onlineticket.usecases import authorize_organizer

if TYPE_CHECKING:
    from psycopg import Connection

app = http_app()

Gate = Annotated[str | None, StringConstraints(min_length=1, max_length=64), Query()]


@app.get("/events/<event_id>/report")
def show_report(event_id: EventId) -> Response[Report]:
    _require_organizer(event_id)
    conn, suite_id = _index()
    block = health.indexed_block(conn, suite_id)
    return _private(reports.report(conn, suite_id, event_id, block))


@app.get("/events/<event_id>/check-ins")
def list_check_ins(
    event_id: EventId, gate: Gate = None, limit: Limit = 20, page: PageToken = None
) -> Response[Page[CheckIn]]:
    _require_organizer(event_id)
    chosen = reports.Filter(event_id, gate)
    conn, suite_id = _index()
    found = paging.page(
        partial(reports.check_ins, conn, suite_id, chosen),
        reports.after,
        of=f"check-ins {suite_id} {chosen}",
        limit=limit,
        token=page,
        parts=3,
    )
    return _private(found)


def _require_organizer(event_id: EventId) -> None:
    caller, authority = session.current(app), access.authority(int(time()))
    authorize_organizer.require_organizer_of(caller, event_id, authority=authority)


def _index() -> "tuple[Connection[Any], SuiteId]":
    return resources.postgres(), resources.suite_id()


def _private(body: Any) -> Response[Any]:
    headers: dict[str, str | list[str]] = {"Cache-Control": "no-store"}
    return Response(200, content_types.APPLICATION_JSON, body, headers)


lambda_handler = serve(app)
