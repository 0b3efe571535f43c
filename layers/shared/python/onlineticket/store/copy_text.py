"""Rows as Postgres' COPY text format (manual page COPY, "Text Format"), faster than binding."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psycopg import Connection

# A NUL may stand in a Solidity string but not in a Postgres text: U+FFFD replaces it.
_ESCAPES = str.maketrans(
    {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\x00": "\N{REPLACEMENT CHARACTER}"}
)
_LINES_PER_PART = 500

Writer = Callable[[Any], str]
"""From a value that is not None to its cell."""


def parts(lines: Iterable[str]) -> list[bytes]:
    """The lines, each with its newline, in parts of a size that suits `copy`."""
    source = iter(lines)
    return [part.encode() for part in iter(lambda: "".join(islice(source, _LINES_PER_PART)), "")]


def copy(conn: "Connection[Any]", into: str, parts: Iterable[bytes]) -> None:
    """`into`: a table and its columns, as after COPY."""
    with conn.cursor().copy(f"COPY {into} FROM STDIN") as sink:
        for part in parts:
            sink.write(part)


def line_of(writers: Sequence[Writer | None], prefix: str) -> Callable[[Sequence[Any]], str]:
    """A function from a row's values to its line; `prefix` is the column before them all.

    A column without a writer holds numbers, truth values, and words with nothing to escape.
    """
    width = len(writers)
    special = [(place, write) for place, write in enumerate(writers) if write is not None]
    template = prefix.replace("%", "%%") + "\t%s" * width + "\n"

    def line(values: Sequence[Any]) -> str:
        if len(values) != width:
            raise ValueError(f"{len(values)} values: one argument for each of {width} columns")
        cells = ["\\N" if value is None else value for value in values]
        for place, write in special:
            if values[place] is not None:
                cells[place] = write(values[place])
        return template % tuple(cells)

    return line


def numbers(values: Iterable[int]) -> str:
    return f"{{{','.join(map(str, values))}}}"


def text(value: str) -> str:
    """Any text; most has nothing to escape, and asking is cheaper."""
    return value if value.isalnum() else value.translate(_ESCAPES)


def hash_(value: str) -> str:
    """0x text as bytea."""
    return "\\\\x" + value[2:]


@lru_cache(maxsize=4096)
def time(seconds: int) -> str:
    """Unix seconds as timestamptz."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()
