"""Rows as Postgres' COPY text format (manual page COPY, "Text Format"), faster than binding."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psycopg import Connection

# A NUL may stand in a Solidity string but not in a Postgres text: U+FFFD replaces it.
_ESCAPES = str.maketrans(
    {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\x00": "\N{REPLACEMENT CHARACTER}"}
)


def copy(conn: "Connection[Any]", into: str, lines: Iterable[str]) -> None:
    """`into`: a table and its columns, as after COPY. Each line ends in a newline."""
    with conn.cursor().copy(f"COPY {into} FROM STDIN") as sink:
        sink.write("".join(lines))


def line_of(times: Sequence[bool], hashes: Sequence[bool], prefix: str) -> Callable[..., str]:
    """A function from a row's values to its line; `prefix` is the column before them all."""
    kinds = [
        _time if is_time else _hash if is_hash else _plain
        for is_time, is_hash in zip(times, hashes, strict=True)
    ]

    def line(values: Sequence[Any]) -> str:
        cells = [
            "\\N" if value is None else kind(value)
            for kind, value in zip(kinds, values, strict=True)
        ]
        return f"{prefix}\t" + "\t".join(cells) + "\n"

    return line


def _plain(value: Any) -> str:
    return value.translate(_ESCAPES) if type(value) is str else str(value)


def _hash(value: str) -> str:
    return "\\\\x" + value[2:]


@lru_cache(maxsize=4096)
def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
