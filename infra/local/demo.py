"""`make demo`: from nothing to a ticket holder admitted once and refused the second time.

Everything is said and done over HTTP, through API Gateway; the chain is asked what is true.
"""

import json
import time
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from infra.local import chain, cloud, comparison, truth
from infra.local.api import Api
from infra.local.errors import LocalCloudError
from infra.local.progress import Progress
from infra.local.run import Run
from infra.local.season import PAST_SECONDS, Season
from infra.local.up import Stack, bring_up
from onlineticket.domain import suite
from onlineticket.domain.keyring import from_secret
from onlineticket.dynamo import verifier_keys

GATE = "North"
_INDEXED_SECONDS = 90.0
_SETTLED_SECONDS = 60.0
_DAY = 86_400
_CHAIN_AGE_SECONDS = PAST_SECONDS + _DAY
"""The contracts are a day older than the season."""


@dataclass(frozen=True, slots=True)
class Played:
    """A deployed stack, and the season on its chain."""

    stack: Stack
    season: Season


def play(run: Run, progress: Progress) -> None:
    played = start_season(run, progress)
    stack, season = played.stack, played.season
    api = Api(stack.api_url)
    wait_until_indexed(run, progress, stack)
    compare(progress, stack)
    with progress.step("Wallet signed in") as step:
        tokens = begin_session(api, season.holder_key, chain_id(stack))
        step.say(season.holder)
    with progress.step("Session refreshed") as step:
        token = refresh(api, tokens["refresh_token"])["access_token"]
        step.say(f"session {tokens['session_id']}")
    with progress.step("QR code issued") as step:
        code = issue_code(api, season.demo_token_id, token)
        step.say(f"ticket {season.demo_token_id}: {code}")
    key = verifier_key(stack, season.demo_event_id)
    with progress.step("First scan") as step:
        step.say(_admitted(scan(api, key, code)))
    with progress.step("Second scan") as step:
        step.say(_refused(scan(api, key, code)))
    with progress.step("Check-in settled, and the ticket reads used"):
        wait_until_used(run, api, season.demo_token_id)
    compare(progress, stack, frozenset({season.demo_token_id}))
    run.note(verifier_key=key, wallet_key=season.holder_key)
    _say_goodbye(stack, season, key)


def start_season(run: Run, progress: Progress) -> Played:
    """Everything up, with a season on the chain that the indexer has yet to see."""
    seasons: list[Season] = []

    def on_chain(rpc_url: str, contracts: str) -> None:
        from infra.local import season

        with progress.step("Season played") as step:
            seasons.append(season.play(rpc_url, contracts))
            step.say(f"{int(chain.call(rpc_url, 'eth_blockNumber'), 16)} blocks")

    stack = bring_up(run, progress, on_chain=on_chain, chain_age_seconds=_CHAIN_AGE_SECONDS)
    return Played(stack, seasons[0])


def wait_until_indexed(run: Run, progress: Progress, stack: Stack) -> int:
    """Until GET /health says that the chain's head of now is indexed; returns that block."""
    api = Api(stack.api_url)
    head = int(chain.call(stack.rpc_url, "eth_blockNumber"), 16)

    def is_indexed() -> bool:
        health = api.get("/health")
        indexed = (health.body or {}).get("indexer", {}).get("indexed_block")
        return health.status == 200 and indexed is not None and indexed >= head

    with progress.step("Season indexed") as step:
        run.wait_until("ministack", is_indexed, seconds=_INDEXED_SECONDS)
        step.say(f"block {head}")
    return head


def compare(progress: Progress, stack: Stack, admitted: frozenset[int] = frozenset()) -> None:
    """Hold every event, ticket and listing answered to eth_call.

    Raises:
        LocalCloudError: one differs; each difference has been printed.
    """
    with progress.step("Every answer is what the chain says") as step:
        head = int(chain.call(stack.rpc_url, "eth_blockNumber"), 16)
        known = truth.read(
            stack.rpc_url, suite.parse(stack.contracts), block=head, now=int(time.time())
        )
        found = comparison.differences(Api(stack.api_url), known, admitted)
        if found:
            print("\n".join(f"  {each}" for each in found))
            raise LocalCloudError(f"{len(found)} answers differ from the chain, as listed above.")
        step.say(comparison.size(known))


def sign_in(api: Api, private_key: str, chain_id: int) -> str:
    """An access token for the key's wallet, by EIP-4361."""
    token: str = begin_session(api, private_key, chain_id)["access_token"]
    return token


def begin_session(api: Api, private_key: str, chain_id: int) -> dict[str, Any]:
    """An access token and a refresh token for the key's wallet, by EIP-4361."""
    from eth_account import Account
    from eth_account.messages import encode_defunct

    wallet = Account.from_key(private_key)
    asked = {"address": wallet.address, "chain_id": chain_id}
    message = api.expect(200, api.post("/auth/siwe/challenge", asked))["message"]
    signature = wallet.sign_message(encode_defunct(text=message)).signature.hex()
    signed = {"message": message, "signature": f"0x{signature.removeprefix('0x')}"}
    return dict(api.expect(200, api.post("/auth/siwe/verify", signed)))


def refresh(api: Api, refresh_token: str) -> dict[str, Any]:
    """A new access token, and the refresh token's successor."""
    answer = api.post("/auth/refresh", {"refresh_token": refresh_token})
    return dict(api.expect(200, answer))


def rotate_key(stack: Stack, secret: str) -> None:
    """As Secrets Manager does it in the cloud, four calls of our function.

    Raises:
        LocalCloudError: one of them failed.
    """
    version = str(uuid4())
    for step in ("createSecret", "setSecret", "testSecret", "finishSecret"):
        event = {"Step": step, "SecretId": secret, "ClientRequestToken": version}
        answer = cloud.client("lambda", stack.aws_url).invoke(
            FunctionName=stack.rotate, Payload=json.dumps(event)
        )
        if "FunctionError" in answer:
            raise LocalCloudError(f"{step} of the rotation failed: {answer['Payload'].read()}")


def issue_code(api: Api, token_id: int, access_token: str) -> str:
    """The text of a fresh QR code for a ticket."""
    bearer = {"Authorization": f"Bearer {access_token}"}
    answer = api.expect(200, api.post(f"/tickets/{token_id}/qrcode", {"count": 1}, bearer))
    code: str = answer["codes"][0]["text_base45"]
    return code


def verifier_key(stack: Stack, event_id: int) -> str:
    """A key for a terminal at one gate of one event, made as an operator would."""
    now = int(time.time())
    secrets = cloud.client("secretsmanager", stack.aws_url)
    pepper = secrets.get_secret_value(SecretId=stack.pepper_secret)["SecretString"]
    return verifier_keys.create(
        cloud.client("dynamodb", stack.aws_url),
        stack.verifier_keys_table,
        from_secret(json.loads(pepper)),
        name="Demo terminal",
        events={str(event_id)},
        gates={GATE},
        scopes={"scan"},
        now=now,
        expires_at=now + 30 * _DAY,
    )


def scan(api: Api, key: str, code: str) -> tuple[int, dict[str, object]]:
    body = {"qr": code, "scan_id": str(uuid4()), "gate": GATE}
    answer = api.post("/verify/scan", body, {"x-api-key": key})
    return answer.status, answer.body


def wait_until_used(run: Run, api: Api, token_id: int) -> None:
    def is_used() -> bool:
        return bool(api.expect(200, api.get(f"/tickets/{token_id}"))["status"] == "used")

    run.wait_until("ministack", is_used, seconds=_SETTLED_SECONDS)


def chain_id(stack: Stack) -> int:
    return suite.parse(stack.contracts).chain_id


def _admitted(answer: tuple[int, dict[str, object]]) -> str:
    status, body = answer
    if status != 200 or body.get("verdict") != "admitted":
        raise LocalCloudError(f"The first scan should admit, and answered {status}: {body}")
    return f"admitted {json.dumps(body.get('ticket'), ensure_ascii=False)}"


def _refused(answer: tuple[int, dict[str, object]]) -> str:
    status, body = answer
    if status != 409 or body.get("error_code") != "TICKET_ALREADY_USED":
        raise LocalCloudError(f"The second scan should be refused, and answered {status}: {body}")
    return f"TICKET_ALREADY_USED {json.dumps(body.get('details'), ensure_ascii=False)}"


def _say_goodbye(stack: Stack, season: Season, key: str) -> None:
    url = stack.api_url
    print(f"\nThe API       {url}")
    print(f"EVM node      {stack.rpc_url}")
    print(f"Postgres      {stack.db_url}")
    print(f"AWS endpoint  {stack.aws_url}  (keys test/test, region {cloud.REGION})")
    print("\nTry")
    for path in (
        "/health",
        "/events?limit=5",
        f"/events/{season.demo_event_id}/tickets/types",
        f"/tickets/{season.demo_token_id}",
        "/market/listings?side=secondary",
    ):
        print(f"  curl -s '{url}{path}'")
    print(f"  curl -s -H 'x-api-key: {key}' -H 'content-type: application/json' \\")
    print(f'       -d \'{{"qr": "…", "scan_id": "{uuid4()}"}}\' {url}/verify/scan')
    print("\nEverything goes on running; `make down` stops it.")
