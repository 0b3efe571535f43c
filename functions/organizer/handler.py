"""What an organizer runs an event with: the rules of its doors, and the terminals' keys."""

from functools import partial
from time import time
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.openapi.params import Body

from onlineticket import access, resources, settings
from onlineticket.api import door_rules as rules_api
from onlineticket.api import paging, session, verifiers
from onlineticket.api.door_rules import RulesAnswer, RulesWanted
from onlineticket.api.http import http_app, logger, serve
from onlineticket.api.paging import Limit, Page, PageToken
from onlineticket.api.source_address import source_address
from onlineticket.api.verifiers import (
    Organizer,
    Rotation,
    VerifierAnswer,
    VerifierChange,
    VerifierId,
    VerifierWanted,
    VerifierWithKey,
)
from onlineticket.domain.keyring import KeyRing
from onlineticket.domain.session import Session
from onlineticket.domain.types import EventId
from onlineticket.domain.verifier_key import VerifierKey
from onlineticket.dynamo import verifier_keys
from onlineticket.store import audit, door_rules
from onlineticket.usecases import manage_verifiers
from onlineticket.usecases.manage_verifiers import Shown, Wanted
from onlineticket.usecases.set_door_rules import set_door_rules, show_door_rules

app = http_app()


@app.get("/verifiers")
def list_verifiers(
    organizer: Organizer = None, limit: Limit = 20, page: PageToken = None
) -> Response[Page[VerifierAnswer]]:
    now, caller = int(time()), session.current(app)
    whose = manage_verifiers.whose_list(caller, organizer, authority=access.authority(now))
    found = paging.page(
        partial(verifier_keys.page, *_table(), whose),
        verifier_keys.after,
        of=f"verifiers {whose}",
        limit=limit,
        token=page,
    )
    return _private(200, Page([_answer(key, now) for key in found.items], found.next_page))


@app.post("/verifiers")
def create_verifier(wanted: Annotated[VerifierWanted, Body()]) -> Response[VerifierWithKey]:
    now, caller = int(time()), session.current(app)
    usage = resources.usage_keys()
    shown = manage_verifiers.create(
        caller,
        Wanted(
            name=wanted.name,
            events=frozenset(wanted.events),
            gates=frozenset(wanted.gates),
            scopes=frozenset(wanted.scopes),
            cidrs=frozenset(wanted.cidrs),
            tier=wanted.tier,
            expires_at=wanted.expiry(now),
        ),
        authority=access.authority(now),
        peppers=_peppers(),
        suite=settings.current_suite().identity,
        now=now,
        survey=partial(verifier_keys.survey, *_table()),
        put=partial(verifier_keys.put, *_table()),
        add_usage=usage.add,
        remove_usage=usage.remove,
        uncount=partial(verifier_keys.uncount, *_table()),
    )
    _note("verifier.created", caller, shown.key, now)
    return _private(201, _shown(shown, now))


@app.get("/verifiers/<verifier_id>")
def show_verifier(verifier_id: VerifierId) -> Response[VerifierAnswer]:
    now = int(time())
    key = manage_verifiers.find(
        session.current(app), verifier_id, authority=access.authority(now), find_key=_find_key()
    )
    return _private(200, _answer(key, now))


@app.patch("/verifiers/<verifier_id>")
def change_verifier(
    verifier_id: VerifierId, change: Annotated[VerifierChange, Body()]
) -> Response[VerifierAnswer]:
    now, caller = int(time()), session.current(app)
    key = manage_verifiers.change(
        caller,
        verifier_id,
        change.changes(),
        authority=access.authority(now),
        now=now,
        find_key=_find_key(),
        replace_key=partial(verifier_keys.replace, *_table()),
    )
    _note("verifier.changed", caller, key, now)
    return _private(200, _answer(key, now))


@app.post("/verifiers/<verifier_id>/rotate")
def rotate_verifier(
    verifier_id: VerifierId, rotation: Annotated[Rotation | None, Body()] = None
) -> Response[VerifierWithKey]:
    now, caller = int(time()), session.current(app)
    shown = manage_verifiers.rotate(
        caller,
        verifier_id,
        overlap_seconds=(rotation or Rotation()).overlap_seconds,
        authority=access.authority(now),
        peppers=_peppers(),
        now=now,
        find_key=_find_key(),
        replace_key=partial(verifier_keys.replace, *_table()),
        renew_usage=resources.usage_keys().renew,
    )
    _note("verifier.rotated", caller, shown.key, now)
    return _private(200, _shown(shown, now))


@app.delete("/verifiers/<verifier_id>")
def revoke_verifier(verifier_id: VerifierId) -> Response[VerifierAnswer]:
    now, caller = int(time()), session.current(app)
    key = manage_verifiers.revoke(
        caller,
        verifier_id,
        authority=access.authority(now),
        now=now,
        find_key=_find_key(),
        revoke_key=partial(verifier_keys.revoke, *_table()),
        remove_usage=resources.usage_keys().remove,
        uncount=partial(verifier_keys.uncount, *_table()),
    )
    _note("verifier.revoked", caller, key, now)
    return _private(200, _answer(key, now))


@app.get("/events/<event_id>/door-rules")
def show_rules(event_id: EventId) -> Response[RulesAnswer]:
    rules = show_door_rules(
        session.current(app),
        event_id,
        authority=access.authority(int(time())),
        find=partial(door_rules.find, resources.postgres(), resources.suite_id()),
    )
    return _private(200, rules_api.answer(rules))


@app.put("/events/<event_id>/door-rules")
def set_rules(event_id: EventId, wanted: Annotated[RulesWanted, Body()]) -> Response[RulesAnswer]:
    now, caller, rules = int(time()), session.current(app), wanted.rules(event_id)
    suite_id = resources.suite_id()
    set_door_rules(
        caller,
        rules,
        authority=access.authority(now),
        suite_id=suite_id,
        source=source_address(app.current_event.raw_event),
        now=now,
        replace=partial(door_rules.set_with_entry, resources.postgres(), suite_id, caller.wallet),
    )
    logger.info("door_rules.set", event_id=str(event_id))
    return _private(200, rules_api.answer(rules))


def _note(action: str, caller: Session, key: VerifierKey, now: int) -> None:
    """The log line and the audit entry of a change that has been made."""
    logger.info(action, verifier_id=key.verifier.verifier_id)
    entry = manage_verifiers.entry(
        action,
        caller,
        key,
        suite_id=resources.suite_id(),
        source=source_address(app.current_event.raw_event),
        now=now,
    )
    audit.append(resources.postgres(), [entry])


def _shown(shown: Shown, now: int) -> VerifierWithKey:
    return VerifierWithKey(shown.text, _answer(shown.key, now))


def _answer(key: VerifierKey, now: int) -> VerifierAnswer:
    return verifiers.answer(key, pepper_id=_peppers().current_id, now=now)


def _private(status: int, body: Any) -> Response[Any]:
    headers: dict[str, str | list[str]] = {"Cache-Control": "no-store"}
    return Response(status, content_types.APPLICATION_JSON, body, headers)


def _peppers() -> KeyRing:
    return resources.key_ring("PEPPER_SECRET_ARN")


def _find_key() -> manage_verifiers.FindKey:
    return partial(verifier_keys.find, *_table())


def _table() -> tuple[Any, str]:
    return resources.dynamodb(), settings.required("VERIFIER_KEYS_TABLE")


lambda_handler = serve(app)
