import pytest
from hypothesis import given
from hypothesis import strategies as st

from onlineticket.api import validation
from onlineticket.api.languages import preferred, sentence


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("zh", "zh"),
        ("zh-CN", "zh"),
        ("ZH-Hant-TW", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-US,en;q=0.9,zh;q=0.8", "en"),
        ("en;q=0.2, zh ; q=0.3", "zh"),
        ("zh;q=0", "en"),
        ("zh;q=0.0,*", "en"),
        ("fr;q=1,zh;q=0.1", "zh"),
        ("fr-CH, fr;q=0.9, *;q=0.5", "en"),
        ("en,zh", "en"),
        ("zh,en", "zh"),
        ("zh;q=2", "en"),
        ("zh;q=nan", "en"),
        ("zh;level=1", "en"),
        ("zhx", "en"),
        ("," * 100_000 + "zh", "en"),
    ],
)
def test_the_language_wanted_most_is_spoken(header: str | None, language: str) -> None:
    assert preferred(header) == language


@given(st.text())
def test_any_header_has_an_answer(header: str) -> None:
    assert preferred(header) in ("en", "zh")


def test_a_sentence_names_its_details() -> None:
    said = {"supported": [1, 31337]}
    assert sentence("CHAIN_NOT_SUPPORTED", said, "en") == "Sign in on chain 1, 31337."
    assert sentence("CHAIN_NOT_SUPPORTED", {}, "zh") == "请在链 … 上登录。"
    assert sentence("SCOPE_MISSING", {"scope": "{0.__class__}"}, "en").endswith("{0.__class__}.")


def test_a_code_that_is_not_in_the_table_says_its_name() -> None:
    assert sentence("NEVER_HEARD_OF", {}, "zh") == "NEVER_HEARD_OF"


def test_a_rule_without_a_translation_is_said_in_general() -> None:
    problem = {"type": "some_new_rule", "loc": ("body", "a", 3), "msg": "Should be new"}
    assert validation.field_of(problem) == "body.a.3"
    assert validation.sentence("body.a.3", problem, "en") == "body.a.3: Should be new."
    assert validation.sentence("body.a.3", problem, "zh") == "body.a.3：该值无效。"


def test_a_rule_that_does_not_give_its_bound_is_said_in_general() -> None:
    problem = {"type": "less_than_equal", "loc": ("query", "limit")}
    assert validation.sentence("query.limit", problem, "zh") == "query.limit：该值无效。"
