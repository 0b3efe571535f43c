import pytest
from hypothesis import given
from hypothesis import strategies as st

from onlineticket.api import paging
from onlineticket.domain.errors import Invalid

UINT256 = st.integers(0, 2**256 - 1)
Row = tuple[int, int]


def pages(rows: list[Row], limit: int, grow: list[Row]) -> list[Row]:
    """All rows, page after page, while each row of `grow` is added between two pages."""
    seen: list[Row] = []
    token = None
    while True:
        table = sorted(rows)

        def fetch(after: Row | None, limit: int, table: list[Row] = table) -> list[Row]:
            return [row for row in table if after is None or row > after][:limit]

        shown = paging.page(fetch, lambda row: row, of="rows", limit=limit, token=token)
        seen += shown.items
        token = shown.next_page
        if token is None:
            return seen
        rows = [*rows, grow.pop()] if grow else rows


@given(UINT256, UINT256)
def test_a_token_is_read_as_it_was_written(first: int, second: int) -> None:
    assert paging.read(paging.write((first, second), "list"), "list") == (first, second)


def test_a_token_of_another_list_or_filter_is_refused() -> None:
    with pytest.raises(Invalid, match="next_page"):
        paging.read(paging.write((1, 2), "events status=onsale"), "events")


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    with pytest.raises(Invalid):
        paging.read(text, "list")


@given(st.integers(0, 100), st.sampled_from("AZaz09-_=+/ \n"))
def test_a_token_changed_anywhere_is_refused_or_another_good_one(at: int, by: str) -> None:
    token = paging.write((2**200, 7), "list")
    changed = token[: at % len(token)] + by + token[at % len(token) + 1 :]
    try:
        key = paging.read(changed, "list")
    except Invalid as refusal:
        assert refusal.code == "PAGE_INVALID"  # noqa: PT017
    else:
        assert paging.write(key, "list") == changed


@given(
    st.sets(st.tuples(st.integers(0, 9), st.integers(0, 99)), max_size=30),
    st.integers(1, 10),
    st.sets(st.tuples(st.integers(0, 9), st.integers(100, 199)), max_size=10),
)
def test_pages_neither_skip_nor_repeat_while_rows_are_added(
    rows: set[Row], limit: int, added: set[Row]
) -> None:
    seen = pages(sorted(rows), limit, sorted(added))
    assert seen == sorted(set(seen))
    assert rows <= set(seen) <= rows | added


def test_a_full_last_page_has_no_next() -> None:
    shown = paging.page(
        lambda after, limit: [(1, 1), (2, 2)][:limit], lambda row: row,
        of="rows", limit=2, token=None,
    )  # fmt: skip
    assert shown.next_page is None
