"""Holds every answer of the API to what the chain says, field by field."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from infra.local.api import Api
from infra.local.truth import Row, Time, Truth

_NOT_OF_THE_CHAIN = {"updated_block"}
"""The indexer's own bookkeeping: it must be there, and not after the indexed block."""
_LAST_SECOND = 253_402_300_799
"""The end of the year 9999, at which times in answers are clamped."""


def differences(api: Api, truth: Truth, admitted: frozenset[int] = frozenset()) -> list[str]:
    """What the API answers otherwise than the chain, a sentence each; none if all is well.

    `admitted` are the tickets checked in at the door, of which the chain knows nothing.
    """
    return list(_differences(api, truth, admitted))


def size(truth: Truth) -> str:
    types = sum(len(rows) for rows in truth.ticket_types.values())
    return (
        f"{len(truth.events)} events, {types} ticket types, {len(truth.tickets)} tickets, "
        f"{len(truth.listings)} listings, {len(truth.primary)} primary sales, "
        f"{len(truth.auctions)} auctions, {len(truth.trades)} trades"
    )


def _differences(api: Api, truth: Truth, admitted: frozenset[int]) -> Iterator[str]:
    rows = list(api.every("/events", limit="7"))
    listed = {int(row["event_id"]): row for row in rows}
    yield from _same_ids("GET /events", rows, listed, truth.events)
    for event_id, event in truth.events.items():
        one = api.expect(200, api.get(f"/events/{event_id}"))
        yield from _row(f"event {event_id}", one, event, truth)
        yield from _row(f"event {event_id} in its list", listed.get(event_id, {}), event, truth)
        types = api.expect(200, api.get(f"/events/{event_id}/tickets/types"))["items"]
        wanted = truth.ticket_types[event_id]
        if len(types) != len(wanted):
            yield f"event {event_id} has {len(wanted)} ticket types, and {len(types)} are answered"
        for answered, each in zip(types, wanted, strict=False):
            yield from _row(f"event {event_id} type {each['type_id']}", answered, each, truth)
    for token_id, ticket in truth.tickets.items():
        expected = dict(ticket)
        if token_id in admitted and ticket["chain_status"] == "valid":
            expected["status"] = "used"
        answered = dict(api.expect(200, api.get(f"/tickets/{token_id}")))
        if (answered.pop("admitted_at", None) is not None) != (token_id in admitted):
            yield f"ticket {token_id}: admitted_at is wrong about whether it was admitted"
        del expected["admitted_at"]
        yield from _row(f"ticket {token_id}", answered, expected, truth)
    beyond = max(truth.tickets, default=0) + 1
    if api.get(f"/tickets/{beyond}").status != 404:
        yield f"ticket {beyond} does not exist, and is not answered with 404"
    yield from _wallets(api, truth, admitted)
    yield from _market(api, truth)
    yield from _sales(api, truth)


def _wallets(api: Api, truth: Truth, admitted: frozenset[int]) -> Iterator[str]:
    for wallet, token_ids in truth.holders().items():
        rows = list(api.every(f"/wallets/{wallet}/tickets", limit="7"))
        if [int(row["token_id"]) for row in rows] != token_ids:
            yield f"wallet {wallet} has tickets {token_ids}, and others are answered"
            continue
        for token_id, row in zip(token_ids, rows, strict=True):
            expected = {**truth.tickets[token_id], "moves": None}
            del expected["admitted_at"]
            if token_id in admitted and expected["chain_status"] == "valid":
                expected["status"] = "used"
            answered = {name: value for name, value in row.items() if name != "admitted_at"}
            yield from _row(f"ticket {token_id} in {wallet}'s list", answered, expected, truth)


def _market(api: Api, truth: Truth) -> Iterator[str]:
    rows = list(api.every("/market/listings", side="secondary", limit="7"))
    secondary = {int(row["listing_id"]): row for row in rows}
    yield from _same_ids("GET /market/listings", rows, secondary, truth.listings)
    for listing_id, listing in truth.listings.items():
        one = api.expect(200, api.get(f"/market/listings/{listing_id}"))
        yield from _row(f"listing {listing_id}", one, listing, truth)
        in_list = secondary.get(listing_id, {})
        yield from _row(f"listing {listing_id} in its list", in_list, listing, truth)
    rows = list(api.every("/market/listings", side="primary", limit="7"))
    primary = {(int(row["event_id"]), int(row["type_id"])): row for row in rows}
    yield from _same_ids("GET /market/listings?side=primary", rows, primary, truth.primary)
    for key, sale in truth.primary.items():
        yield from _row(f"primary sale {key}", primary.get(key, {}), sale, truth)


def _sales(api: Api, truth: Truth) -> Iterator[str]:
    rows = list(api.every("/market/auctions", limit="7"))
    auctions = {int(row["auction_id"]): row for row in rows}
    yield from _same_ids("GET /market/auctions", rows, auctions, truth.auctions)
    for auction_id, auction in truth.auctions.items():
        yield from _row(f"auction {auction_id}", auctions.get(auction_id, {}), auction, truth)
    rows = list(api.every("/market/trades", limit="7"))
    if len(rows) != len(truth.trades):
        yield f"GET /market/trades: {len(rows)} items, and {len(truth.trades)} on the chain"
    for answered, trade in zip(rows, reversed(truth.trades), strict=False):
        yield from _row(f"trade {trade['block']}.{trade['log_index']}", answered, trade, truth)


def _same_ids(
    what: str, rows: list[Row], answered: Mapping[Any, Row], wanted: Mapping[Any, Row]
) -> Iterator[str]:
    if len(rows) != len(answered):
        yield f"{what}: {len(rows)} items, of which only {len(answered)} are different ones"
    missing, extra = wanted.keys() - answered.keys(), answered.keys() - wanted.keys()
    if missing or extra:
        yield f"{what}: missing {sorted(missing)}, not on the chain {sorted(extra)}"


def _row(what: str, answered: Row, wanted: Row, truth: Truth) -> Iterator[str]:
    unknown = answered.keys() - wanted.keys() - _NOT_OF_THE_CHAIN
    if unknown:
        yield f"{what}: nothing on the chain to hold {', '.join(sorted(unknown))} to"
    if answered.get("updated_block", 0) > truth.block:
        yield f"{what}: updated_block {answered['updated_block']} is after {truth.block}"
    for name, value in wanted.items():
        if name not in answered:
            yield f"{what}: {name} is missing"
        elif not _is_same(answered[name], value):
            yield f"{what}: {name} is {answered[name]!r}, and {value!r} on the chain"


def _is_same(answered: Any, wanted: Any) -> bool:
    if isinstance(wanted, Time):
        if not isinstance(answered, str):
            return False
        moment = datetime.fromisoformat(answered)
        clamped = min(wanted.seconds, _LAST_SECOND)
        return moment.tzinfo is not None and moment.timestamp() == clamped
    if isinstance(wanted, list):
        return (
            isinstance(answered, list)
            and len(answered) == len(wanted)
            and all(map(_is_same, answered, wanted))
        )
    if isinstance(wanted, dict):
        return (
            isinstance(answered, dict)
            and answered.keys() == wanted.keys()
            and all(_is_same(answered[name], value) for name, value in wanted.items())
        )
    return type(answered) is type(wanted) and bool(answered == wanted)
