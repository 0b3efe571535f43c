"""Which language a caller reads, by Accept-Language (RFC 9110 §12.5.4, RFC 4647 §3.3.1)."""

from collections.abc import Mapping
from typing import Any, Literal

from onlineticket.api.codes import CODES
from onlineticket.domain.errors import OnlineTicketError

Language = Literal["en", "zh"]
DEFAULT: Language = "en"
_LONGEST = 500
"""Characters of the header that are looked at: browsers send about forty."""


def preferred(accept_language: str | None) -> Language:
    """The one of ours that the header wants most; English if it wants none of them, or nonsense.

    Every `zh-…` (TW, HK, Hans) is answered in Simplified Chinese, the only one that we have.
    """
    best, most = DEFAULT, 0.0
    for wanted in (accept_language or "")[:_LONGEST].split(","):
        tag, _, parameter = wanted.partition(";")
        quality = _quality(parameter.strip())
        if quality > most and (language := _ours(tag.strip().lower())):
            best, most = language, quality
    return best


def sentence(code: str, details: Mapping[str, Any], language: Language) -> str:
    """What `code` says to people. A code that is not in the table says its own name."""
    entry = CODES.get(code)
    if entry is None:
        return code
    template = entry.zh if language == "zh" else entry.en
    return template.format_map(_Written(details))


def said(error: OnlineTicketError, language: Language) -> str:
    """What `error` says to people: in English its own message, where it has more to say."""
    own = error.message if language == "en" else ""
    return own or sentence(error.code, error.details, language)


class _Written(dict[str, str]):
    """Details as they stand in a sentence; one that is missing is a gap, not a failure."""

    def __init__(self, details: Mapping[str, Any]) -> None:
        super().__init__({name: _written(value) for name, value in details.items()})

    def __missing__(self, name: str) -> str:
        return "…"


def _written(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _ours(tag: str) -> Language | None:
    match tag.split("-")[0]:
        case "zh":
            return "zh"
        case "en" | "*":
            return "en"
    return None


def _quality(parameter: str) -> float:
    """`q=0.8` → 0.8; 1 without one, and 0 for what is not a quality value."""
    if not parameter:
        return 1.0
    name, _, value = parameter.partition("=")
    try:
        quality = float(value) if name.strip().lower() == "q" else 0.0
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0
