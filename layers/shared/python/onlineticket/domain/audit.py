"""The audit log: who did what, when and from where, in chains of hashes.

Entries are written in batches, each a link of a chain: one chain for each event, one for all else.
A link's hash is SHA-256 over the last one's hash (32 zero bytes before the first), the chain's name
and a zero byte, the link's number (8 bytes, big-endian) and its entries as canonical JSON: an array
of objects with the fields of Entry (without `event`), sorted keys, no spaces, ASCII. So a change, a
deletion or an insertion anywhere breaks the chain there; what is cut off its end differs from the
heads that the worker logs, outside the database.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from onlineticket.domain.types import EventId, SuiteId

PLATFORM = "platform"
"""The chain of what concerns no event."""
BEGINNING = bytes(32)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing done. `at` in Unix seconds.

    `actor` is `wallet:0x…`, `verifier:<id>` or `system:<function>`; `action` a dotted word, e.g.
    `verifier.revoked`; `subject` what it was done to, e.g. `ticket:7`; `source` from where: an IP
    address or a gate. `details` holds JSON values, numbers only whole; no secret, token or QR text.
    `event` puts the entry into that event's chain. `once` names the entry within its chain, so that
    writing it again (a replay) adds nothing.
    """

    actor: str
    action: str
    at: int
    subject: str | None = None
    source: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    event: tuple[SuiteId, EventId] | None = None
    once: str | None = None

    @property
    def chain(self) -> str:
        return PLATFORM if self.event is None else f"event:{self.event[0]}:{self.event[1]}"

    def written(self) -> dict[str, Any]:
        """The fields as hashed and stored."""
        return {
            "actor": _text(self.actor),
            "action": _text(self.action),
            "at": self.at,
            "subject": _text(self.subject),
            "source": _text(self.source),
            "details": _storable(dict(self.details)),
            "once": _text(self.once),
        }


def link_hash(
    previous: bytes, chain: str, number: int, written: Sequence[Mapping[str, Any]]
) -> bytes:
    """The hash of link `number` with these entries, each as `Entry.written` gives them."""
    head = previous + chain.encode() + b"\0" + number.to_bytes(8)
    return sha256(head + canonical(list(written)).encode()).digest()


def canonical(value: Any) -> str:
    """JSON of which there is one form: sorted keys, no spaces, ASCII, no fractions."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _storable(value: Any) -> Any:
    """`value` as Postgres gives it back: an entry must never be refused for what a caller sent."""
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Mapping):
        return {_text(str(key)): _storable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(each) for each in value]
    raise TypeError(f"an audit entry holds no {type(value).__name__}")


def _text(text: str | None) -> str | None:
    """Without NUL and lone surrogates, which Postgres does not store."""
    if text is None:
        return None
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
