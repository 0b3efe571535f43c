"""Who may do what, wired: usecases/authorize_organizer.py on this process's database, cache, node.

authorize_organizer.require_organizer_of(caller, event_id, authority=access.authority(now))
"""

from collections.abc import Callable
from functools import partial

from onlineticket import resources, settings
from onlineticket.chain import standing as chain
from onlineticket.domain.errors import Unavailable
from onlineticket.domain.roles import Standing
from onlineticket.domain.types import EventId, WalletAddress
from onlineticket.store import events, users
from onlineticket.usecases.authorize_organizer import Authority
from onlineticket.usecases.read_standing import read_standing

PATIENCE_SECONDS = 10


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
    return _standing(wallet, now, _ask_the_chain)


def known_standing(wallet: WalletAddress, *, now: int) -> Standing | None:
    """As `standing`, for what is only shown; None: the chain can't be asked, so we do not know. A
    node that did not answer is not waited for again within 10 s.
    """
    cache, away = resources.cache(), f"chain-away#{settings.current_suite().identity}"

    def ask(one: WalletAddress) -> Standing:
        if cache.find(away, now=now):
            raise Unavailable("RPC_UNAVAILABLE", "The node did not answer just now.")
        try:
            return _ask_the_chain(one)
        except Unavailable:
            cache.keep(away, True, now=now, expires_at=now + PATIENCE_SECONDS)
            raise

    try:
        return _standing(wallet, now, ask)
    except Unavailable:
        return None


def is_known_owner(wallet: WalletAddress, *, now: int) -> bool:
    """Whether the chain says so; no, if it can't be asked."""
    found = known_standing(wallet, now=now)
    return found is not None and found.is_owner


def _standing(
    wallet: WalletAddress, now: int, ask: Callable[[WalletAddress], Standing]
) -> Standing:
    suite = settings.current_suite()
    return read_standing(wallet, suite=suite, now=now, cache=resources.cache(), ask=ask)


def _ask_the_chain(wallet: WalletAddress) -> Standing:
    return chain.read(resources.node(), settings.current_suite().event_manager, wallet)


def _find_organizer(event_id: EventId) -> WalletAddress | None:
    return events.find_organizer(resources.postgres(), resources.suite_id(), event_id)
