"""An organizer sets the rules of an event's doors: all at once, in the place of those before."""

from collections.abc import Callable

from onlineticket.domain.audit import Entry
from onlineticket.domain.door_rules import DoorRules, check_types
from onlineticket.domain.session import Session
from onlineticket.domain.types import EventId, SuiteId
from onlineticket.usecases.authorize_organizer import (
    Authority,
    require_organizer_of,
    require_writing_organizer_of,
)

FindRules = Callable[[EventId], DoorRules]
ReplaceRules = Callable[[DoorRules, Entry], None]
"""Both or neither; safe to replay."""


def show_door_rules(
    caller: Session, event_id: EventId, *, authority: Authority, find: FindRules
) -> DoorRules:
    """
    Raises:
        NotFound, Forbidden, Unavailable: as require_organizer_of.
    """
    require_organizer_of(caller, event_id, authority=authority)
    return find(event_id)


def set_door_rules(
    caller: Session,
    rules: DoorRules,
    *,
    authority: Authority,
    suite_id: SuiteId,
    source: str | None,
    now: int,
    replace: ReplaceRules,
) -> None:
    """
    Raises:
        Invalid: `DOOR_RULES_MALFORMED`.
        NotFound, Forbidden, Unavailable: as require_writing_organizer_of.
    """
    check_types(rules)
    require_writing_organizer_of(caller, rules.event_id, authority=authority)
    entry = Entry(
        f"wallet:{caller.wallet}", "door_rules.set", now, f"event:{rules.event_id}", source,
        {
            "max_entries": rules.max_entries, "opens_before": rules.opens_before,
            "closes_after": rules.closes_after,
            "types": [[str(rule.type_id), rule.max_entries] for rule in rules.types],
        },
        event=(suite_id, rules.event_id),
    )  # fmt: skip
    replace(rules, entry)
