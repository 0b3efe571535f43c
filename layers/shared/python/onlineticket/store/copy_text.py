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
_LINES_PER_WRITE = 500


def copy(conn: "Connection[Any]", into: str, lines: Iterable[str]) -> None:
    """`into`: a table and its columns, as after COPY. Each line ends in a newline."""
    source = iter(lines)
    with conn.cursor().copy(f"COPY {into} FROM STDIN") as sink:
        # In parts: the server inserts one while we write the next.
        while part := "".join(islice(source, _LINES_PER_WRITE)):
            sink.write(part)


def line_of(times: Sequence[bool], hashes: Sequence[bool], prefix: str) -> Callable[..., str]:
    """A function from a row's values to its line; `prefix` is the column before them all."""
    special = [
        (place, _time if is_time else _hash)
        for place, (is_time, is_hash) in enumerate(zip(times, hashes, strict=True))
        if is_time or is_hash
    ]
    width = len(times)
    template = prefix.replace("%", "%%") + "\t%s" * width + "\n"

    def line(values: Sequence[Any]) -> str:
        if len(values) != width:
            raise ValueError(f"{len(values)} values: one argument for each of {width} columns")
        # Most text is addresses and status names, which have nothing to escape; asking is cheaper.
        cells = [
            "\\N"
            if value is None
            else value.translate(_ESCAPES)
            if type(value) is str and not value.isalnum()
            else value
            for value in values
        ]
        for place, written in special:
            if values[place] is not None:
                cells[place] = written(values[place])
        return template % tuple(cells)

    return line


def _hash(value: str) -> str:
    return "\\\\x" + value[2:]


@lru_cache(maxsize=4096)
def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
