"""May this wallet act as the organizer of an event, or as an admin?

Two rules, since contracts.md lets an event's organizer go on running it on chain after losing the
authorization, and that is the chain's to enforce (an order plan simulates it, and asks neither):

* To **read** (a report, check-ins, verifiers): the event's own organizer, authorized still or not,
  for the money and the guests are theirs; or an admin.
* To **write** with us (verifiers, drafts): the event's own organizer, if EventManager says *now*,
  at most 300 s ago, that the wallet is authorized; or an admin. `users.role` does not stand in for
  the chain. If the chain can't be asked and no fresh answer is cached: 503.

Taking access away (revoking a terminal) is under the rule for reading: it must never wait for a
node. An admin is one by `users.role` as of now, not as of the sign-in, or EventManager's owner.
"""

from collections.abc import Callable
from dataclasses import dataclass

from onlineticket.domain.errors import Forbidden, NotFound
from onlineticket.domain.roles import Standing
from onlineticket.domain.session import Role, Session
from onlineticket.domain.types import EventId, WalletAddress


@dataclass(frozen=True, slots=True)
class Authority:
    """Where the answers come from; `onlineticket.access.authority` has the real ones.

    `standing` may be up to 300 s old, and raises Unavailable (`RPC_UNAVAILABLE`).
    """

    find_organizer: Callable[[EventId], WalletAddress | None]
    stored_role: Callable[[WalletAddress], Role]
    standing: Callable[[WalletAddress], Standing]


def require_organizer_of(caller: Session, event_id: EventId, *, authority: Authority) -> None:
    """The rule for reading.

    Raises:
        NotFound: `EVENT_NOT_FOUND`.
        Forbidden: `NOT_THE_ORGANIZER`.
        Unavailable: `RPC_UNAVAILABLE`; never for the event's own organizer, nor an admin of ours.
    """
    if organizer_of(event_id, authority=authority) != caller.wallet:
        _require_admin(caller, authority, _not_the_organizer())


def require_writing_organizer_of(
    caller: Session, event_id: EventId, *, authority: Authority
) -> None:
    """The rule for writing.

    Raises:
        NotFound: `EVENT_NOT_FOUND`.
        Forbidden: `NOT_THE_ORGANIZER`, `ORGANIZER_NOT_AUTHORIZED`.
        Unavailable: `RPC_UNAVAILABLE`; never for an admin of ours.
    """
    if organizer_of(event_id, authority=authority) == caller.wallet:
        require_organizer(caller, authority=authority)
    else:
        _require_admin(caller, authority, _not_the_organizer())


def require_organizer(caller: Session, *, authority: Authority) -> None:
    """The rule for writing what has no event yet (a draft): authorized on chain, or an admin.

    Raises:
        Forbidden: `ORGANIZER_NOT_AUTHORIZED`.
        Unavailable: `RPC_UNAVAILABLE`; never for an admin of ours.
    """
    if is_stored_admin(caller, authority=authority):
        return
    if not authority.standing(caller.wallet).may_organize:
        raise Forbidden(
            "ORGANIZER_NOT_AUTHORIZED", "The contracts do not list this wallet as an organizer."
        )


def require_admin(caller: Session, *, authority: Authority) -> None:
    """
    Raises:
        Forbidden: `NOT_AN_ADMIN`.
        Unavailable: `RPC_UNAVAILABLE`; never for an admin of ours.
    """
    _require_admin(caller, authority, Forbidden("NOT_AN_ADMIN", "Only an admin may do this."))


def organizer_of(event_id: EventId, *, authority: Authority) -> WalletAddress:
    """
    Raises:
        NotFound: `EVENT_NOT_FOUND`.
    """
    organizer = authority.find_organizer(event_id)
    if organizer is None:
        raise NotFound("EVENT_NOT_FOUND", f"There is no event {event_id}.")
    return organizer


def is_stored_admin(caller: Session, *, authority: Authority) -> bool:
    return authority.stored_role(caller.wallet) == "admin"


def _require_admin(caller: Session, authority: Authority, refusal: Forbidden) -> None:
    # The database first: an admin of ours must be able to work while the node is away.
    if is_stored_admin(caller, authority=authority):
        return
    if not authority.standing(caller.wallet).is_owner:
        raise refusal


def _not_the_organizer() -> Forbidden:
    return Forbidden("NOT_THE_ORGANIZER", "Only the event's own organizer may do this.")
