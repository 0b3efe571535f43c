"""A terminal's key: how it is written, kept, checked, rotated and revoked.

The key is `otv_<id>_<secret>`, shown once. We keep HMAC-SHA256(pepper, secret) and which pepper
it was, so that neither the table nor the peppers alone let anyone in. A rotation makes a new secret
under the current pepper; the last one may go on working for a while. The id stays.

Imports nothing heavy: the authorizer runs before every cold scan.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from secrets import token_hex, token_urlsafe
from typing import Any, Literal, get_args

from onlineticket.domain.errors import Conflict, Invalid, Unauthorized
from onlineticket.domain.keyring import KeyRing
from onlineticket.domain.verifier import Verifier

Tier = Literal["standard", "high"]
"""How much a terminal may ask of us: a usage plan each (infra/constructs/usage_plans.py)."""
TIERS: tuple[Tier, ...] = get_args(Tier)

Status = Literal["active", "expired", "revoked"]

SECRETS = 3
"""That may work at a time: the newest, and during an overlap those before. More than two: whoever
rotates again because the answer was lost must not lock out a terminal that still has the first.
"""

SHORTEST_LIFE, LONGEST_LIFE = 60, 400 * 86_400
LONGEST_OVERLAP = 86_400
"""Seconds."""

_KEY = re.compile(r"otv_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class KeptSecret:
    """`hash` is hex, under the pepper `pepper_id`; `until` (Unix seconds) ends an overlap."""

    pepper_id: str
    hash: str
    until: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """A key as kept. Times in Unix seconds; `secrets` newest first.

    `organizer` is the wallet whose events these are, whoever made the key, or ANY for a key to all
    events. `suite` (Suite.identity) is the deployment that the ids belong to; None, for a key that
    an operator put there by hand, is whichever is current. `version` counts the changes.
    """

    verifier: Verifier
    secrets: tuple[KeptSecret, ...]
    organizer: str
    suite: str | None
    tier: Tier
    created_at: int
    created_by: str
    expires_at: int
    rotated_at: int | None = None
    revoked_at: int | None = None
    version: int = 1
    counted: bool = True
    """API Gateway has an API key for it; not for one made by hand, or cleared up after its end."""

    def status(self, now: int) -> Status:
        if self.revoked_at is not None:
            return "revoked"
        return "active" if now < self.expires_at else "expired"


def new_secret() -> str:
    """256 random bits."""
    return token_urlsafe(32)


def new_id() -> str:
    return token_hex(8)


def key_text(verifier_id: str, secret: str) -> str:
    """What the terminal gets."""
    return f"otv_{verifier_id}_{secret}"


def usage_key(verifier_id: str) -> str:
    """The value of the terminal's API key at API Gateway, by which it counts. No secret: it opens
    nothing, for the gateway takes it from our authorizer alone. Letters and digits, 20 or more.
    """
    return f"otvusage{verifier_id}"


def read_key(text: str) -> tuple[str, str] | None:
    """(verifier id, secret) of a key as the terminal sends it; None if it is not one."""
    found = _KEY.fullmatch(text)
    return (found[1], found[2]) if found else None


def hashed(secret: str, pepper: bytes) -> str:
    return hmac.digest(pepper, secret.encode(), "sha256").hex()


def kept(secret: str, peppers: KeyRing) -> KeptSecret:
    return KeptSecret(peppers.current_id, hashed(secret, peppers.current))


def check(
    key: VerifierKey | None,
    secret: str,
    *,
    peppers: KeyRing,
    suite: str,
    address: str | None,
    now: int,
) -> Verifier:
    """The terminal that holds this key and calls from `address`; all refusals are the same.

    Raises:
        Unauthorized: `VERIFIER_KEY_INVALID`.
    """
    nothing = KeptSecret(peppers.current_id, "0" * 64, until=0)
    secrets = key.secrets if key else ()
    genuine = False
    # As many hashes for an unknown key as for any other, so time does not tell them apart.
    for each in (secrets + (nothing,) * SECRETS)[:SECRETS]:
        pepper = peppers.find(each.pepper_id)
        same = hmac.compare_digest(hashed(secret, pepper or peppers.current), each.hash)
        in_time = each.until is None or now < each.until
        genuine |= same and pepper is not None and in_time
    if key is None or not genuine or key.status(now) != "active":
        raise invalid()
    if key.suite not in (None, suite) or not key.verifier.may_call_from(address):
        raise invalid()
    return key.verifier


def check_life(now: int, expires_at: int) -> None:
    """
    Raises:
        Invalid: `VERIFIER_MALFORMED`, the field `expires_at`.
    """
    if not now + SHORTEST_LIFE <= expires_at <= now + LONGEST_LIFE:
        raise Invalid(
            "VERIFIER_MALFORMED", "`expires_at` must lie within the next 400 days.",
            field="expires_at",
        )  # fmt: skip


def rotated(
    key: VerifierKey, secret: str, *, peppers: KeyRing, overlap_seconds: int, now: int
) -> VerifierKey:
    """The key with a new secret. Those so far work for `overlap_seconds` more, or until the end of
    their own overlap if that is sooner.

    Raises:
        Conflict: `VERIFIER_KEY_REVOKED`, `VERIFIER_KEY_EXPIRED`.
    """
    require_active(key, now)
    end = now + overlap_seconds
    last = [replace(each, until=min(each.until or end, end)) for each in key.secrets]
    living = [each for each in last if each.until is not None and now < each.until]
    return replace(
        key, secrets=(kept(secret, peppers), *living[: SECRETS - 1]), rotated_at=now,
        version=key.version + 1,
    )  # fmt: skip


def amended(key: VerifierKey, changes: Mapping[str, Any]) -> VerifierKey:
    """The key with these fields of it or of its verifier changed; lists become sets."""
    known = {field.name for field in fields(Verifier)}
    terms: dict[str, Any] = {}
    others: dict[str, Any] = {}
    for name, value in changes.items():
        to = terms if name in known else others
        to[name] = frozenset(value) if isinstance(value, list) else value
    return replace(key, verifier=replace(key.verifier, **terms), **others)


def require_active(key: VerifierKey, now: int) -> None:
    """
    Raises:
        Conflict: `VERIFIER_KEY_REVOKED`, `VERIFIER_KEY_EXPIRED`: make another one.
    """
    status = key.status(now)
    if status == "revoked":
        raise Conflict("VERIFIER_KEY_REVOKED", "This verifier's key has been revoked.")
    if status == "expired":
        raise Conflict("VERIFIER_KEY_EXPIRED", "This verifier's key has expired.")


def invalid() -> Unauthorized:
    # API Gateway answers 401 to an authorizer that fails with exactly this word, else 500.
    return Unauthorized("VERIFIER_KEY_INVALID", "Unauthorized")
