from hypothesis import given
from hypothesis import strategies as st

from onlineticket.domain import search


@given(st.text(max_size=30), st.text(max_size=30), st.data())
def test_an_event_has_every_gram_of_a_part_of_it(
    name: str, venue: str, data: st.DataObject
) -> None:
    folded = search.fold(f"{name} {venue}".replace("\0", "\N{REPLACEMENT CHARACTER}"))
    start = data.draw(st.integers(0, len(folded)))
    end = data.draw(st.integers(start, len(folded)))
    part = folded[start:end]
    if search.fold(part) == part:
        assert set(search.of_words([part])) <= set(search.of_event(name, venue))


def test_a_gram_is_a_character_or_two_neighbours() -> None:
    assert search.of_words(["aB"]) == (0x61, 0x62, 0x61 << 21 | 0x62)
    assert search.of_words(["a", "b"]) == (0x61, 0x62)
    assert search.of_words([]) == ()


def test_width_case_and_composition_make_no_difference() -> None:
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in "CAFE")
    assert search.of_words([wide + "\N{COMBINING ACUTE ACCENT}"]) == search.of_words(["café"])
    assert search.of_words(["STRASSE"]) == search.of_words(["straße"])


def test_of_very_long_texts_the_beginning_counts() -> None:
    assert search.of_event("x" * 200 + "y", "z" * 200 + "w") == search.of_event(
        "x" * 200, "z" * 200
    )
    assert ord("y") not in search.of_event("x" * 10_000 + "y", None)
