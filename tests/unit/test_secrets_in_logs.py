"""The search of the logs proves something only if it finds what is there."""

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct

from onlineticket.api import session
from onlineticket.domain import refresh_token, verifier_key
from onlineticket.domain.keyring import from_secret
from onlineticket.domain.session import Session
from onlineticket.domain.types import WalletAddress
from tests import at_the_door, secrets_in_logs

KEYS = from_secret({"id": "1", "secret": "a" * 64})
WALLET = WalletAddress("0x" + "a1" * 20)
SECRETS = {
    "access token": session.mint(Session(WALLET, "user"), keys=KEYS, audience="x", now=1),
    "refresh token": refresh_token.make("0" * 32, 3, KEYS, "1", "before"),
    "verifier's key": verifier_key.key_text(verifier_key.new_id(), verifier_key.new_secret()),
    "signature": "0x"
    + bytes(Account.create().sign_message(encode_defunct(text="x")).signature).hex(),
    "wrapped signature": "0x" + "ab" * 400 + "6492" * 16,
}


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_in_a_line_is_found(name: str) -> None:
    line = f'{{"message": "oops", "value": "{SECRETS[name]}"}}'
    assert [each.split(":")[0] for each in secrets_in_logs.found([line])] == [name]


def test_a_secret_of_the_run_is_found_and_a_plain_line_is_not() -> None:
    assert list(secrets_in_logs.found(["the pepper is abc"], "abc"))
    plain = f'{{"route": "GET /v1/events", "wallet": "{WALLET}", "tx": "0x{"ab" * 32}"}}'
    assert list(secrets_in_logs.found([plain], "abc")) == []


def test_the_text_of_a_code_is_found_wherever_it_stands() -> None:
    code = at_the_door.text()
    assert code in list(secrets_in_logs.code_like(f"scan A{code}Z failed"))
