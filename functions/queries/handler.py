"""The GET routes: straight from Postgres, as of the last indexed block."""

from functools import partial
from time import time
from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Interval
from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import AwareDatetime

from onlineticket import resources, settings
from onlineticket.api import freshness, paging
from onlineticket.api.health import STATUS
from onlineticket.api.http import http_app, serve
from onlineticket.api.paging import Limit, Page, PageToken
from onlineticket.chain.rpc import Node
from onlineticket.domain.event import Event, EventStatus, TicketType
from onlineticket.domain.listing import Listing, ListingStatus, Side
from onlineticket.domain.ticket_detail import TicketDetail
from onlineticket.domain.types import BlockNumber, EventId, SuiteId, TokenId, WalletAddress
from onlineticket.dynamo import health as dynamo_health
from onlineticket.store import events, health, listings, tickets
from onlineticket.usecases.check_health import Health, check_health

if TYPE_CHECKING:
    from psycopg import Connection

app = http_app()

EVENTS = freshness.public(max_age_seconds=60)
OTHERS = freshness.public(max_age_seconds=2)
"""About the time between two passes of the indexer."""

HEALTH_TIMEOUT_SECONDS = 2.0

OtherSuite = Annotated[SuiteId | None, Interval(ge=1, le=32_767), Query(alias="suite")]
"""An earlier deployment of the contracts; without it, the current one."""


@app.get("/health")
def show_health() -> Response[Health]:
    report = check_health(
        indexed_block=_indexed_block,
        ping_dynamodb=_ping_dynamodb,
        head=_head,
        lag_threshold=int(settings.required("LAG_THRESHOLD_BLOCKS")),
        timeout_seconds=HEALTH_TIMEOUT_SECONDS,
    )
    headers: dict[str, str | list[str]] = {"Cache-Control": "no-store"}
    return Response(STATUS[report.status].value, content_types.APPLICATION_JSON, report, headers)


@app.get("/events", middlewares=[EVENTS])
def list_events(
    status: Annotated[EventStatus | None, Query()] = None,
    organizer: Annotated[WalletAddress | None, Query()] = None,
    starts_from: Annotated[AwareDatetime | None, Query(alias="from")] = None,
    starts_to: Annotated[AwareDatetime | None, Query(alias="to")] = None,
    limit: Limit = 20,
    page: PageToken = None,
    suite: OtherSuite = None,
) -> Page[Event]:
    conn, suite_id = _index(suite)
    chosen = events.Filter(status, organizer, starts_from, starts_to)
    return paging.page(
        partial(events.page, conn, suite_id, chosen),
        events.after,
        of=f"events {suite_id} {chosen}",
        limit=limit,
        token=page,
    )


@app.get("/events/<event_id>", middlewares=[OTHERS])
def show_event(event_id: EventId, suite: OtherSuite = None) -> Event:
    return events.get(*_index(suite), event_id)


@app.get("/events/<event_id>/tickets/types", middlewares=[OTHERS])
def list_ticket_types(event_id: EventId, suite: OtherSuite = None) -> Page[TicketType]:
    conn, suite_id = _index(suite)
    events.get(conn, suite_id, event_id)
    return Page(events.ticket_types(conn, suite_id, event_id, now=int(time())))


@app.get("/tickets/<token_id>", middlewares=[OTHERS])
def show_ticket(token_id: TokenId, suite: OtherSuite = None) -> TicketDetail:
    return tickets.get(*_index(suite), token_id, now=int(time()))


@app.get("/market/listings", middlewares=[OTHERS])
def list_listings(
    side: Annotated[Side, Query()] = "secondary",
    event_id: Annotated[EventId | None, Query()] = None,
    status: Annotated[ListingStatus | None, Query()] = None,
    seller: Annotated[WalletAddress | None, Query()] = None,
    limit: Limit = 20,
    page: PageToken = None,
    suite: OtherSuite = None,
) -> Page[Listing]:
    conn, suite_id = _index(suite)
    chosen = listings.Filter(side, event_id, status, seller)
    return paging.page(
        partial(listings.page, conn, suite_id, chosen, now=int(time())),
        listings.after,
        of=f"listings {suite_id} {chosen}",
        limit=limit,
        token=page,
    )


def _index(other: SuiteId | None) -> "tuple[Connection[Any], SuiteId]":
    """Where to read, and which suite; the answer will say how fresh it is."""
    conn, suite_id = resources.postgres(), other or resources.suite_id()
    # Read before the rows: the header may promise too little, never too much.
    freshness.as_of(app, health.indexed_block(conn, suite_id))
    return conn, suite_id


def _indexed_block() -> BlockNumber | None:
    return health.indexed_block(resources.postgres(), resources.suite_id())


def _ping_dynamodb() -> None:
    dynamo_health.ping(resources.dynamodb(), settings.required("REDEMPTIONS_TABLE"))


def _head() -> BlockNumber:
    node = Node(resources.rpc_url(), timeout_seconds=HEALTH_TIMEOUT_SECONDS, attempts=1)
    return BlockNumber(int(node.call("eth_blockNumber"), 16))


lambda_handler = serve(app)
