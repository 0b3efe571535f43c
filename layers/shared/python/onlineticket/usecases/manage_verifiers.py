"""An organizer's terminals: make, change, rotate and revoke their keys.

Who may is in usecases/authorize_organizer.py: the events' own organizer or an admin; only an admin
may make a key for every event. All events of a key have one organizer, who sees it in the list
whoever made it.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from onlineticket.domain import verifier, verifier_key
from onlineticket.domain.audit import Entry
from onlineticket.domain.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    RuleBroken,
    Unavailable,
)
from onlineticket.domain.keyring import KeyRing
from onlineticket.domain.session import Session
from onlineticket.domain.types import EventId, SuiteId
from onlineticket.domain.verifier import ANY, Verifier
from onlineticket.domain.verifier_key import Tier, VerifierKey
from onlineticket.usecases.authorize_organizer import (
    Authority,
    organizer_of,
    require_admin,
    require_organizer,
    require_writing_organizer_of,
)

FindKey = Callable[[str], VerifierKey | None]
PutKey = Callable[[VerifierKey], None]
ReplaceKey = Callable[[VerifierKey], bool]
"""False if another change came first."""
RevokeKey = Callable[[str, int], VerifierKey | None]
SetUsage = Callable[[VerifierKey, str], None]
"""(key, its newest text): lets the gateway count the terminal."""
RemoveUsage = Callable[[str], None]
Survey = Callable[[str, int], tuple[int, list[str]]]
"""(organizer, now) -> how many keys of theirs work, and the ids of those that are over and that the
gateway still counts; it may lag by a moment."""
Uncount = Callable[[str], None]

MOST_KEYS = 200
"""Of one organizer at a time, so that nobody uses up the account's 10,000."""

_CLEARED_AT_ONCE = 3
"""Keys that are over and are cleared up at the gateway whenever one is made: more than come in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a terminal is to be; texts as the caller sent them."""

    name: str
    events: frozenset[str]
    gates: frozenset[str]
    scopes: frozenset[str]
    cidrs: frozenset[str]
    tier: Tier
    expires_at: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A key with its text, which can't be had again."""

    key: VerifierKey
    text: str


def create(
    caller: Session,
    wanted: Wanted,
    *,
    authority: Authority,
    peppers: KeyRing,
    suite: str,
    now: int,
    survey: Survey,
    put: PutKey,
    add_usage: SetUsage,
    remove_usage: RemoveUsage,
    uncount: Uncount,
) -> Shown:
    """
    Raises:
        Invalid: `VERIFIER_MALFORMED`.
        NotFound, Forbidden, Unavailable: as require_writing_organizer_of.
        RuleBroken: `TOO_MANY_VERIFIERS`.
        Unavailable: `GATEWAY_UNAVAILABLE`, `DYNAMODB_UNAVAILABLE`; nothing was made that works.
    """
    terminal = verifier.well_formed(
        Verifier(
            verifier_key.new_id(), wanted.name, wanted.events, wanted.gates, wanted.scopes,
            wanted.cidrs,
        )
    )  # fmt: skip
    verifier_key.check_life(now, wanted.expires_at)
    organizer = _organizer(caller, terminal.events, authority)
    active, over = survey(organizer, now)
    if active >= MOST_KEYS:
        raise RuleBroken("TOO_MANY_VERIFIERS", "Revoke verifiers that you no longer need first.")
    for verifier_id in over[:_CLEARED_AT_ONCE]:
        remove_usage(verifier_id)
        uncount(verifier_id)
    secret = verifier_key.new_secret()
    key = VerifierKey(
        verifier=terminal,
        secrets=(verifier_key.kept(secret, peppers),),
        organizer=organizer,
        suite=suite,
        tier=wanted.tier,
        created_at=now,
        created_by=caller.wallet,
        expires_at=wanted.expires_at,
    )
    text = verifier_key.key_text(terminal.verifier_id, secret)
    # The gateway first: a terminal that it does not know is turned away by it, key or no key.
    add_usage(key, text)
    try:
        put(key)
    except Unavailable:
        remove_usage(terminal.verifier_id)
        raise
    return Shown(key, text)


def whose_list(caller: Session, organizer: str | None, *, authority: Authority) -> str:
    """Whose verifiers to list: one's own, or for an admin anybody's, or ANY's.

    Raises:
        Forbidden: `NOT_AN_ADMIN`.
    """
    if organizer is None or organizer == caller.wallet:
        return caller.wallet
    require_admin(caller, authority=authority)
    return organizer


def find(
    caller: Session, verifier_id: str, *, authority: Authority, find_key: FindKey
) -> VerifierKey:
    """The key, for its organizer or an admin to see.

    Raises:
        NotFound: `VERIFIER_NOT_FOUND`.
        Forbidden: `NOT_THE_ORGANIZER`.
    """
    key = find_key(verifier_id)
    if key is None:
        raise _not_found(verifier_id)
    if key.organizer != caller.wallet:
        try:
            require_admin(caller, authority=authority)
        except Forbidden as error:
            raise Forbidden(
                "NOT_THE_ORGANIZER", "Only the events' own organizer may do this."
            ) from error
    return key


def change(
    caller: Session,
    verifier_id: str,
    changes: Mapping[str, Any],
    *,
    authority: Authority,
    now: int,
    find_key: FindKey,
    replace_key: ReplaceKey,
) -> VerifierKey:
    """`changes`: as verifier_key.amended takes them. They hold everywhere within 60 s.

    Raises:
        NotFound: `VERIFIER_NOT_FOUND`.
        NotFound, Forbidden, Unavailable: as require_writing_organizer_of.
        Invalid: `VERIFIER_MALFORMED`.
        Conflict: `VERIFIER_KEY_REVOKED`, `VERIFIER_KEY_EXPIRED`, `VERIFIER_CHANGED_MEANWHILE`.
    """
    key = find_for_writing(caller, verifier_id, authority=authority, find_key=find_key)
    verifier_key.require_active(key, now)
    after = verifier_key.amended(key, changes)
    after = replace(after, verifier=verifier.well_formed(after.verifier), version=key.version + 1)
    if after.expires_at != key.expires_at:
        verifier_key.check_life(now, after.expires_at)
    if after.verifier.events != key.verifier.events:
        organizer = _organizer(caller, after.verifier.events, authority)
        if organizer != key.organizer:
            raise _malformed_events("A verifier stays with its organizer's events.")
    _replace(after, replace_key)
    return after


def rotate(
    caller: Session,
    verifier_id: str,
    *,
    overlap_seconds: int,
    authority: Authority,
    peppers: KeyRing,
    now: int,
    find_key: FindKey,
    replace_key: ReplaceKey,
    renew_usage: SetUsage,
) -> Shown:
    """A new secret for the terminal; the last one works for `overlap_seconds` more. Of two at once
    one gets a key, the other a Conflict: nobody is shown a key that does not work.

    Raises:
        NotFound: `VERIFIER_NOT_FOUND`.
        Forbidden, Unavailable: as require_organizer.
        Conflict: `VERIFIER_KEY_REVOKED`, `VERIFIER_KEY_EXPIRED`, `VERIFIER_CHANGED_MEANWHILE`.
    """
    key = find_for_writing(caller, verifier_id, authority=authority, find_key=find_key)
    secret = verifier_key.new_secret()
    after = verifier_key.rotated(
        key, secret, peppers=peppers, overlap_seconds=overlap_seconds, now=now
    )
    text = verifier_key.key_text(verifier_id, secret)
    _replace(after, replace_key)
    renew_usage(after, text)
    return Shown(after, text)


def revoke(
    caller: Session,
    verifier_id: str,
    *,
    authority: Authority,
    now: int,
    find_key: FindKey,
    revoke_key: RevokeKey,
    remove_usage: RemoveUsage,
    uncount: Uncount,
) -> VerifierKey:
    """For good; again is the same. It takes access away, so it asks no chain.

    Raises:
        NotFound: `VERIFIER_NOT_FOUND`.
        Forbidden: `NOT_THE_ORGANIZER`.
        Unavailable: `GATEWAY_UNAVAILABLE`: it *is* revoked; once more tidies up.
    """
    find(caller, verifier_id, authority=authority, find_key=find_key)
    key = revoke_key(verifier_id, now)
    if key is None:
        raise _not_found(verifier_id)
    remove_usage(verifier_id)
    uncount(verifier_id)
    return key


def find_for_writing(
    caller: Session, verifier_id: str, *, authority: Authority, find_key: FindKey
) -> VerifierKey:
    """The key, for its organizer to change, if the chain still authorizes it, or for an admin.

    Raises:
        NotFound: `VERIFIER_NOT_FOUND`.
        Forbidden: `NOT_THE_ORGANIZER`, `ORGANIZER_NOT_AUTHORIZED`.
        Unavailable: `RPC_UNAVAILABLE`.
    """
    key = find(caller, verifier_id, authority=authority, find_key=find_key)
    if key.organizer == caller.wallet:
        require_organizer(caller, authority=authority)
    return key


def entry(
    action: str,
    caller: Session,
    key: VerifierKey,
    *,
    suite_id: SuiteId,
    source: str | None,
    now: int,
) -> Entry:
    """What the audit log says of a change: in the event's own chain if the key is for one event."""
    terminal = key.verifier
    event_id = next(iter(terminal.events))
    alone = len(terminal.events) == 1 and event_id != ANY
    return Entry(
        f"wallet:{caller.wallet}", action, now, f"verifier:{terminal.verifier_id}", source,
        {
            "name": terminal.name, "events": sorted(terminal.events),
            "gates": sorted(terminal.gates), "scopes": sorted(terminal.scopes),
            "cidrs": sorted(terminal.cidrs), "tier": key.tier, "expires_at": key.expires_at,
            "version": key.version,
        },
        event=(suite_id, EventId(int(event_id))) if alone else None,
        once=f"{action}:{terminal.verifier_id}:{key.version}",
    )  # fmt: skip


def _organizer(caller: Session, events: Collection[str], authority: Authority) -> str:
    """Whose events these are, if the caller may write for all of them."""
    if ANY in events:
        require_admin(caller, authority=authority)
        return ANY
    event_ids = [EventId(int(each)) for each in sorted(events)]
    for event_id in event_ids:
        require_writing_organizer_of(caller, event_id, authority=authority)
    organizers = {organizer_of(event_id, authority=authority) for event_id in event_ids}
    if len(organizers) > 1:
        raise _malformed_events("The events of a verifier have one organizer.")
    return organizers.pop()


def _replace(key: VerifierKey, replace_key: ReplaceKey) -> None:
    if not replace_key(key):
        raise Conflict(
            "VERIFIER_CHANGED_MEANWHILE",
            "Somebody else changed this verifier just now: look again.",
        )


def _not_found(verifier_id: str) -> NotFound:
    return NotFound("VERIFIER_NOT_FOUND", f"There is no verifier {verifier_id}.")


def _malformed_events(message: str) -> Invalid:
    return Invalid("VERIFIER_MALFORMED", message, field="events")
