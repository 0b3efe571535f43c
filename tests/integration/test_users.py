"""/users/me and /admin/users: the handler on real Postgres, a real EventManager, moto's cache."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import time
from typing import Any

import pytest

from functions.users.handler import lambda_handler
from infra.local.blocks import call, mine
from infra.local.wallets import ARIA, PLATFORM
from onlineticket import resources
from onlineticket.chain.rpc import Node
from onlineticket.domain.address import checksum
from onlineticket.domain.errors import OnlineTicketError
from onlineticket.domain.suite import Suite
from onlineticket.domain.types import WalletAddress
from onlineticket.store import audit, migrate, users
from onlineticket.store import database as databases
from tests.at_the_door import ALICE, BOB
from tests.door_rows import send

OWNER, ORGANIZER = WalletAddress(PLATFORM.address), WalletAddress(ARIA.address)
CAROL = WalletAddress("0x" + "ca" * 20)
NOW = int(time())


@pytest.fixture
def stage(
    conn: Any, dynamodb: Any, secrets: None, suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> Any:
    """ALICE, BOB and the contracts' owner have signed in; ARIA is authorized on chain."""
    monkeypatch.setenv("STAGE", "test")
    for wallet in (ALICE, BOB, OWNER, ORGANIZER):
        users.signed_in(conn, wallet, NOW)
    authorize = "authorizeOrganizer(address,bool)"
    node = Node(resources.rpc_url())
    mine(node, [call(OWNER, suite.event_manager, authorize, ORGANIZER, True)])
    return conn


def me(wallet: WalletAddress | None, change: Any = None) -> tuple[int, dict[str, Any]]:
    method = "GET" if change is None else "PATCH"
    status, body, headers = send(lambda_handler, method, "/users/me", change, wallet=wallet)
    assert headers["Cache-Control"] == ["no-store"]
    return status, body


def grant(by: WalletAddress, to: str, role: Any) -> tuple[int, dict[str, Any]]:
    path = f"/admin/users/{to}/role"
    status, body, _ = send(
        lambda_handler, "PUT", path, {"role": role}, wallet=by, source="192.0.2.7"
    )
    return status, body


def listed(by: WalletAddress, **query: str) -> tuple[int, dict[str, Any]]:
    status, body, _ = send(lambda_handler, "GET", "/admin/users", wallet=by, query=query or None)
    return status, body


# One's own profile


def test_a_user_sees_itself(stage: Any) -> None:
    status, body = me(ALICE)
    assert status == 200
    assert body == {
        "wallet": checksum(ALICE), "role": "user",
        "on_chain": {"is_owner": False, "is_authorized": False},
        "display_name": None, "locale": None, "avatar_url": None,
        "created_at": body["created_at"],
    }  # fmt: skip
    assert body["created_at"].endswith("Z")


def test_the_role_shown_is_the_higher_of_ours_and_the_chains(stage: Any) -> None:
    assert me(ORGANIZER)[1]["role"] == "organizer"
    assert me(OWNER)[1]["role"] == "admin"
    assert users.role_of(stage, OWNER) == "user"


def test_without_the_chain_a_user_still_sees_itself(
    stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RPC_URL", "http://127.0.0.1:1")
    resources.forget()
    status, body = me(ORGANIZER)
    assert (status, body["role"], body["on_chain"]) == (200, "user", None)


def test_a_profile_is_changed_field_by_field(stage: Any) -> None:
    assert me(ALICE, {"display_name": " Alice ", "locale": "zh"})[1]["display_name"] == "Alice"
    status, body = me(ALICE, {"avatar_url": "https://example.org/a.png"})
    assert (status, body["display_name"], body["locale"]) == (200, "Alice", "zh")
    body = me(ALICE, {"display_name": None})[1]
    assert (body["display_name"], body["locale"]) == (None, "zh")
    assert body["avatar_url"] == "https://example.org/a.png"
    assert me(ALICE, {})[1] == body == me(ALICE)[1]
    assert me(BOB)[1]["locale"] is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"role": "admin"}, "BAD_REQUEST"),
        ({"display_name": "x", "role": "admin"}, "BAD_REQUEST"),
        ({"wallet": BOB}, "BAD_REQUEST"),
        ({"display_name": 7}, "BAD_REQUEST"),
        ({"display_name": ["x"]}, "BAD_REQUEST"),
        ({"locale": "fr"}, "BAD_REQUEST"),
        ({"locale": "ZH"}, "BAD_REQUEST"),
        ([], "BAD_REQUEST"),
        ("{", "MALFORMED_JSON"),
        ("null", "BAD_REQUEST"),
        ({"display_name": "nimda\u202e"}, "PROFILE_MALFORMED"),
        ({"display_name": "\0"}, "PROFILE_MALFORMED"),
        ({"display_name": "\ud800"}, "PROFILE_MALFORMED"),
        ({"display_name": "x" * 100_000}, "PROFILE_MALFORMED"),
        ({"avatar_url": "javascript:alert(1)"}, "PROFILE_MALFORMED"),
    ],
)
def test_nothing_else_can_be_changed_and_nothing_odd_is_kept(
    stage: Any, change: Any, code: str
) -> None:
    before = me(ALICE)
    status, body = me(ALICE, change)
    assert (status, body["error_code"]) == (400, code)
    assert me(ALICE) == before


def test_a_stranger_is_told_to_sign_in(stage: Any) -> None:
    assert me(None)[1]["error_code"] == "TOKEN_MISSING"
    status, body = me(CAROL)  # a good token, of a wallet whose row is gone
    assert (status, body["error_code"]) == (404, "USER_NOT_FOUND")


def test_changes_of_different_fields_at_once_all_stay(stage: Any, database: str) -> None:
    changes = [{"display_name": "Alice"}, {"locale": "en"}, {"avatar_url": "ipfs://" + "b" * 40}]
    line = Barrier(len(changes))

    def change(one: dict[str, str | None]) -> None:

        with databases.connect(database) as conn:
            line.wait(timeout=30)
            users.change_profile(conn, ALICE, one, now=NOW, source=None)

    with ThreadPoolExecutor(len(changes)) as threads:
        list(threads.map(change, changes))
    found = users.get(stage, ALICE)
    assert (found.display_name, found.locale) == ("Alice", "en")
    assert found.avatar_url is not None


# Roles


def test_the_owner_of_the_contracts_is_the_first_admin_and_grants_the_next(stage: Any) -> None:
    assert grant(ALICE, BOB, "admin")[1]["error_code"] == "NOT_AN_ADMIN"
    status, body = grant(OWNER, ALICE, "admin")
    assert (status, body["wallet"], body["role"]) == (200, checksum(ALICE), "admin")
    assert grant(ALICE, BOB, "organizer")[0] == 200
    assert me(BOB)[1]["role"] == "organizer"


def test_an_admin_works_while_the_chain_is_away_and_the_owner_waits(
    stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant(OWNER, ALICE, "admin")
    monkeypatch.setenv("RPC_URL", "http://127.0.0.1:1")
    resources.forget()
    assert grant(ALICE, BOB, "organizer")[0] == 200
    # The owner's standing is in the table still; a wallet never asked about is another matter.
    assert grant(OWNER, CAROL, "organizer")[0] == 200
    status, body = grant(BOB, CAROL, "admin")
    assert (status, body["error_code"]) == (503, "RPC_UNAVAILABLE")


def test_a_role_can_wait_for_its_wallet_to_sign_in(stage: Any) -> None:
    body = grant(OWNER, checksum(CAROL), "organizer")[1]
    assert (body["role"], body["signed_in_at"]) == ("organizer", None)
    assert users.signed_in(stage, CAROL, NOW + 5) == "organizer"
    assert users.get(stage, CAROL).signed_in_at is not None


@pytest.mark.parametrize("by", [OWNER, ALICE])
def test_the_last_admin_stays_one(stage: Any, by: WalletAddress) -> None:
    grant(OWNER, ALICE, "admin")
    status, body = grant(by, ALICE, "user")
    assert (status, body["error_code"]) == (409, "LAST_ADMIN")
    grant(ALICE, BOB, "admin")
    assert grant(ALICE, ALICE, "user")[0] == 200
    assert grant(ALICE, BOB, "user")[1]["error_code"] == "NOT_AN_ADMIN"


@pytest.mark.parametrize("role", ["root", "", None, ["admin"], 1])
def test_there_are_no_other_roles(stage: Any, role: Any) -> None:
    assert grant(OWNER, ALICE, role)[1]["error_code"] == "BAD_REQUEST"


@pytest.mark.parametrize("wallet", ["me", "0x12", "0x" + "g" * 40, checksum(ALICE) + "0"])
def test_a_role_is_granted_to_an_address(stage: Any, wallet: str) -> None:
    assert grant(OWNER, wallet, "admin")[0] in (400, 404)


def test_a_grant_stands_in_the_audit_log(stage: Any) -> None:
    grant(OWNER, ALICE, "admin")
    grant(ALICE, BOB, "organizer")
    rows = stage.execute(
        "SELECT actor, action, subject, source, details FROM audit_log ORDER BY id"
    ).fetchall()
    assert rows == [
        (f"wallet:{OWNER}", "user.role_set", f"wallet:{ALICE}", "192.0.2.7",
         {"before": "user", "after": "admin"}),
        (f"wallet:{ALICE}", "user.role_set", f"wallet:{BOB}", "192.0.2.7",
         {"before": "user", "after": "organizer"}),
    ]  # fmt: skip
    assert audit.verify(stage, "platform") is None


def test_the_audit_log_knows_which_fields_changed_and_not_to_what(stage: Any) -> None:
    me(ALICE, {"display_name": "Alice", "locale": None})
    me(ALICE, {"display_name": "\u202e"})
    rows = stage.execute("SELECT actor, action, details FROM audit_log").fetchall()
    assert rows == [
        (f"wallet:{ALICE}", "user.profile_changed", {"fields": ["display_name", "locale"]})
    ]


def test_users_are_listed_by_role_and_page_for_admins_only(stage: Any) -> None:
    assert listed(ALICE)[1]["error_code"] == "NOT_AN_ADMIN"
    for number in range(5):
        grant(OWNER, f"0x{number:040x}", "organizer")
    seen, query = [], {"role": "organizer", "limit": "2"}
    while True:
        body = listed(OWNER, **query)[1]
        seen += [user["wallet"] for user in body["items"]]
        if body["next_page"] is None:
            break
        query["page"] = body["next_page"]
    assert sorted(seen) == sorted(checksum(f"0x{number:040x}") for number in range(5))
    assert len(listed(OWNER)[1]["items"]) == 9
    assert listed(OWNER, role="boss")[0] == 400
    assert listed(OWNER, role="user", page=query["page"])[1]["error_code"] == "PAGE_INVALID"


def test_of_two_admins_who_demote_each_other_at_once_one_stays(stage: Any, database: str) -> None:

    for wallet in (ALICE, BOB):
        grant(OWNER, wallet, "admin")
    for turn in range(10):
        line = Barrier(2)

        def demote(pair: tuple[WalletAddress, WalletAddress], line: Barrier = line) -> str:
            by, whom = pair
            with databases.connect(database) as conn:
                line.wait(timeout=30)
                try:
                    users.set_role(conn, whom, "user", by=by, by_owner=False, now=NOW, source=None)
                except OnlineTicketError as refused:
                    return refused.code
            return "ok"

        with ThreadPoolExecutor(2) as threads:
            said = sorted(threads.map(demote, [(ALICE, BOB), (BOB, ALICE)]))
        assert said[1] == "ok", turn
        assert said[0] in ("LAST_ADMIN", "NOT_AN_ADMIN"), turn
        found = stage.execute("SELECT wallet FROM users WHERE role = 'admin'").fetchall()
        assert len(found) == 1, turn
        for wallet in (ALICE, BOB):
            grant(OWNER, wallet, "admin")


def test_the_migration_goes_back_and_forth(database: str, conn: Any) -> None:
    users.set_role(conn, CAROL, "user", by=OWNER, by_owner=True, now=NOW, source=None)
    migrate.roll_back_all(database)
    assert "0006.user_profiles" in migrate.apply(database)
