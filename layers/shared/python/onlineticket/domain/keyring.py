"""The current key of a kind and the one before it, so that a rotation invalidates nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys (32 bytes each) under their ids. New work uses `current_id`; checks accept all."""

    current_id: str
    keys: Mapping[str, bytes]

    @property
    def current(self) -> bytes:
        return self.keys[self.current_id]

    def find(self, key_id: str) -> bytes | None:
        return self.keys.get(key_id)


def from_secret(secret: Mapping[str, str]) -> KeyRing:
    """Read `{"id", "secret"}` and, during a rotation, `"previous_id"`, `"previous_secret"`.

    A secret is any text of 32 or more characters; its key is the SHA-256 of it.

    Raises:
        ValueError: a secret is missing or too short, or both have one id.
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
    return KeyRing(str(secret["id"]), keys)
