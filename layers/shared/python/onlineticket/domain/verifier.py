"""A verifier terminal: what its key lets it do, and how the key is written and kept.

The key is `otv_<id>_<secret>`, shown once. We keep HMAC-SHA256(pepper, secret) and which pepper
it was, so that neither the table nor the peppers alone let anyone in.

Imports nothing heavy: the authorizer runs before every cold scan.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from secrets import token_hex, token_urlsafe

from onlineticket.domain.errors import Forbidden, Invalid, Unauthorized
from onlineticket.domain.keyring import KeyRing

ANY = "*"
"""As the only event or gate of a key: all of them."""

ROUTES: Mapping[str, tuple[str, ...]] = {
    "scan": ("POST/v1/verify/scan", "POST/v1/verify/scans"),
    "undo": ("POST/v1/verify/undo",),
    "manifest": ("GET/v1/verify/manifest",),
}
"""Scope -> the routes it opens, as a policy's resources end (method, then path)."""

GATE = r"[^\x00-\x1f\x7f,]{1,64}"
"""What a gate's name looks like: no comma, which parts names, and nothing invisible."""

_KEY = re.compile(r"otv_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class Verifier:
    """A terminal at the door. `events` holds decimal ids, or only ANY; `gates` names, or ANY."""

    verifier_id: str
    name: str
    events: frozenset[str]
    gates: frozenset[str]
    scopes: frozenset[str]

    def require(self, scope: str) -> None:
        """
        Raises:
            Forbidden: `SCOPE_MISSING`.
        """
        if scope not in self.scopes:
            raise Forbidden(
                "SCOPE_MISSING", f"This key lacks the scope {scope}.", scope=scope
            )  # fmt: skip

    def serves_event(self, event_id: int) -> bool:
        return ANY in self.events or str(event_id) in self.events

    def serves_gate(self, gate: str | None) -> bool:
        return gate is None or ANY in self.gates or gate in self.gates

    def gate(self, said: str | None) -> str | None:
        """The gate of a scan: what the terminal said, else the only one that it serves."""
        if said is not None or len(self.gates) != 1 or ANY in self.gates:
            return said
        return next(iter(self.gates))

    def to_context(self) -> dict[str, str]:
        """What the authorizer hands to the functions; API Gateway takes strings only."""
        return {
            "verifier_id": self.verifier_id,
            "name": self.name,
            "events": ",".join(sorted(self.events)),
            "gates": ",".join(sorted(self.gates)),
            "scopes": ",".join(sorted(self.scopes)),
        }


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A key as kept: `secret_hash` is hex, under the pepper `pepper_id`. Times in Unix seconds."""

    verifier: Verifier
    pepper_id: str
    secret_hash: str
    created_at: int
    expires_at: int
    revoked: bool


def from_context(context: Mapping[str, str]) -> Verifier:
    """The terminal that the authorizer let through (see Verifier.to_context)."""

    def names(field: str) -> frozenset[str]:
        return frozenset(filter(None, context.get(field, "").split(",")))

    return Verifier(
        context["verifier_id"], context.get("name", ""),
        names("events"), names("gates"), names("scopes"),
    )  # fmt: skip


def check_well_formed(terminal: Verifier) -> None:
    """Whether a key may be made for this terminal.

    Raises:
        Invalid: `VERIFIER_MALFORMED`, `details.field` saying which.
    """
    rules = (
        ("name", {terminal.name}, GATE),
        ("events", terminal.events, r"\*|[1-9][0-9]{0,77}"),
        ("gates", terminal.gates, GATE),
        ("scopes", terminal.scopes, "|".join(ROUTES)),
    )
    for field, values, pattern in rules:
        if not values or not all(re.fullmatch(pattern, value) for value in values):
            raise Invalid(
                "VERIFIER_MALFORMED", f"The verifier's {field} can't be used.", field=field
            )  # fmt: skip


def new_key() -> tuple[str, str]:
    """A fresh (verifier id, secret); `key_text` is what the terminal gets."""
    return token_hex(8), token_urlsafe(32)


def key_text(verifier_id: str, secret: str) -> str:
    return f"otv_{verifier_id}_{secret}"


def read_key(text: str) -> tuple[str, str]:
    """(verifier id, secret) of a key as the terminal sends it.

    Raises:
        Unauthorized: `VERIFIER_KEY_INVALID`.
    """
    found = _KEY.fullmatch(text)
    if found is None:
        raise invalid()
    return found[1], found[2]


def hashed(secret: str, pepper: bytes) -> str:
    return hmac.digest(pepper, secret.encode(), "sha256").hex()


def check(key: VerifierKey | None, secret: str, *, peppers: KeyRing, now: int) -> Verifier:
    """The terminal that holds this key; one answer for every reason to refuse.

    Raises:
        Unauthorized: `VERIFIER_KEY_INVALID`.
    """
    pepper = peppers.find(key.pepper_id) if key else None
    # An unknown id costs the same hash as a wrong secret, so time does not tell them apart.
    given = hashed(secret, pepper or peppers.current)
    if key is None or pepper is None or not hmac.compare_digest(given, key.secret_hash):
        raise invalid()
    if key.revoked or now >= key.expires_at:
        raise invalid()
    return key.verifier


def invalid() -> Unauthorized:
    # API Gateway answers 401 to an authorizer that fails with exactly this word, else 500.
    return Unauthorized("VERIFIER_KEY_INVALID", "Unauthorized")
