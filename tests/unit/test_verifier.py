"""Terminals: what they may do, and how functions are told."""

from dataclasses import replace
from typing import Any

import pytest

from onlineticket.domain import verifier
from onlineticket.domain.errors import Forbidden, Invalid
from onlineticket.domain.verifier import MOST_CIDRS, MOST_EVENTS, MOST_GATES, Verifier
from tests.at_the_door import TERMINAL


def test_what_the_authorizer_hands_on_reads_back() -> None:
    terminal = replace(TERMINAL, cidrs=frozenset({"192.0.2.0/24", "2001:db8::/32"}))
    assert verifier.from_context(terminal.to_context()) == terminal
    assert all(type(value) is str for value in terminal.to_context().values())
    assert verifier.from_context({"verifier_id": "1"}).scopes == frozenset()
    assert verifier.from_context(TERMINAL.to_context()) == TERMINAL


def test_a_terminal_lacks_the_scopes_that_its_key_was_not_given() -> None:
    TERMINAL.require("scan")
    with pytest.raises(Forbidden) as refused:
        TERMINAL.require("undo")
    assert (refused.value.code, refused.value.details) == ("SCOPE_MISSING", {"scope": "undo"})


def test_without_networks_a_terminal_calls_from_anywhere_and_with_them_from_there() -> None:
    assert TERMINAL.may_call_from(None)
    at_the_hall = replace(TERMINAL, cidrs=frozenset({"192.0.2.0/24"}))
    assert at_the_hall.may_call_from("192.0.2.7")
    assert not at_the_hall.may_call_from("198.51.100.7")
    assert not at_the_hall.may_call_from(None)


MALFORMED: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "name"),
    ({"name": "North\u202etroN"}, "name"),
    ({"events": frozenset()}, "events"),
    ({"events": frozenset({"1,2"})}, "events"),
    ({"events": frozenset({"0"})}, "events"),
    ({"events": frozenset({"\uff11"})}, "events"),
    ({"events": frozenset({"*", "7"})}, "events"),
    ({"events": frozenset(map(str, range(1, MOST_EVENTS + 2)))}, "events"),
    ({"events": frozenset(str(10**77 + n) for n in range(MOST_EVENTS))}, "ok"),
    ({"gates": frozenset({"a,b"})}, "gates"),
    ({"gates": frozenset({"\0"})}, "gates"),
    ({"gates": frozenset({"*", "N1"})}, "gates"),
    ({"gates": frozenset(map(str, range(MOST_GATES + 1)))}, "gates"),
    ({"scopes": frozenset({"all"})}, "scopes"),
    ({"scopes": frozenset()}, "scopes"),
    ({"cidrs": frozenset({"hall"})}, "cidrs"),
    ({"cidrs": frozenset({"192.0.2.1/24"})}, "cidrs"),
    ({"cidrs": frozenset(f"192.0.2.{n}" for n in range(MOST_CIDRS + 1))}, "cidrs"),
]


@pytest.mark.parametrize(("changes", "field"), MALFORMED)
def test_a_terminal_whose_terms_could_not_be_handed_on_gets_no_key(
    changes: dict[str, Any], field: str
) -> None:
    try:
        verifier.well_formed(replace(TERMINAL, **changes))
        found = "ok"
    except Invalid as refused:
        found = refused.details["field"]
    assert found == field


def test_a_context_larger_than_the_gateway_takes_is_refused() -> None:
    many = replace(
        TERMINAL,
        events=frozenset(str(10**77 + n) for n in range(MOST_EVENTS)),
        gates=frozenset(f"{n:02}" + "門" * 60 for n in range(MOST_GATES)),
    )
    with pytest.raises(Invalid) as refused:
        verifier.well_formed(many)
    assert refused.value.code == "VERIFIER_MALFORMED"


def test_a_terminals_texts_are_kept_in_their_one_form() -> None:
    sent = Verifier(
        "1", " Su\u0308d ", frozenset({"7"}), frozenset({"Su\u0308d"}), frozenset({"scan"}),
        frozenset({"::ffff:192.0.2.0/120", "2001:DB8::1"}),
    )  # fmt: skip
    assert verifier.well_formed(sent) == Verifier(
        "1", "Süd", frozenset({"7"}), frozenset({"Süd"}), frozenset({"scan"}),
        frozenset({"192.0.2.0/24", "2001:db8::1/128"}),
    )  # fmt: skip
