"""Attacks on terminals' keys: one row, one test. Real Postgres at the door, moto elsewhere.

A row makes a key (or several), tries something, and says what must come of it. Those on organizers'
endpoints and on roles are in test_organizer_attacks.py; those on the gateway's own part (rates,
reused verdicts) in tests/e2e/test_terminal_keys.py, on the deployed stack.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import time
from typing import Any
from uuid import uuid4

import pytest

from functions.tickets.handler import lambda_handler as tickets
from functions.verifier_auth.handler import lambda_handler as authorizer
from functions.verify.handler import lambda_handler as verify
from onlineticket import resources, settings
from onlineticket.api import session
from onlineticket.domain import verifier_key
from onlineticket.domain.session import Session
from onlineticket.dynamo import verifier_keys
from tests.at_the_door import ALICE, EVENT, SUITE, TOKEN
from tests.door_rows import CONTEXT, authorizer_event, insert_ticket, post, set_environment
from tests.organizer_rows import opened

HALL, HALL_V6 = "203.0.113.0/24", "2001:db8:5::/48"
INSIDE, INSIDE_V6, OUTSIDE, OUTSIDE_V6 = (
    "203.0.113.9",
    "2001:db8:5::9",
    "198.51.100.9",
    "2001:db9::9",
)
DAY = 86_400
NO: list[str] = []
"""No route is opened: 401."""
SCAN = ["POST/v1/verify/scan", "POST/v1/verify/scans"]


@dataclass(frozen=True, slots=True)
class Door:
    """What an attacker may have: keys of all kinds, codes of a ticket of event 7."""

    monkeypatch: pytest.MonkeyPatch

    def key(self, **changes: Any) -> str:
        terms: dict[str, Any] = {
            "name": "North", "events": {str(EVENT)}, "gates": {"N1"}, "scopes": {"scan"},
            "now": int(time()), "expires_at": int(time()) + DAY,
        }  # fmt: skip
        return verifier_keys.create(*self.store(), self.peppers(), **(terms | changes))

    def store(self) -> tuple[Any, str]:
        return resources.dynamodb(), settings.required("VERIFIER_KEYS_TABLE")

    def peppers(self) -> Any:
        return resources.key_ring("PEPPER_SECRET_ARN")

    def amended(self, key: str, **changes: Any) -> str:
        """The key, after what is kept of it was changed behind the API's back."""
        kept = verifier_keys.find(*self.store(), id_of(key))
        assert kept is not None
        assert verifier_keys.replace(*self.store(), replace(kept, version=2, **changes))
        return key

    def rotated(self, key: str, overlap: int, ago: int) -> str:
        """The key, which was rotated `ago` seconds ago: not the new one."""
        kept = verifier_keys.find(*self.store(), id_of(key))
        assert kept is not None
        secret = verifier_key.new_secret()
        after = verifier_key.rotated(
            kept, secret, peppers=self.peppers(), overlap_seconds=overlap, now=int(time()) - ago
        )
        assert verifier_keys.replace(*self.store(), after)
        return key

    def scan(self, key: str, gate: str = "N1", **how: Any) -> str:
        """What the door says to a good code, with the verdict that the authorizer gives."""
        policy = authorizer(authorizer_event(key, source=how.pop("judged", INSIDE)), CONTEXT)
        code = post(tickets, f"/tickets/{TOKEN}/qrcode", wallet=ALICE)[1]["codes"][0]
        body = {"qr": code["text_base45"], "scan_id": str(uuid4()), "gate": gate}
        status, answer, _ = post(verify, "/verify/scan", body, terminal=policy["context"], **how)
        return str(answer.get("error_code") or status)


def id_of(key: str) -> str:
    return key.split("_")[1]


def secret_of(key: str) -> str:
    return key.split("_", 2)[2]


@pytest.fixture
def door(conn: Any, dynamodb: Any, secrets: None, monkeypatch: pytest.MonkeyPatch) -> Door:
    set_environment(monkeypatch)
    insert_ticket(conn)
    return Door(monkeypatch)


Row = tuple[str, Callable[[Door], Any], Any]


def after_revocation(door: Door) -> Any:
    key = door.key()
    assert opened(key) == SCAN
    verifier_keys.revoke(*door.store(), id_of(key), int(time()))
    return opened(key)


def swapped_pepper(door: Door) -> Any:
    """Somebody who may write secrets puts a pepper of theirs in, under the old id."""
    import boto3

    key = door.key()
    forged = json.dumps({"id": "1", "secret": "of an attacker, 32 characters long"})
    boto3.client("secretsmanager").put_secret_value(
        SecretId=settings.required("PEPPER_SECRET_ARN"), SecretString=forged
    )
    resources.forget()
    return opened(key)


def spoofed(door: Door, named: str, sent: str) -> Any:
    door.monkeypatch.setenv("SOURCE_ADDRESS_HEADER", named)
    return opened(door.key(cidrs={HALL}), source=OUTSIDE, headers={sent: INSIDE})


def a_token(door: Door) -> str:
    keys, audience = session.key_ring(), session.audience()
    return session.mint(Session(ALICE, "admin"), keys=keys, audience=audience, now=int(time()))


def injected(door: Door, headers: dict[str, str]) -> Any:
    """A scan past the gateway's authorizer, with its answer forged in headers."""
    body = {"qr": "x", "scan_id": str(uuid4())}
    return post(verify, "/verify/scan", body, more_headers=headers)[1]["error_code"]


FORGED = {
    "verifier_id": "1", "events": "*", "gates": "*", "scopes": "scan",
    "x-amzn-authorizer": '{"verifier_id": "1"}', "requestContext": '{"authorizer": {}}',
}  # fmt: skip

ATTACKS: list[Row] = [
    # The key
    ("none at all", lambda d: opened(), NO),
    ("an empty one", lambda d: opened(""), NO),
    ("revoked", after_revocation, NO),
    ("expired", lambda d: opened(d.key(expires_at=int(time()))), NO),
    ("rotated out, at once", lambda d: opened(d.rotated(d.key(), 0, 0)), NO),
    ("rotated out, after the overlap",
     lambda d: opened(d.rotated(d.key(), 60, 60)), NO),
    ("rotated, within the overlap: good",
     lambda d: opened(d.rotated(d.key(), 60, 30)), SCAN),
    ("unknown id with a good secret",
     lambda d: opened(verifier_key.key_text("0" * 16, secret_of(d.key()))), NO),
    ("another key's secret",
     lambda d: opened(verifier_key.key_text(id_of(d.key()), secret_of(d.key()))), NO),
    ("guessed secret", lambda d: opened(verifier_key.key_text(id_of(d.key()), "A" * 43)), NO),
    ("the hash instead of the secret",
     lambda d: opened(verifier_key.key_text(id_of(k := d.key()),
                      verifier_key.hashed(secret_of(k), d.peppers().current)[:43])), NO),
    ("truncated", lambda d: opened(d.key()[:-1]), NO),
    ("padded", lambda d: opened(d.key() + "A"), NO),
    ("with a newline", lambda d: opened(d.key() + "\n"), NO),
    ("with a NUL", lambda d: opened(d.key() + "\0"), NO),
    ("between spaces", lambda d: opened(f" {d.key()} "), NO),
    ("in capitals", lambda d: opened(d.key().upper()), NO),
    ("with a letter's unicode twin", lambda d: opened(d.key().replace("o", "\u043e", 1)), NO),
    ("in full-width letters",
     lambda d: opened("".join(chr(ord(c) + 0xFEE0) for c in d.key())), NO),
    ("a lone surrogate", lambda d: opened("\ud800" * 64), NO),
    ("a megabyte", lambda d: opened(d.key() + "A" * 2**20), NO),
    ("two keys, the good one last", lambda d: opened("nonsense", d.key()), NO),
    ("two keys, the good one first", lambda d: opened(d.key(), d.key(scopes={"undo"})), NO),
    ("two keys in one header", lambda d: opened(f"{d.key()}, {d.key()}"), NO),
    ("the gateway's own key of the terminal",
     lambda d: opened(verifier_key.usage_key(id_of(d.key()))), NO),
    ("an admin's access token", lambda d: opened(a_token(d)), NO),
    ("as Authorization", lambda d: opened(d.key(), header="authorization"), NO),
    ("pepper swapped under its id", swapped_pepper, NO),
    ("hash planted without a pepper",
     lambda d: opened(d.amended(d.key(), secrets=(verifier_key.KeptSecret("9", "0" * 64),))), NO),
    ("of an earlier suite",
     lambda d: opened(d.amended(d.key(), suite=f"{SUITE.chain_id}:0x{'9' * 40}")), NO),
    ("of the same contracts on another chain",
     lambda d: opened(d.amended(d.key(), suite=f"1:{SUITE.event_manager}")), NO),
    # Where it is used
    ("from the hall: good", lambda d: opened(d.key(cidrs={HALL}), source=INSIDE), SCAN),
    ("from elsewhere", lambda d: opened(d.key(cidrs={HALL}), source=OUTSIDE), NO),
    ("from the hall by IPv6: good",
     lambda d: opened(d.key(cidrs={HALL_V6}), source=INSIDE_V6), SCAN),
    ("from elsewhere by IPv6", lambda d: opened(d.key(cidrs={HALL_V6}), source=OUTSIDE_V6), NO),
    ("an IPv4-mapped address of the hall: good",
     lambda d: opened(d.key(cidrs={HALL}), source=f"::ffff:{INSIDE}"), SCAN),
    ("an IPv4-mapped address of elsewhere",
     lambda d: opened(d.key(cidrs={HALL}), source=f"::ffff:{OUTSIDE}"), NO),
    ("an IPv4-mapped address against all of IPv6",
     lambda d: opened(d.key(cidrs={"::/0"}), source=f"::ffff:{INSIDE}"), NO),
    ("an IPv4-compatible address", lambda d: opened(d.key(cidrs={HALL}), source=f"::{INSIDE}"), NO),
    ("no address that one can read", lambda d: opened(d.key(cidrs={HALL}), source="hall"), NO),
    ("spoofed X-Forwarded-For", lambda d: spoofed(d, "", "X-Forwarded-For"), NO),
    ("spoofed CloudFront-Viewer-Address past CloudFront",
     lambda d: spoofed(d, "", "CloudFront-Viewer-Address"), NO),
    ("spoofed X-Forwarded-For where another header counts",
     lambda d: spoofed(d, "CloudFront-Viewer-Address", "X-Forwarded-For"), NO),
    ("a verdict found for the hall, reused from elsewhere",
     lambda d: d.scan(d.key(cidrs={HALL}), source=OUTSIDE), "VERIFIER_KEY_INVALID"),
    ("the same from the hall: good", lambda d: d.scan(d.key(cidrs={HALL}), source=INSIDE), "200"),
    # What it is used for
    ("at another event", lambda d: d.scan(d.key(events={"8"})), "WRONG_EVENT"),
    ("at an event whose id begins alike", lambda d: d.scan(d.key(events={"77"})), "WRONG_EVENT"),
    ("at another gate", lambda d: d.scan(d.key(), gate="S1"), "WRONG_GATE"),
    ("at the gate \"*\"", lambda d: d.scan(d.key(), gate="*"), "WRONG_GATE"),
    ("without the scope: routes", lambda d: opened(d.key(scopes={"manifest"})),
     ["GET/v1/verify/manifest"]),
    ("without the scope: the function", lambda d: d.scan(d.key(scopes={"undo"})), "SCOPE_MISSING"),
    ("with the authorizer's answer in headers", lambda d: injected(d, FORGED),
     "VERIFIER_KEY_MISSING"),
    ("asking for a route by the policy's wildcard",
     lambda d: [r for r in opened(d.key(), route="POST/v1/*") if "*" in r], []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("tried", "expected"), [r[1:] for r in ATTACKS], ids=[r[0] for r in ATTACKS]
)
def test_a_terminals_key_is_good_for_what_it_was_made_for_and_no_more(
    door: Door, tried: Callable[[Door], Any], expected: Any
) -> None:
    assert tried(door) == expected
