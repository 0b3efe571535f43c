"""Find out which terminal holds a key."""

from collections.abc import Callable

from onlineticket.domain import verifier
from onlineticket.domain.keyring import KeyRing
from onlineticket.domain.verifier import Verifier, VerifierKey

FindKey = Callable[[str], VerifierKey | None]


def authenticate_verifier(
    key_text: str, *, peppers: KeyRing, now: int, find_key: FindKey
) -> Verifier:
    """
    Raises:
        Unauthorized: `VERIFIER_KEY_INVALID`: malformed, unknown, wrong, revoked or expired.
    """
    verifier_id, secret = verifier.read_key(key_text)
    return verifier.check(find_key(verifier_id), secret, peppers=peppers, now=now)
