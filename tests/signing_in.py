"""The function `auth` behind a gateway of our own: what tests of sign-in begin with."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct

from functions.auth.handler import lambda_handler
from onlineticket.domain import siwe
from onlineticket.domain.types import WalletAddress

ALICE = Account.from_key("0x" + "a1" * 32)
WALLET = WalletAddress(ALICE.address.lower())
TERMS = siwe.Terms("tickets.example", "https://tickets.example/login", 31337)
HOME = "198.51.100.7"
"""Where requests come from unless a test says otherwise."""
SIGNED_OUT = {"TOKEN_MISSING", "TOKEN_INVALID", "TOKEN_EXPIRED"}

CONTRACTS = json.dumps({
    "chain_id": 31337,
    "contracts": {
        name: "0x" + f"{number:040x}"
        for number, name in enumerate(
            ("EventManager", "TicketManager", "Marketplace", "TokenSwap", "PlatformToken"), 1
        )
    },
})  # fmt: skip


def prepare(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the function's environment gives it, but for servers: no node answers."""
    monkeypatch.setenv("STAGE", "test")
    monkeypatch.setenv("CONTRACTS", CONTRACTS)
    monkeypatch.setenv("RPC_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("SIWE_DOMAIN", TERMS.domain)
    monkeypatch.setenv("SIWE_URI", TERMS.uri)


class Answer(tuple[int, Any]):
    """(status, body), with the headers beside them."""

    headers: dict[str, str]

    @property
    def code(self) -> str:
        """The refusal's code, or `ok`."""
        status, body = self
        return "ok" if status < 300 else str(body["error_code"])


def send(
    method: str,
    path: str,
    body: Any = None,
    *,
    source: str = HOME,
    headers: dict[str, str] | None = None,
) -> Answer:
    event = {
        "httpMethod": method,
        "path": f"/v1{path}",
        "headers": {"content-type": "application/json", "user-agent": "Tests"} | (headers or {}),
        "multiValueHeaders": {},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "requestContext": {
            "requestId": "r-1", "stage": "test", "identity": {"sourceIp": source},
        },
        "body": body if isinstance(body, str | None) else json.dumps(body),
        "isBase64Encoded": False,
    }  # fmt: skip
    context: Any = SimpleNamespace(
        function_name="auth", memory_limit_in_mb=1, invoked_function_arn="", aws_request_id=""
    )
    raw = lambda_handler(event, context)
    assert isinstance(raw["body"], str)  # a gateway may stumble over null
    answer = Answer((raw["statusCode"], json.loads(raw["body"]) if raw["body"] else None))
    answer.headers = {name: values[0] for name, values in raw["multiValueHeaders"].items()}
    return answer


def post(path: str, body: Any, **more: Any) -> Answer:
    return send("POST", path, body, **more)


def challenged(address: str = ALICE.address, **more: Any) -> dict[str, Any]:
    status, body = post("/auth/siwe/challenge", {"address": address, "chain_id": 31337}, **more)
    assert status == 200
    return dict(body)


def sign(message: str, account: Any = ALICE) -> str:
    return "0x" + bytes(account.sign_message(encode_defunct(text=message)).signature).hex()


def verify(message: str, signature: str, **more: Any) -> Answer:
    return post("/auth/siwe/verify", {"message": message, "signature": signature}, **more)


def signed_in(account: Any = ALICE, **more: Any) -> dict[str, Any]:
    """The tokens of a new session."""
    message = challenged(account.address, **more)["message"]
    status, body = verify(message, sign(message, account), **more)
    assert status == 200
    return dict(body)


def refresh(token: Any, **more: Any) -> Answer:
    return post("/auth/refresh", {"refresh_token": token}, **more)


def bearer(tokens: dict[str, Any]) -> dict[str, str]:
    return {"authorization": f"Bearer {tokens['access_token']}"}


def sessions(tokens: dict[str, Any]) -> list[dict[str, Any]]:
    status, body = send("GET", "/auth/sessions", headers=bearer(tokens))
    assert status == 200
    return list(body["items"])
