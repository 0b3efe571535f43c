"""The public GET routes: straight from Postgres, as of the last indexed block."""

from functools import partial
from time import time
from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Interval
from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import StringConstraints

from onlineticket import resources, settings
from onlineticket.api import freshness, hot_list, paging
from onlineticket.api.health import STATUS
from onlineticket.api.http import http_app, serve
from onlineticket.api.instants import Instant
from onlineticket.api.paging import Limit, Page, PageToken
from onlineticket.chain.rpc import Node
from onlineticket.domain.auction import Auction, AuctionStatus
from onlineticket.domain.event import Event, EventSort, EventStatus, TicketType
from onlineticket.domain.listing import Listing, ListingSort, ListingStatus, Side
from onlineticket.domain.suite import Registry
from onlineticket.domain.ticket import TicketStatus
from onlineticket.domain.ticket_detail import TicketDetail
from onlineticket.domain.trade import Trade
from onlineticket.domain.types import (
    BlockNumber,
    EventId,
    ListingId,
    SuiteId,
    TokenId,
    WalletAddress,
)
from onlineticket.dynamo import health as dynamo_health
from onlineticket.store import auctions, events, health, listings, registry, tickets, trades
from onlineticket.usecases.check_health import Health, check_health

if TYPE_CHECKING:
    from psycopg import Connection

app = http_app()

fresh = partial(freshness.public, app, max_age_seconds=2)
"""About the time between two passes of the indexer."""
lasting = partial(freshness.public, app, max_age_seconds=60)

HEALTH_TIMEOUT_SECONDS = 2.0

OtherSuite = Annotated[SuiteId | None, Interval(ge=1, le=32_767), Query(alias="suite")]
"""An earlier deployment of the contracts; without it, the current one."""
Words = Annotated[str, StringConstraints(max_length=100), Query()]
"""Parts of words, in any case or width, each of which the name or the venue contains."""


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


@lasting("/events", kept=hot_list.kept)
def list_events(
    status: Annotated[EventStatus | None, Query()] = None,
    organizer: Annotated[WalletAddress | None, Query()] = None,
    q: Words = "",
    starts_from: Annotated[Instant | None, Query(alias="from")] = None,
    starts_to: Annotated[Instant | None, Query(alias="to")] = None,
    sort: Annotated[EventSort, Query()] = "start_time",
    limit: Limit = 20,
    page: PageToken = None,
    suite: OtherSuite = None,
) -> Page[Event]:
    conn, suite_id = _index(suite)
    words = events.words(q)
    chosen = events.Filter(status, organizer, starts_from, starts_to, words, sort)
    return paging.page(
        partial(events.page, conn, suite_id, chosen),
        events.after,
        of=f"events {suite_id} {chosen}",
        limit=limit,
        token=page,
    )


@fresh("/events/<event_id>")
def show_event(event_id: EventId, suite: OtherSuite = None) -> Event:
    return events.get(*_index(suite), event_id)


@fresh("/events/<event_id>/tickets/types")
def list_ticket_types(event_id: EventId, suite: OtherSuite = None) -> Page[TicketType]:
    conn, suite_id = _index(suite)
    events.get(conn, suite_id, event_id)
    return Page(events.ticket_types(conn, suite_id, event_id, now=int(time())))


@fresh("/tickets/<token_id>")
def show_ticket(token_id: TokenId, suite: OtherSuite = None) -> TicketDetail:
    return tickets.get(*_index(suite), token_id, now=int(time()))


@fresh("/wallets/<address>/tickets")
def list_wallet_tickets(
    address: WalletAddress,
    status: Annotated[TicketStatus | None, Query()] = None,
    limit: Limit = 20,
    page: PageToken = None,
    suite: OtherSuite = None,
) -> Page[TicketDetail]:
    conn, suite_id = _index(suite)
    chosen = tickets.Filter(address, status)
    return paging.page(
        partial(tickets.page, conn, suite_id, chosen, now=int(time())),
        tickets.after,
        of=f"tickets {suite_id} {chosen}",
        limit=limit,
        token=page,
    )


@fresh("/market/listings")
def list_listings(
    side: Annotated[Side, Query()] = "secondary",
    event_id: Annotated[EventId | None, Query()] = None,
    status: Annotated[ListingStatus | None, Query()] = None,
    seller: Annotated[WalletAddress | None, Query()] = None,
    sort: Annotated[ListingSort | None, Query()] = None,
    limit: Limit = 20,
    page: PageToken = None,
    suite: OtherSuite = None,
) -> Page[Listing]:
    conn, suite_id = _index(suite)
    chosen = listings.Filter(side, event_id, status, seller, sort)
    return paging.page(
        partial(listings.page, conn, suite_id, chosen, now=int(time())),
        listings.after(chosen),
        of=f"listings {suite_id} {chosen}",
        limit=limit,
        token=page,
    )


@fresh("/market/listings/<listing_id>")
def show_listing(listing_id: ListingId, suite: OtherSuite = None) -> Listing:
    return listings.get(*_index(suite), listing_id, now=int(time()))


@fresh("/market/auctions")
def list_auctions(
    status: Annotated[AuctionStatus | None, Query()] = None,
    event_id: Annotated[EventId | None, Query()] = None,
    token_id: Annotated[TokenId | None, Query()] = None,
    seller: Annotated[WalletAddress | None, Query()] = None,
    limit: Limit = 20,
    page: PageToken = None,
    suite: OtherSuite = None,
) -> Page[Auction]:
    conn, suite_id = _index(suite)
    chosen = auctions.Filter(status, event_id, token_id, seller)
    return paging.page(
        partial(auctions.page, conn, suite_id, chosen, now=int(time())),
        auctions.after,
        of=f"auctions {suite_id} {chosen}",
        limit=limit,
        token=page,
    )


@fresh("/market/trades")
def list_trades(
    side: Annotated[Side | None, Query()] = None,
    event_id: Annotated[EventId | None, Query()] = None,
    token_id: Annotated[TokenId | None, Query()] = None,
    buyer: Annotated[WalletAddress | None, Query()] = None,
    seller: Annotated[WalletAddress | None, Query()] = None,
    limit: Limit = 20,
    page: PageToken = None,
    suite: OtherSuite = None,
) -> Page[Trade]:
    conn, suite_id = _index(suite)
    chosen = trades.Filter(side, event_id, token_id, buyer, seller)
    return paging.page(
        partial(trades.page, conn, suite_id, chosen),
        trades.after,
        of=f"trades {suite_id} {chosen}",
        limit=limit,
        token=page,
    )


@lasting("/contracts")
def list_contracts(suite: OtherSuite = None) -> Registry:
    return Registry(resources.suite_id(), registry.contracts(resources.postgres(), suite))


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
