"""Text search in any script: which characters, and which pairs of neighbours, a text holds.

Words of Chinese are mostly two characters long, and have no spaces between them: three-character
indexes and dictionaries find none of them. Compared is text folded by Unicode (NFKC, then full
case folding). The database folds alike (migrations/0007): a property test holds them together.
"""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise

LONGEST_PART, LONGEST = 200, 2_000
"""Characters searched of a name or a venue; and of both, folded."""

_SHIFT = 21
"""Bits of a character: U+10FFFF is the last."""


def fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


@lru_cache(maxsize=20_000)
def of_event(name: str, venue: str | None) -> tuple[int, ...]:
    """The grams of an event, ascending."""
    text = f"{name[:LONGEST_PART]} {(venue or '')[:LONGEST_PART]}"
    # As it is stored: Postgres' texts have no NUL.
    return _grams([fold(text.replace("\0", "\N{REPLACEMENT CHARACTER}"))[:LONGEST]])


def of_words(words: Iterable[str]) -> tuple[int, ...]:
    """Those that an event must have if each of the words stands in it."""
    return _grams(fold(word) for word in words)


def _grams(folded: Iterable[str]) -> tuple[int, ...]:
    found: set[int] = set()
    for text in folded:
        places = [ord(character) for character in text]
        found.update(places)
        found.update(first << _SHIFT | second for first, second in pairwise(places))
    return tuple(sorted(found))
