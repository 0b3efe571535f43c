"""The rules of an event's doors, as an organizer sends and sees them."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Len

from onlineticket.domain import door_rules
from onlineticket.domain.door_rules import MOST_TYPES, DoorRules, Entries, Grace, TypeRule
from onlineticket.domain.types import EventId


@dataclass(frozen=True, slots=True)
class RulesWanted:
    """What is left out is the default: one entry, from 3 hours before the event's start to 2 hours
    after its end. `types` holds the ticket types that may come in more or less often.
    """

    max_entries: Entries = door_rules.MAX_ENTRIES
    opens_before_seconds: Grace = door_rules.OPENS_BEFORE
    closes_after_seconds: Grace = door_rules.CLOSES_AFTER
    types: Annotated[list[TypeRule], Len(0, MOST_TYPES)] | None = None

    def rules(self, event_id: EventId) -> DoorRules:
        return DoorRules(
            event_id, self.max_entries, self.opens_before_seconds, self.closes_after_seconds,
            tuple(sorted(self.types or [], key=lambda rule: rule.type_id)),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class RulesAnswer:
    event_id: EventId
    max_entries: int
    opens_before_seconds: int
    closes_after_seconds: int
    types: list[TypeRule]


def answer(rules: DoorRules) -> RulesAnswer:
    return RulesAnswer(
        rules.event_id, rules.max_entries, rules.opens_before, rules.closes_after,
        list(rules.types),
    )  # fmt: skip
