"""Who may do what, wired: usecases/authorize_organizer.py on this process's database, cache, node.

authorize_organizer.require_organizer_of(caller, event_id, authority=access.authority(now))
"""

from functools import partial

from onlineticket import resources, settings
from onlineticket.chain import standing as chain
from onlineticket.domain.errors import Unavailable
from onlineticket.domain.roles import Standing
from onlineticket.domain.types import EventId, WalletAddress
from onlineticket.store import events, users
from onlineticket.usecases.authorize_organizer import Authority
from onlineticket.usecases.read_standing import read_standing


def authority(now: int) -> Authority:
    """Needs DB_*, CACHE_TABLE, RPC_* and CONTRACTS in the environment. `now` in Unix seconds."""
    return Authority(
        find_organizer=_find_organizer,
        stored_role=lambda wallet: users.role_of(resources.postgres(), wallet),
        standing=partial(standing, now=now),
    )


def standing(wallet: WalletAddress, *, now: int) -> Standing:
    """What the chain says of a wallet, or said at most 300 s ago.

    Raises:
        Unavailable: `RPC_UNAVAILABLE`.
    """
    suite = settings.current_suite()
    return read_standing(
        wallet,
        suite=suite,
        now=now,
        cache=resources.cache(),
        ask=lambda one: chain.read(resources.node(), suite.event_manager, one),
    )


def known_standing(wallet: WalletAddress, *, now: int) -> Standing | None:
    """As `standing`, for what is only shown; None: the chain can't be asked, and we do not know."""
    try:
        return standing(wallet, now=now)
    except Unavailable:
        return None


def is_known_owner(wallet: WalletAddress, *, now: int) -> bool:
    """Whether the chain says so; no, if it can't be asked."""
    found = known_standing(wallet, now=now)
    return found is not None and found.is_owner


def _find_organizer(event_id: EventId) -> WalletAddress | None:
    return events.find_organizer(resources.postgres(), resources.suite_id(), event_id)
