"""From the chain to the door, over HTTP through API Gateway, on the deployed local stack."""

import time
from uuid import uuid4

import pytest
from eth_account import Account

from infra.local import chain, comparison, demo, truth
from infra.local.api import Api
from infra.local.demo import Played
from infra.local.run import Run
from onlineticket.domain import suite

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def token(api: Api, played: Played) -> str:
    return demo.sign_in(api, played.season.holder_key, demo.chain_id(played.stack))


@pytest.fixture(scope="module")
def key(played: Played) -> str:
    return demo.verifier_key(played.stack, played.season.demo_event_id)


def _truth(played: Played) -> truth.Truth:
    stack = played.stack
    head = int(chain.call(stack.rpc_url, "eth_blockNumber"), 16)
    return truth.read(stack.rpc_url, suite.parse(stack.contracts), block=head, now=int(time.time()))


# First in the file: the tests below admit a ticket.
def test_every_event_ticket_and_listing_is_what_the_chain_says(api: Api, played: Played) -> None:
    known = _truth(played)
    assert known.events
    assert known.tickets
    assert known.listings
    assert comparison.differences(api, known) == []


def test_a_difference_in_any_field_is_noticed(api: Api, played: Played) -> None:
    """The comparison above proves something only if it can fail."""
    known = _truth(played)
    event, listing = next(iter(known.events.values())), next(iter(known.listings.values()))
    ticket, types = next(iter(known.tickets.values())), next(iter(known.ticket_types.values()))
    event["venue"] = "elsewhere"
    listing["price"] = "1"
    ticket["transfers"] += 1
    types[0]["sale_end"] = truth.Time(1)
    found = "\n".join(comparison.differences(api, known))
    for field in ("venue", "price", "transfers", "sale_end"):
        assert f": {field} is " in found


def test_health_names_every_dependency(api: Api, played: Played) -> None:
    health = api.expect(200, api.get("/health"))
    assert health["status"] == "ok"
    assert {health[part]["status"] for part in ("postgres", "dynamodb", "rpc", "indexer")} == {"ok"}
    assert health["indexer"]["lag"] == 0


def test_a_list_says_how_fresh_it_is_and_is_not_sent_twice(api: Api, played: Played) -> None:
    first = api.get("/events")
    assert int(first.headers["x-indexed-block"]) > 0
    assert first.headers["cache-control"] == "public, max-age=60"
    again = api.get("/events", {"If-None-Match": first.headers["etag"]})
    assert again.status == 304
    assert again.body is None


def test_a_new_log_is_served_within_seconds(api: Api, played: Played, run: Run) -> None:
    head = int(chain.call(played.stack.rpc_url, "eth_blockNumber"), 16)
    chain.call(played.stack.rpc_url, "anvil_mine", "0x3")

    def is_indexed() -> bool:
        return bool(api.get("/health").body["indexer"]["indexed_block"] >= head + 3)

    run.wait_until("ministack", is_indexed, seconds=10)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/events/999999", "EVENT_NOT_FOUND"),
        ("/events/999999/tickets/types", "EVENT_NOT_FOUND"),
        ("/tickets/999999", "TICKET_NOT_FOUND"),
        ("/nowhere", "NO_SUCH_ROUTE"),
    ],
)
def test_what_does_not_exist_is_a_404_with_a_code(api: Api, path: str, code: str) -> None:
    answer = api.get(path)
    assert answer.status == 404
    assert answer.body["error_code"] == code
    assert set(answer.body) == {"error_code", "message", "details", "request_id"}


def test_a_challenge_is_good_for_one_sign_in(api: Api, played: Played) -> None:
    from eth_account.messages import encode_defunct

    wallet = Account.create()
    asked = {"address": wallet.address, "chain_id": demo.chain_id(played.stack)}
    message = api.expect(200, api.post("/auth/siwe/challenge", asked))["message"]
    signature = "0x" + wallet.sign_message(encode_defunct(text=message)).signature.hex()
    signed = {"message": message, "signature": signature}
    answer = api.expect(200, api.post("/auth/siwe/verify", signed))
    assert answer["wallet"] == wallet.address
    again = api.post("/auth/siwe/verify", signed)
    assert (again.status, again.body["error_code"]) == (401, "NONCE_UNKNOWN")


def test_a_code_is_given_to_nobody_but_the_holder(api: Api, played: Played, token: str) -> None:
    path = f"/tickets/{played.season.demo_token_id}/qrcode"
    assert api.post(path, {"count": 1}).status == 401
    chain_id = demo.chain_id(played.stack)
    stranger = demo.sign_in(api, Account.create().key.hex(), chain_id)
    refused = api.post(path, {"count": 1}, {"Authorization": f"Bearer {stranger}"})
    assert (refused.status, refused.body["error_code"]) == (403, "NOT_TICKET_HOLDER")


def test_a_terminal_without_a_good_key_is_turned_away(api: Api, played: Played, token: str) -> None:
    code = demo.issue_code(api, played.season.demo_token_id, token)
    body = {"qr": code, "scan_id": str(uuid4())}
    for headers in ({}, {"x-api-key": "nonsense"}, {"x-api-key": f"otv_{'0' * 16}_{'A' * 43}"}):
        refused = api.post("/verify/scan", body, headers)
        assert refused.status == 401
        assert refused.body["error_code"] == "UNAUTHORIZED"


def test_a_terminal_of_another_event_does_not_admit(api: Api, played: Played, token: str) -> None:
    other = demo.verifier_key(played.stack, played.season.demo_event_id + 1)
    code = demo.issue_code(api, played.season.demo_token_id, token)
    status, body = demo.scan(api, other, code)
    assert (status, body["error_code"]) == (403, "WRONG_EVENT")


def test_a_holder_is_admitted_once(
    api: Api, played: Played, token: str, key: str, run: Run
) -> None:
    token_id = played.season.demo_token_id
    code = demo.issue_code(api, token_id, token)
    body = {"qr": code, "scan_id": str(uuid4()), "gate": demo.GATE}
    first = api.post("/verify/scan", body, {"x-api-key": key})
    assert first.status == 200
    assert first.body["verdict"] == "admitted"
    retried = api.post("/verify/scan", body, {"x-api-key": key})
    again = {"replayed": True, "request_id": retried.body["request_id"]}
    assert (retried.status, retried.body) == (200, first.body | again)
    status, refused = demo.scan(api, key, code)
    assert (status, refused["error_code"]) == (409, "TICKET_ALREADY_USED")
    demo.wait_until_used(run, api, token_id)
    bearer = {"Authorization": f"Bearer {token}"}
    another = api.post(f"/tickets/{token_id}/qrcode", {"count": 1}, bearer)
    assert (another.status, another.body["error_code"]) == (409, "TICKET_ALREADY_USED")
    admitted = frozenset({token_id})
    assert comparison.differences(api, _truth(played), admitted) == []
