"""What an organizer may set for the doors of an event: when they are open, and how often a ticket
may come in.
"""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Interval

from onlineticket.domain.errors import Invalid
from onlineticket.domain.types import NO_TRUTH, EventId, TypeId

MAX_ENTRIES = 1
OPENS_BEFORE = 3 * 3600
CLOSES_AFTER = 2 * 3600
"""What holds where nothing is set, and while Postgres is down."""

MOST_ENTRIES = 50
MOST_TYPES = 100
LONGEST_GRACE = 48 * 3600

Entries = Annotated[int, Interval(ge=1, le=MOST_ENTRIES), NO_TRUTH]
Grace = Annotated[int, Interval(ge=0, le=LONGEST_GRACE), NO_TRUTH]


@dataclass(frozen=True, slots=True)
class TypeRule:
    """How often tickets of one type may come in."""

    type_id: TypeId
    max_entries: Entries


@dataclass(frozen=True, slots=True)
class DoorRules:
    """The doors open `opens_before` seconds before the event's start and close `closes_after`
    seconds after its end. A ticket may come in `max_entries` times, leaving in between by a scan
    with `direction: exit`; `types` holds the ticket types of which that is not true.
    """

    event_id: EventId
    max_entries: Entries = MAX_ENTRIES
    opens_before: Grace = OPENS_BEFORE
    closes_after: Grace = CLOSES_AFTER
    types: tuple[TypeRule, ...] = ()


def check_types(rules: DoorRules) -> None:
    """
    Raises:
        Invalid: `DOOR_RULES_MALFORMED`: a ticket type has two rules.
    """
    named = [rule.type_id for rule in rules.types]
    if len(set(named)) < len(named):
        raise Invalid("DOOR_RULES_MALFORMED", "A ticket type has two rules.", field="types")
