"""The table of error codes against the source that raises them, both ways."""

from pathlib import Path
from string import Formatter

import pytest

from infra.constructs.rest_api import GATEWAY_ERRORS
from infra.openapi.raised import Site, Source, kinds
from onlineticket.api.codes import CODES, STATUS
from onlineticket.domain import errors
from onlineticket.domain.refusals import REFUSALS

SITES = list(Source().sites())
RAISED = sorted({site.code for site in SITES if site.code})
ANSWERED_BY_THE_GATEWAY = {code for _, code in GATEWAY_ERRORS.values()}


def sites_of(code: str) -> list[Site]:
    return [site for site in SITES if site.code == code]


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def test_the_scan_sees_the_source() -> None:
    """The tests below prove something only if there is something to look at."""
    assert {"TICKET_NOT_FOUND", "TOKEN_MISSING", "RPC_UNAVAILABLE"} <= set(RAISED)
    assert any(site.kind == "Unavailable" for site in sites_of("DATABASE_UNAVAILABLE"))


@pytest.mark.parametrize("code", RAISED)
def test_a_code_that_is_raised_is_in_the_table(code: str) -> None:
    assert code in CODES, [site.where for site in sites_of(code)]


@pytest.mark.parametrize("code", CODES)
def test_a_code_in_the_table_is_raised(code: str) -> None:
    assert code in RAISED or code in ANSWERED_BY_THE_GATEWAY or code in REFUSALS


@pytest.mark.parametrize("code", REFUSALS)
def test_a_refusal_of_the_door_is_used_by_name(code: str) -> None:
    assert code in RAISED


@pytest.mark.parametrize("code", CODES)
def test_a_code_speaks_every_language(code: str) -> None:
    entry = CODES[code]
    assert entry.en.endswith(".")
    assert entry.zh.endswith("。"), f"{code} has no Chinese sentence"
    assert placeholders(entry.en) == placeholders(entry.zh)


@pytest.mark.parametrize("code", RAISED)
def test_a_sentence_finds_its_details_wherever_its_code_is_raised(code: str) -> None:
    needed = placeholders(CODES[code].en)
    for site in sites_of(code):
        assert needed <= site.details, f"{site.where} lacks {needed - site.details}"


def test_a_code_is_written_where_it_is_raised() -> None:
    """Else neither these tests nor the documentation of an operation would see it."""
    unclear = {site.where.split(":")[0] for site in SITES if site.code is None}
    passed_on = {"onlineticket/domain/refusals.py", "onlineticket/api/http.py"}
    assert {path.partition("python/")[2] or path for path in unclear} <= passed_on


def test_a_code_has_the_status_of_its_class_or_is_for_operators_alone() -> None:
    tree = kinds()
    for site in SITES:
        if site.kind and site.code:
            status = STATUS.get(tree[site.kind])
            assert CODES[site.code].status in {status and status.value, None}, site.where


def test_every_branch_of_the_tree_that_reaches_http_has_a_status() -> None:
    tree = set(kinds().values())
    inner = {base for kind in tree for base in kind.__bases__}
    leaves = (tree - inner) | {errors.Invalid}
    assert STATUS.keys() == leaves - {errors.IndexingStopped}


@pytest.mark.parametrize("code", CODES)
def test_each_code_is_named_by_a_test(code: str) -> None:
    mine = Path(__file__)
    tests = (path.read_text() for path in mine.parents[1].rglob("*.py") if path != mine)
    assert any(f'"{code}"' in text for text in tests), f"no test produces {code}"
