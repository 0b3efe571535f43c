"""COPY's text format, read back as Postgres' manual says that it is read."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onlineticket.domain.chain_log import LAST_SECOND
from onlineticket.domain.types import UINT256_MAX
from onlineticket.store import copy_text

_BACKSLASHED = {
    "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
}  # fmt: skip


def cells(lines: str) -> list[list[str | None]]:
    """The rows and columns that COPY FROM would see; NULL as None."""
    assert lines.endswith("\n")
    return [[cell(one) for one in line.split("\t")] for line in lines[:-1].split("\n")]


def cell(text: str) -> str | None:
    if text == "\\N":
        return None
    assert text != "\\."
    return re.sub(r"\\(.)", lambda found: _BACKSLASHED.get(found[1], found[1]), text, flags=re.S)


def line_of(*values: Any, prefix: str = "7") -> list[str | None]:
    """The cells of a line whose columns hold any text, or anything else."""
    writers = [copy_text.text if isinstance(value, str) else None for value in values]
    [row] = cells(copy_text.line_of(writers, prefix)(values))
    return row


def test_the_prefix_is_the_column_before_all_others() -> None:
    assert line_of("a", "b", prefix="12") == ["12", "a", "b"]


def test_a_percent_sign_is_a_character_like_any_other() -> None:
    assert line_of("100 %", "%s%d", prefix="%s") == ["%s", "100 %", "%s%d"]


@given(st.lists(st.text() | st.text("\\\t\r\n\0.N'\"ab"), min_size=1, max_size=4))
def test_any_text_comes_out_as_it_went_in_but_for_nul_which_postgres_has_not(
    texts: list[str],
) -> None:
    assert line_of(*texts) == [
        "7",
        *[text.replace("\0", "\N{REPLACEMENT CHARACTER}") for text in texts],
    ]


@pytest.mark.parametrize("text", ["\\N", "\\.", "N", "", "\\\\N", "\\x41", "\u2028", "周杰伦 🎤"])
def test_text_that_looks_like_something_else_is_still_text(text: str) -> None:
    assert line_of(text, None, text) == ["7", text, None, text]


@given(st.integers(-UINT256_MAX, UINT256_MAX))
def test_a_number_is_written_in_full(number: int) -> None:
    assert line_of(number) == ["7", str(number)]
    assert int(str(line_of(number)[1])) == number


def test_truth_is_a_word_that_postgres_knows() -> None:
    assert [str(value).lower() for value in line_of(True, False)[1:]] == ["true", "false"]


def test_none_is_null_in_a_column_of_any_kind() -> None:
    line = copy_text.line_of([copy_text.time, copy_text.hash_, copy_text.text, None], "7")
    assert line((None, None, None, None)) == "7\t\\N\t\\N\t\\N\t\\N\n"


def test_a_hash_is_written_as_bytea_in_hex() -> None:
    [row] = cells(copy_text.line_of([copy_text.hash_], "7")(("0x00ff",)))
    assert row == ["7", "\\x00ff"]


@given(st.integers(0, LAST_SECOND))
def test_a_time_is_written_with_its_zone(seconds: int) -> None:
    [[_, text]] = cells(copy_text.line_of([copy_text.time], "7")((seconds,)))
    assert text is not None
    assert datetime.fromisoformat(text) == datetime.fromtimestamp(seconds, UTC)
    assert text.endswith("+00:00")


def test_the_ends_of_time_have_four_digits_of_year() -> None:
    line = copy_text.line_of([copy_text.time, copy_text.time], "7")
    assert line((0, LAST_SECOND)) == "7\t1970-01-01T00:00:00+00:00\t9999-12-31T23:59:59+00:00\n"


def test_a_row_of_another_width_is_a_bug_and_never_a_shifted_row() -> None:
    line = copy_text.line_of([None, None], "7")
    for values in (("a",), ("a", "b", "c")):
        with pytest.raises(ValueError, match="argument"):
            line(values)


class Sink:
    """A connection that keeps what is copied into it."""

    def __init__(self) -> None:
        self.statement = ""
        self.written = b""

    def cursor(self) -> "Sink":
        return self

    def copy(self, statement: str) -> "Sink":
        self.statement = statement
        return self

    def write(self, part: bytes) -> None:
        self.written += part

    def __enter__(self) -> "Sink":
        return self

    def __exit__(self, *_: object) -> None:
        return None


def test_all_lines_go_into_the_table_by_one_copy() -> None:
    sink: Any = Sink()
    copy_text.copy(sink, "swaps (a, b)", copy_text.parts(iter(["1\t2\n", "3\t4\n"])))
    assert sink.statement == "COPY swaps (a, b) FROM STDIN"
    assert cells(sink.written.decode()) == [["1", "2"], ["3", "4"]]


def test_many_lines_go_in_by_parts_and_none_is_lost() -> None:
    sink: Any = Sink()
    parts = copy_text.parts(f"{number}\n" for number in range(20_000))
    assert len(parts) > 1
    copy_text.copy(sink, "swaps (a)", parts)
    assert sink.written.decode() == "".join(f"{number}\n" for number in range(20_000))
