"""A verifier terminal: what its key lets it do, and how functions are told.

Imports nothing heavy: the authorizer runs before every cold scan.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from onlineticket.domain import network, text
from onlineticket.domain.errors import Forbidden, Invalid

ANY = "*"
"""As the only event or gate of a key: all of them."""

ROUTES: Mapping[str, tuple[str, ...]] = {
    "scan": ("POST/v1/verify/scan", "POST/v1/verify/scans"),
    "undo": ("POST/v1/verify/undo",),
    "manifest": ("GET/v1/verify/manifest",),
}
"""Scope -> the routes it opens, as a policy's resources end (method, then path). `undo` makes the
terminal a supervisor's.
"""

GATE = r"[^\x00-\x1f\x7f,]{1,64}"
"""What a gate's name looks like: no comma, which parts names, and nothing invisible."""

MOST_EVENTS, MOST_GATES, MOST_CIDRS, LONGEST_NAME = 50, 20, 20, 64

LONGEST_CONTEXT = 4_096
"""Bytes: API Gateway takes about 8 kB of policy and context from an authorizer."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """A terminal at the door. `events` holds decimal ids, or only ANY; `gates` names, or ANY;
    `cidrs` the networks it may call from, as domain/network.py writes them; empty means anywhere.
    """

    verifier_id: str
    name: str
    events: frozenset[str]
    gates: frozenset[str]
    scopes: frozenset[str]
    cidrs: frozenset[str] = frozenset()

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

    def may_call_from(self, address: str | None) -> bool:
        return not self.cidrs or network.contains(self.cidrs, address)

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
            "cidrs": ",".join(sorted(self.cidrs)),
        }


def from_context(context: Mapping[str, str]) -> Verifier:
    """The terminal that the authorizer let through (see Verifier.to_context)."""

    def names(field: str) -> frozenset[str]:
        return frozenset(filter(None, context.get(field, "").split(",")))

    return Verifier(
        context["verifier_id"], context.get("name", ""), names("events"), names("gates"),
        names("scopes"), names("cidrs"),
    )  # fmt: skip


def well_formed(terminal: Verifier) -> Verifier:
    """The terminal with its texts in their one form, if a key may be made for it.

    Raises:
        Invalid: `VERIFIER_MALFORMED`, `details.field` saying which.
    """
    checked = Verifier(
        terminal.verifier_id,
        _line("name", terminal.name),
        terminal.events,
        frozenset(_line("gates", gate) for gate in terminal.gates),
        terminal.scopes,
        frozenset(_block(block) for block in terminal.cidrs),
    )
    for field, values, most, pattern in (
        ("events", checked.events, MOST_EVENTS, r"\*|[1-9][0-9]{0,77}"),
        ("gates", checked.gates, MOST_GATES, GATE),
        ("scopes", checked.scopes, len(ROUTES), "|".join(ROUTES)),
    ):
        alone = ANY not in values or len(values) == 1
        fitting = all(re.fullmatch(pattern, value) for value in values)
        if not (0 < len(values) <= most and alone and fitting):
            raise _malformed(field)
    if len(checked.cidrs) > MOST_CIDRS:
        raise _malformed("cidrs")
    if len("".join(checked.to_context().values()).encode()) > LONGEST_CONTEXT:
        raise _malformed("events")
    return checked


def _line(field: str, raw: str) -> str:
    try:
        return text.line(raw, most=LONGEST_NAME)
    except ValueError as error:
        raise _malformed(field) from error


def _block(raw: str) -> str:
    try:
        return network.canonical(raw)
    except ValueError as error:
        raise _malformed("cidrs") from error


def _malformed(field: str) -> Invalid:
    return Invalid("VERIFIER_MALFORMED", f"The verifier's {field} can't be used.", field=field)
