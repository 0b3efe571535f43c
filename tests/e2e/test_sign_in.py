"""Sign in, refresh, see and end sessions over HTTP, with an account and with contract wallets."""

from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct

from infra.local import cloud, demo
from infra.local.api import Answer, Api
from infra.local.demo import Played
from tests.contract_wallets import Wallets, wrapped

pytestmark = pytest.mark.slow


def message_for(api: Api, played: Played, address: str) -> str:
    asked = {"address": address, "chain_id": demo.chain_id(played.stack)}
    return str(api.expect(200, api.post("/auth/siwe/challenge", asked))["message"])


def sign(account: Any, message: str) -> str:
    return "0x" + bytes(account.sign_message(encode_defunct(text=message)).signature).hex()


def verify(api: Api, message: str, signature: str) -> Answer:
    return api.post("/auth/siwe/verify", {"message": message, "signature": signature})


def signed_in(api: Api, played: Played, account: Any) -> dict[str, Any]:
    message = message_for(api, played, account.address)
    answer = verify(api, message, sign(account, message))
    return dict(api.expect(200, answer))


def refresh(api: Api, tokens: dict[str, Any]) -> Answer:
    return api.post("/auth/refresh", {"refresh_token": tokens["refresh_token"]})


def bearer(tokens: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}


@pytest.fixture(scope="module")
def wallets(played: Played) -> Wallets:
    return Wallets(played.stack.rpc_url)


def test_an_account_signs_in_and_stays_signed_in(api: Api, played: Played) -> None:
    first = signed_in(api, played, Account.create())
    answer = refresh(api, first)
    second = api.expect(200, answer)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["ratelimit-policy"] == '"wallet";q=30;w=60'
    again = api.expect(200, refresh(api, first))
    assert again["refresh_token"] == second["refresh_token"]
    third = api.expect(200, refresh(api, second))
    stolen = refresh(api, first)
    assert (stolen.status, stolen.body["error_code"]) == (401, "REFRESH_TOKEN_REUSED")
    dead = refresh(api, third)
    assert (dead.status, dead.body["error_code"]) == (401, "SESSION_REVOKED")


def test_sessions_are_listed_and_ended(api: Api, played: Played) -> None:
    account = Account.create()
    here, there = signed_in(api, played, account), signed_in(api, played, account)
    listed = api.expect(200, api.get("/auth/sessions", bearer(here)))["items"]
    assert {each["session_id"] for each in listed} == {here["session_id"], there["session_id"]}
    ended = api.delete(f"/auth/sessions/{there['session_id']}", bearer(here))
    assert (ended.status, ended.body) == (204, None)
    assert refresh(api, there).body["error_code"] == "SESSION_REVOKED"
    gone = api.post("/auth/logout", {"refresh_token": here["refresh_token"]})
    assert gone.status == 204
    refused = api.get("/auth/sessions", bearer(here))
    assert (refused.status, refused.body["error_code"]) == (401, "SESSION_REVOKED")


def test_a_contract_wallet_signs_in(api: Api, played: Played, wallets: Wallets) -> None:
    owner = Account.create()
    wallet = wallets.owned(owner)
    message = message_for(api, played, wallet)
    assert verify(api, message, sign(Account.create(), message)).status == 401
    tokens = api.expect(200, verify(api, message, sign(owner, message)))
    assert tokens["wallet"].lower() == wallet
    assert refresh(api, tokens).status == 200


def test_a_wallet_that_is_yet_to_be_deployed_signs_in(
    api: Api, played: Played, wallets: Wallets
) -> None:
    owner = Account.create()
    wallet, factory, prepare = wallets.counterfactual(owner)
    message = message_for(api, played, wallet)
    signature = wrapped(factory, prepare, sign(owner, message))
    tokens = api.expect(200, verify(api, message, signature))
    assert tokens["wallet"].lower() == wallet
    assert wallets.node.call("eth_getCode", [wallet, "latest"]) == "0x"


def test_whoever_fails_too_often_waits_and_others_do_not(api: Api, played: Played) -> None:
    here = {"CloudFront-Viewer-Address": "198.51.100.66:4711"}
    body = {"refresh_token": "otr_nonsense"}
    answers = (api.post("/auth/refresh", body, here) for _ in range(500))
    refused = next(each for each in answers if each.status != 401)
    assert (refused.status, refused.body["error_code"]) == (429, "TOO_MANY_REQUESTS")
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.headers["ratelimit-policy"] == '"failures";q=30;w=60'
    elsewhere = {"CloudFront-Viewer-Address": "198.51.100.67:4711"}
    assert api.post("/auth/refresh", body, elsewhere).status == 401


def test_the_keys_rotate_while_a_session_lives(api: Api, played: Played) -> None:
    """By the deployed function, called as Secrets Manager calls it."""
    tokens = signed_in(api, played, Account.create())
    demo.rotate_key(played.stack, played.stack.jwt_secret)
    assert api.get("/auth/sessions", bearer(tokens)).status == 200
    successor = api.expect(200, refresh(api, tokens))
    assert api.get("/auth/sessions", bearer(successor)).status == 200
    secrets = cloud.client("secretsmanager", played.stack.aws_url)
    value = secrets.get_secret_value(SecretId=played.stack.jwt_secret)["SecretString"]
    assert '"previous_id": "1"' in value
