"""GET /events?q=: text search over name and venue, in any script."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onlineticket.domain import search
from tests.reading import DAY, NOW, Rows, at, call, ids, refusal

WIDE = "".join(chr(ord(letter) + 0xFEE0) for letter in "NOCTURNE")
"""In the full-width letters of East Asian fonts."""


@pytest.fixture
def halls(rows: Rows) -> Rows:
    rows.event(1, name="夜曲 Nocturne", venue="北京音乐厅")
    rows.event(2, name="Straßenfest", venue="Gasthof Ölmühle", start_time=at(NOW + 2 * DAY))
    rows.event(3, name=f"{WIDE} ①", venue=None, start_time=at(NOW + 3 * DAY))
    rows.event(4, name="100% under_score \\ 'quoted'", venue="O2", start_time=at(NOW + 4 * DAY))
    rows.event(5, name="ΟΔΟΣ Ὀδυσσεύς", venue="Café", start_time=at(NOW + 5 * DAY))
    return rows


@pytest.mark.usefixtures("halls")
@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("音乐", [1]),
        ("夜", [1]),
        ("乐音", []),
        ("nocturne", [1, 3]),
        ("NOCTURNE 北京", [1]),
        ("北京\N{IDEOGRAPHIC SPACE}夜曲", [1]),
        ("octu", [1, 3]),
        ("nocturne hall", []),
        ("strassenfest", [2]),
        ("STRASSE", [2]),
        ("ölmühle", [2]),
        ("o\N{COMBINING DIAERESIS}lm", [2]),
        ("noctürne", []),
        ("1", [3, 4]),
        ("100%", [4]),
        ("%", [4]),
        ("_", [4]),
        ("un_er", []),
        ("\\", [4]),
        ("'", [4]),
        ("οδος", [5]),
        ("café", [5]),
        ("CAFÉ οδ", [5]),
        ("", [1, 2, 3, 4, 5]),
        (" \t ", [1, 2, 3, 4, 5]),
        ("😀", []),
    ],
)
def test_each_word_must_stand_in_the_name_or_the_venue(q: str, found: list[int]) -> None:
    assert ids("/events", "event_id", q=q) == found


@pytest.mark.usefixtures("halls")
def test_words_go_with_the_other_filters_sorts_and_pages() -> None:
    assert ids("/events", "event_id", q="nocturne", sort="-start_time") == [3, 1]
    assert ids("/events", "event_id", q="nocturne", status="draft") == []
    first = ids("/events", "event_id", q="o", limit=2)
    assert first == [1, 2]


@pytest.mark.usefixtures("halls")
def test_a_page_of_a_search_is_of_that_search_alone() -> None:
    import json

    token = json.loads(call("/events", q="nocturne", limit=1)["body"])["next_page"]
    assert ids("/events", "event_id", q="nocturne", page=token) == [3]
    assert refusal("/events", q="nocturn", page=token) == (400, "PAGE_INVALID")


def test_a_pair_of_characters_counts_only_where_they_are_neighbours(rows: Rows) -> None:
    rows.event(1, name="abxbc", venue="")  # has ab and bc, but no abc
    rows.event(2, name="abc", venue="")
    assert ids("/events", "event_id", q="abc") == [2]


def test_of_very_long_names_the_beginning_is_searched(rows: Rows) -> None:
    rows.event(1, name="x" * 150_000 + " end", venue="ﷺ" * 5_000)
    assert ids("/events", "event_id", q="xxx") == [1]
    assert ids("/events", "event_id", q="end") == []


@pytest.mark.usefixtures("rows")
def test_a_search_text_has_a_longest_length() -> None:
    assert refusal("/events", q="x" * 101) == (400, "BAD_REQUEST")


assigned = st.characters(codec="utf-8", exclude_categories=["Cn"], exclude_characters="\0")
"""Of characters that are yet to be assigned, a newer Unicode may say otherwise."""


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(assigned, max_size=60), st.none() | st.text(assigned, max_size=60))
def test_the_database_folds_as_we_do(conn: Any, name: str, venue: str | None) -> None:
    """What the migration wrote of events that were there, and what is searched closer."""
    [grams, folded] = conn.execute(
        "SELECT search_grams(search_text(%(name)s, %(venue)s)), search_fold(%(name)s)",
        {"name": name, "venue": venue},
    ).fetchone()
    assert tuple(grams) == search.of_event(name, venue)
    assert folded == search.fold(name)
