"""How a terminal without a connection judges a code: a reference for those who write terminals.

It uses nothing but the code's text, the clock, and the manifest (domain/offline.py) as received.
What it lets through is provisional: the server settles it later, by POST /verify/scans, and knows
what no manifest tells, above all the code's online tag.
"""

import hmac
from base64 import urlsafe_b64decode

from base45 import b45decode

from onlineticket.domain.offline import Manifest, handle

_LENGTH = 51


def pre_check(text: str, manifest: Manifest, now: int) -> str | None:
    """None: let them in, for now. Else the code of a refusal (domain/refusals.py).

    The terminal itself must remember the handles that it lets in, and refuse them from then on.
    """
    wire = _bytes(text)
    if wire is None or wire[0] >> 4 != 1:
        return "QR_FORGED"
    event_id, token_id = int.from_bytes(wire[1:5]), int.from_bytes(wire[5:13])
    epoch, expires_at = int.from_bytes(wire[13:15]), int.from_bytes(wire[15:19])
    if event_id != manifest.event_id:
        return "WRONG_EVENT"
    root, day = str(wire[0] >> 1 & 7), expires_at // 86_400
    key = next((k.key for k in manifest.keys if (k.key_id, k.day) == (root, day)), None)
    if key is None:
        return "QR_FORGED"
    tag = hmac.digest(_key(key), b"OT-QR-v1" + wire[:27], "sha256")[:8]
    if not hmac.compare_digest(tag, wire[27:35]):
        return "QR_FORGED"
    if now < expires_at - 60 - manifest.tolerance_seconds:
        return "QR_NOT_YET_VALID"
    if now > expires_at + manifest.tolerance_seconds:
        return "QR_EXPIRED"
    if now < manifest.opens_at:
        return "TOO_EARLY"
    if now > manifest.closes_at:
        return "TOO_LATE"
    name = handle(_key(manifest.handle_key), token_id)
    if name in manifest.admitted:
        return "TICKET_ALREADY_USED"
    if name in manifest.revoked:
        return "TICKET_REVOKED"
    # A higher epoch than the manifest knows of is a sale that it has not heard of yet.
    return "QR_SUPERSEDED" if epoch < manifest.moved.get(name, 0) else None


def _bytes(text: str) -> bytes | None:
    """The 51 bytes, by either form of the text; None if it is neither."""
    try:
        wire: bytes = b45decode(text) if len(text) == 77 else urlsafe_b64decode(text)
    except ValueError:
        return None
    return wire if len(wire) == _LENGTH else None


def _key(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
