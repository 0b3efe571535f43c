"""Every field of every answer against the chain's own answers, whatever has happened on it."""

import json
import re
import time
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema_rs
import pytest
from psycopg import Connection

from functions.worker import handler as worker
from infra.local import chain, comparison, contracts, season, truth
from infra.local.api import Answer, Api
from infra.local.run import Run
from infra.local.season import PAST_SECONDS, Season
from infra.local.stage import DAY, ETHER, HOUR, TOKEN, Stage
from infra.local.truth import Truth
from infra.local.wallets import HOLDER, MINA, NOAH, OMAR, PLATFORM
from infra.openapi import document
from infra.routes import ROUTES
from onlineticket import resources, settings
from onlineticket.chain.rpc import Node
from onlineticket.domain import suite as suites
from onlineticket.domain.suite import Suite
from onlineticket.store import registry
from tests import reading
from tests.indexing import index


class HandlerApi(Api):
    """The API without a gateway: the function in this process. It holds what is answered to the
    schema that it is described by, which the function itself does not.
    """

    def __init__(self) -> None:
        super().__init__("")
        self._schemas = _schemas()

    def get(self, path: str, /, headers: Mapping[str, str] | None = None, **query: str) -> Answer:
        answer = reading.call(path, dict(headers or {}), **query)
        body = json.loads(answer["body"])
        if answer["statusCode"] == 200:
            [schema] = [schema for pattern, schema in self._schemas if pattern.fullmatch(path)]
            schema.validate(body)
        return Answer(answer["statusCode"], {}, body)


SERVED = {(route.path, route.function) for route in ROUTES if route.method == "GET"}


@cache
def _schemas() -> list[tuple[re.Pattern[str], Any]]:
    """What a 200 looks like, by the pattern of its path."""
    described = document.build()
    return [
        (_pattern(path), _validator(item["get"]["responses"]["200"], described["components"]))
        for path, item in described["paths"].items()
        if (path, "queries") in SERVED
    ]


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{\w+\}", "[^/]+", path))


def _validator(answer: Any, components: Any) -> Any:
    [content] = answer["content"].values()
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **content["schema"]}
    return jsonschema_rs.Draft202012Validator(
        schema | {"components": components}, validate_formats=True
    )


@pytest.fixture
def old_node(runs: Path) -> Iterator[str]:
    """A node whose chain began long enough ago for a season with a past."""
    run = Run(runs / "old-node")
    run.begin()
    try:
        yield chain.start(run, "--timestamp", str(int(time.time()) - PAST_SECONDS - DAY))
    finally:
        run.stop()


@pytest.fixture
def played(
    old_node: str, conn: Connection[Any], dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> Season:
    file = contracts.deploy(old_node)
    monkeypatch.setenv("CONTRACTS", file)
    monkeypatch.setenv("RPC_URL", old_node)
    registry.register(conn, suites.parse(file))
    return season.play(old_node, file)


def compared(url: str, suite: Suite) -> Truth:
    """What the chain says, to which every answer has been held."""
    index()
    head = int(chain.call(url, "eth_blockNumber"), 16)
    known = truth.read(url, suite, block=head, now=int(time.time()))
    assert comparison.differences(HandlerApi(), known) == []
    return known


def look_over() -> None:
    """What no log tells, the worker reads again."""
    resources.forget()
    context: Any = SimpleNamespace(
        function_name="worker", memory_limit_in_mb=1, invoked_function_arn="", aws_request_id=""
    )
    worker.lambda_handler({}, context)


def statuses(known: Truth) -> dict[int, tuple[str, str]]:
    return {id_: (row["status"], row["chain_status"]) for id_, row in known.listings.items()}


def test_every_field_is_the_chains_after_a_season_and_trades_and_a_reorg(
    old_node: str, played: Season
) -> None:
    node, listing = Node(old_node), played.listings
    suite = settings.current_suite()
    known = compared(old_node, suite)
    assert statuses(known)[listing["expired_in_escrow"]] == ("expired", "active")
    assert statuses(known)[listing["cleaned_up"]] == ("expired", "expired")
    assert statuses(known)[listing["blocked"]] == ("active", "active")
    assert known.listings[listing["blocked"]]["purchasable"] is False
    assert known.listings[listing["in_both"]]["purchasable"] is True
    assert {each["side"] for each in known.trades} == {"primary", "secondary"}
    assert max(len(each["moves"]) for each in known.tickets.values()) > 2
    assert any(each["sold_out"] and each["status"] == "onsale" for each in known.events.values())
    assert known.tickets[played.tickets["stranded"]]["listing_id"] is None
    assert known.auctions

    stage = Stage(node, suite, int(time.time()))
    [silent, *_] = [id_ for id_, row in known.events.items() if row["status"] == "published"]
    update = "updateEvent(uint256,string,string,string,string,uint256,uint256)"
    starts = stage.now + 90 * DAY
    details = (silent, "改名", "Told by no log.", "", "Elsewhere", starts, starts + HOUR)
    stage.play(stage.on_events(PLATFORM, update, *details), age=0)
    index()
    look_over()
    assert compared(old_node, suite).events[silent]["name"] == "改名"
    known = compared(old_node, suite)
    market, ids = stage.on_market, listing
    for transactions in (
        [market(HOLDER, "buyTicketWithEth(uint256)", ids["in_both"], value=12 * ETHER // 1000)],
        [market(OMAR, "buyTicket(uint256)", ids["updated"])],
        [market(MINA, "cancelListing(uint256)", ids["in_eth"])],
        [
            market(
                NOAH, "updateListing(uint256,uint256,uint256,uint256)",
                ids["relisted"], 41 * TOKEN, 0, 2 * HOUR,
            ),
            stage.give(HOLDER, MINA.address, played.demo_token_id),
        ],
    ):  # fmt: skip
        stage.play(*transactions, age=0)
    traded = compared(old_node, suite)
    assert len(traded.trades) == len(known.trades) + 2
    assert statuses(traded)[listing["in_eth"]] == ("cancelled", "cancelled")
    assert traded.tickets[played.demo_token_id]["owner"].lower() == MINA.address

    chain.call(old_node, "anvil_reorg", traded.block - known.block, [])
    chain.call(old_node, "anvil_mine", hex(1))
    undone = compared(old_node, suite)
    assert undone.trades == known.trades
    assert undone.tickets == known.tickets
    assert statuses(undone) == statuses(known)
