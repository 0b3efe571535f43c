"""What users say of themselves. No e-mail address: nothing here would send to it."""

import re
from collections.abc import Mapping
from typing import Any, Literal

from onlineticket.domain import text
from onlineticket.domain.errors import Invalid

Locale = Literal["en", "zh"]

LONGEST_NAME, LONGEST_URL = 50, 512

_HOST = (
    r"(?=[^/]{1,253}(?:/|$))(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
)
_PATH = r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?(?:\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?"
_AVATAR = re.compile(rf"https://{_HOST}{_PATH}|ipfs://[A-Za-z0-9]{{32,120}}(?:/[A-Za-z0-9._~-]+)*")


def checked(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The changes of a profile in the form that is kept; None clears a field.

    Raises:
        Invalid: `PROFILE_MALFORMED`, `details.field`.
    """
    rules = {"display_name": display_name, "avatar_url": avatar_url}
    return {
        name: rules[name](value) if name in rules and value is not None else value
        for name, value in changes.items()
    }


def display_name(raw: str) -> str:
    """
    Raises:
        Invalid: `PROFILE_MALFORMED`, `details.field`.
    """
    try:
        return text.line(raw, most=LONGEST_NAME)
    except ValueError as error:
        raise _malformed("display_name", str(error)) from error


def avatar_url(raw: str) -> str:
    """An https address of a public host by name (RFC 3986, no port, user or fragment) or an ipfs
    one. We never fetch it; a browser will, so nothing but these schemes gets in.

    Raises:
        Invalid: `PROFILE_MALFORMED`, `details.field`.
    """
    if len(raw) > LONGEST_URL or not _AVATAR.fullmatch(raw):
        raise _malformed("avatar_url", "must be an https:// or ipfs:// URL")
    return raw


def _malformed(field: str, why: str) -> Invalid:
    return Invalid("PROFILE_MALFORMED", f"`{field}` {why}.", field=field)
