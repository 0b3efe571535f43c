"""The current key of a kind and the one before it, so that a rotation invalidates nothing.

A new key is first only known, and used once every process has read it: until then one that holds
the older ring would take what the new key made for forged.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

SPREAD = 180
"""Seconds after a rotation in which new work is still done with the previous key. Rings are read
again every minute (rereading.py).
"""
_IDS = 8
"""Key ids count from 0 to 7 and begin again: a QR code has three bits for one."""


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys (32 bytes each) under their ids. New work uses `current_id`; checks accept all."""

    current_id: str
    keys: Mapping[str, bytes]
    seek: Callable[[str], bytes | None] | None = field(default=None, repr=False, compare=False)
    """Looks for a key that is not among them: it may have come since they were read."""

    @property
    def current(self) -> bytes:
        return self.keys[self.current_id]

    def find(self, key_id: str) -> bytes | None:
        """
        Raises:
            Unavailable: it is not known, and can't be looked for now.
        """
        known = self.keys.get(key_id)
        return known if known is not None or self.seek is None else self.seek(key_id)


def from_secret(secret: Mapping[str, str], now: int | None = None) -> KeyRing:
    """Read `{"id", "secret"}` and, after a rotation, `"previous_id"`, `"previous_secret"` and
    `"rotated_at"` (Unix seconds). Without `now` a new key counts as known to all.

    A secret is any text of 32 or more characters; its key is the SHA-256 of it.

    Raises:
        ValueError: a secret is missing or too short, both have one id, or a time is none.
    """
    pairs = [(secret.get("id"), secret.get("secret"))]
    if secret.get("previous_id"):
        pairs.append((secret["previous_id"], secret.get("previous_secret")))
    keys = {}
    for key_id, text in pairs:
        if not key_id or not text or len(text) < 32:
            raise ValueError("a key ring needs ids, and secrets of 32 or more characters")
        if key_id in keys:
            raise ValueError("the current and the previous key have one id")
        keys[key_id] = sha256(text.encode()).digest()
    known_to_all_at = int(secret.get("rotated_at") or 0) + SPREAD
    is_new = now is not None and now < known_to_all_at and len(pairs) == 2
    return KeyRing(str(secret["previous_id"] if is_new else secret["id"]), keys)


def rotated(secret: Mapping[str, str], new_secret: str, now: int) -> dict[str, str]:
    """The secret with `new_secret` as its current key, and the one it has as its previous.

    Raises:
        ValueError: it is no key ring, or its ids are not numbers.
    """
    successor = {
        "id": str((int(secret["id"]) + 1) % _IDS),
        "secret": new_secret,
        "previous_id": secret["id"],
        "previous_secret": secret["secret"],
        "rotated_at": str(now),
    }
    from_secret(successor)
    return successor
