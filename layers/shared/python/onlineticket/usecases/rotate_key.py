"""Rotate a key ring in Secrets Manager, step by step as it asks (its rotation functions' contract).

What is current becomes previous, so nothing that was made with it is refused; the new key is used
once every process has read it (domain/keyring.py). Each step may be repeated.
"""

import json
from collections.abc import Callable
from typing import Protocol

from onlineticket.domain import keyring
from onlineticket.domain.errors import Invalid


class SecretVersions(Protocol):
    """One secret: its version in use, and the one with which this rotation replaces it."""

    def current(self) -> str: ...

    def pending(self) -> str | None: ...

    def keep_pending(self, text: str) -> None: ...

    def promote(self) -> None:
        """Make the pending version the current one; no harm if it is that already."""


def rotate(step: str, secret: SecretVersions, *, now: int, new_secret: Callable[[], str]) -> None:
    """
    Raises:
        Invalid: `ROTATION_STEP_UNKNOWN`.
        ValueError: the secret is no ring of numbered keys; it stays as it is.
    """
    if step == "createSecret":
        if secret.pending() is None:
            rotated = keyring.rotated(json.loads(secret.current()), new_secret(), now)
            secret.keep_pending(json.dumps(rotated))
    elif step == "testSecret":
        keyring.from_secret(json.loads(secret.pending() or "{}"))
    elif step == "finishSecret":
        secret.promote()
    elif step != "setSecret":  # nobody else is to be told of the new key
        raise Invalid("ROTATION_STEP_UNKNOWN", "Secrets Manager asked for a step we do not know.")
