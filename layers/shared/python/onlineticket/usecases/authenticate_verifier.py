"""Which terminal holds this key?"""

from collections.abc import Callable

from onlineticket.domain import verifier_key
from onlineticket.domain.keyring import KeyRing
from onlineticket.domain.verifier import Verifier
from onlineticket.domain.verifier_key import VerifierKey

FindKey = Callable[[str], VerifierKey | None]

_NOBODY = ("0" * 16, "A" * 43)
"""Looked up for what is no key at all, so that it costs what a wrong one costs."""


def authenticate_verifier(
    key_text: str,
    *,
    peppers: KeyRing,
    suite: str,
    address: str | None,
    now: int,
    find_key: FindKey,
) -> Verifier:
    """`suite`: the current one's identity; `address`: where the call comes from.

    Raises:
        Unauthorized: `VERIFIER_KEY_INVALID`: malformed, unknown, wrong, rotated out, revoked or
            expired; of another suite; or from an address that it is not for.
    """
    verifier_id, secret = verifier_key.read_key(key_text) or _NOBODY
    return verifier_key.check(
        find_key(verifier_id), secret, peppers=peppers, suite=suite, address=address, now=now
    )
