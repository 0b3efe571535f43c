from onlineticket.domain.door_rules import DoorRules, TypeRule, check_types
from onlineticket.domain.types import EventId, TypeId
from tests.at_the_door import refusal_of


def test_a_ticket_type_has_one_rule_at_most() -> None:
    one, two = TypeRule(TypeId(0), 1), TypeRule(TypeId(1), 1)
    assert refusal_of(lambda: check_types(DoorRules(EventId(1), types=(one, two)))) == "ok"
    twice = DoorRules(EventId(1), types=(one, one))
    assert refusal_of(lambda: check_types(twice)) == "DOOR_RULES_MALFORMED"
