"""Users: one's own profile, and for admins who is what."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from time import time
from typing import Annotated

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from pydantic import BaseModel, ConfigDict

from onlineticket import access, resources
from onlineticket.api import paging, session
from onlineticket.api.http import http_app, logger, serve
from onlineticket.api.paging import Limit, Page, PageToken
from onlineticket.api.source_address import source_address
from onlineticket.domain import profile, roles
from onlineticket.domain.profile import Locale
from onlineticket.domain.roles import Standing
from onlineticket.domain.session import Role
from onlineticket.domain.types import WalletAddress
from onlineticket.domain.user import User
from onlineticket.store import users
from onlineticket.usecases.authorize_organizer import require_admin

app = http_app()


@dataclass(frozen=True, slots=True)
class Me:
    """`role` is the higher of what we granted and what the contracts say (`on_chain`, at most 300 s
    old; null if they can't be asked now).
    """

    wallet: WalletAddress
    role: Role
    on_chain: Standing | None
    display_name: str | None
    locale: Locale | None
    avatar_url: str | None
    created_at: datetime


class ProfileChange(BaseModel):
    """What is absent stays, null clears; nothing else can be changed here."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    display_name: str | None = None
    locale: Locale | None = None
    avatar_url: str | None = None


class RoleWanted(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Role


@app.get("/users/me")
def show_me() -> Response[Me]:
    caller = session.current(app)
    return _me(users.get(resources.postgres(), caller.wallet))


@app.patch("/users/me")
def change_me(change: Annotated[ProfileChange, Body()]) -> Response[Me]:
    caller = session.current(app)
    user = users.change_profile(
        resources.postgres(),
        caller.wallet,
        profile.checked(change.model_dump(exclude_unset=True)),
        now=int(time()),
        source=source_address(app.current_event.raw_event),
    )
    return _me(user)


@app.get("/admin/users")
def list_users(
    role: Annotated[Role | None, Query()] = None, limit: Limit = 20, page: PageToken = None
) -> Response[Page[User]]:
    require_admin(session.current(app), authority=access.authority(int(time())))
    found = paging.page(
        partial(users.page, resources.postgres(), role),
        users.after,
        of=f"users {role}",
        limit=limit,
        token=page,
    )
    return Response(200, content_types.APPLICATION_JSON, found, _PRIVATE)


@app.put("/admin/users/<wallet>/role")
def set_role(wallet: WalletAddress, wanted: Annotated[RoleWanted, Body()]) -> Response[User]:
    now, caller = int(time()), session.current(app)
    authority = access.authority(now)
    require_admin(caller, authority=authority)
    user = users.set_role(
        resources.postgres(),
        wallet,
        wanted.role,
        by=caller.wallet,
        by_owner=access.is_known_owner(caller.wallet, now=now),
        now=now,
        source=source_address(app.current_event.raw_event),
    )
    logger.info("role set", role=wanted.role)
    return Response(200, content_types.APPLICATION_JSON, user, _PRIVATE)


def _me(user: User) -> Response[Me]:
    standing = access.known_standing(user.wallet, now=int(time()))
    me = Me(
        user.wallet, roles.effective(user.role, standing), standing,
        user.display_name, user.locale, user.avatar_url, user.created_at,
    )  # fmt: skip
    return Response(200, content_types.APPLICATION_JSON, me, _PRIVATE)


_PRIVATE: dict[str, str | list[str]] = {"Cache-Control": "no-store"}

lambda_handler = serve(app)
