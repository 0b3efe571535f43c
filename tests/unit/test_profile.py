"""What users may say of themselves."""

from unicodedata import category

import pytest
from hypothesis import given
from hypothesis.strategies import text as texts

from onlineticket.domain import profile, text
from onlineticket.domain.errors import Invalid

PERSIAN = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
"""A word that is written with a zero-width non-joiner."""


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Mina", "Mina"),
        ("  Mina\u3000", "Mina"),
        ("Jose\u0301", "José"),
        ("林小姐", "林小姐"),
        ("Nguyễn Thị", "Nguyễn Thị"),
        (PERSIAN, PERSIAN),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("x" * 50, "x" * 50),
        ("e\u0301" * 50, "é" * 50),
    ],
)
def test_a_name_is_kept_in_its_one_form(typed: str, kept: str) -> None:
    assert profile.display_name(typed) == kept


@pytest.mark.parametrize(
    "typed",
    ["", " ", "\u3000", "x" * 51, "x" * 1_000_000, "a\nb", "a\tb", "a\0b", "a\x7fb", "a\x85b",
     "nimda\u202e", "\u2066admin\u2069", "a\u200eb", "a\u061cb", "a\u200bb", "\ufeffa", "a\u00adb",
     "\u200da", "a\u200d", "a\u2028b", "a\ud800b", "a\ue000b", "a\U000e0041b", "\u3164", "\u2800",
     "a\u00a0b", "a\u0378b", "a" + "\u0300" * 6],
)  # fmt: skip
def test_a_name_holds_nothing_unseen_and_nothing_that_turns_the_line(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        profile.display_name(typed)
    assert (refused.value.code, refused.value.details) == (
        "PROFILE_MALFORMED", {"field": "display_name"},
    )  # fmt: skip


def test_a_name_in_its_one_form_stays_as_it_is() -> None:
    for typed in ("Jose\u0301", " é ", "ㄱㅏ", "ﬁn"):
        once = text.line(typed, most=50)
        assert text.line(once, most=50) == once


@pytest.mark.parametrize(
    "url",
    ["https://example.org", "https://img.example.org/a/b.png?size=2&x=%20", "https://xn--fsq.example/",
     "ipfs://bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi/me.png"],
)  # fmt: skip
def test_a_picture_has_a_plain_public_address(url: str) -> None:
    assert profile.avatar_url(url) == url


@pytest.mark.parametrize(
    "url",
    ["", "http://example.org", "javascript:alert(1)", "data:text/html,x", "//example.org",
     "https://", "https://localhost/", "https://127.0.0.1/a", "https://[::1]/", "https://a@example.org",
     "https://example.org:8080/", "https://example.org/#x", "https://example.org/ a",
     "https://example.org/\"onerror", "https://exämple.org/", "HTTPS://example.org", "https://-a.org/",
     "https://example.org/\n", "ipfs://short", "https://example.org/" + "a" * 512,
     "https://" + "a" * 64 + ".org/", "https://" + "a." * 200 + "org/"],
)  # fmt: skip
def test_no_other_address_is_taken(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        profile.avatar_url(url)
    assert refused.value.details == {"field": "avatar_url"}


def test_of_several_changes_each_is_checked_and_none_clears() -> None:
    assert profile.checked(
        {"display_name": " Mina ", "locale": "zh", "avatar_url": None}
    ) == {"display_name": "Mina", "locale": "zh", "avatar_url": None}  # fmt: skip
    assert profile.checked({}) == {}
    with pytest.raises(Invalid):
        profile.checked({"locale": "en", "display_name": "\u202e"})


@given(texts(max_size=60))
def test_whatever_is_typed_a_name_kept_is_plain_bounded_and_stable(typed: str) -> None:
    try:
        kept = text.line(typed, most=50)
    except ValueError:
        return
    assert 0 < len(kept) <= 50
    assert text.line(kept, most=50) == kept
    assert not {category(char) for char in kept} & {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"}
