"""A line of text that people type and others read: one form (NFC, UAX #15), and nothing in it that
is unseen or rearranges what stands beside it (UTS #36, UTS #55).
"""

from unicodedata import category, combining, normalize

_JOINERS = {"\u200c", "\u200d"}
"""Which some scripts and emoji can't do without; only between two other characters."""

_UNSEEN = {"\u034f", "\u115f", "\u1160", "\u17b4", "\u17b5", "\u2800", "\u3164", "\uffa0"}
"""Letters and symbols, by their category, that show nothing."""

_MOST_MARKS = 4
"""Combining marks on one character: Vietnamese has two, vertical scribbles have dozens."""


def line(raw: str, *, most: int) -> str:
    """`raw` in NFC, without the spaces around it: 1 to `most` code points.

    Raises:
        ValueError: says what is wrong.
    """
    if len(raw) > 4 * most:  # before any work on it
        raise ValueError(f"is longer than {most} characters")
    text = normalize("NFC", raw).strip(" \u3000")
    if not text:
        raise ValueError("is empty")
    if len(text) > most:
        raise ValueError(f"is longer than {most} characters")
    marks = 0
    for position, char in enumerate(text):
        if not _is_plain(char) and not (char in _JOINERS and 0 < position < len(text) - 1):
            raise ValueError(f"has a character that can't be used: U+{ord(char):04X}")
        marks = marks + 1 if combining(char) else 0
        if marks > _MOST_MARKS:
            raise ValueError("has too many marks on one character")
    return text


def _is_plain(char: str) -> bool:
    """Not control, format (bidi overrides, tags, zero-width), surrogate, private or unassigned, nor
    a line or paragraph separator, nor a space other than the two that people type.
    """
    kind = category(char)
    if kind.startswith("C") or kind in ("Zl", "Zp") or char in _UNSEEN:
        return False
    return kind != "Zs" or char in " \u3000"
