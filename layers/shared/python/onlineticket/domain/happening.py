"""What happened, as it is told to those who asked to be told (table outbox)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Happening:
    """`kind` is a dotted word, e.g. `door.entry`; `entity` is what it happened to, in whose order
    it is told, e.g. `ticket:<suite>:<id>`; `payload` is JSON, uint256 as decimal strings.
    """

    kind: str
    entity: str
    payload: Mapping[str, Any]
