"""Attacks on organizers' endpoints and on roles: one row, one test. On real servers throughout."""

from collections.abc import Callable
from typing import Any

import pytest

from functions.users.handler import lambda_handler as users_handler
from onlineticket.domain.suite import Suite
from onlineticket.store import users
from tests.at_the_door import ALICE
from tests.door_rows import send
from tests.organizer_rows import ORGANIZER, OWNER, RIVAL, Office, open_office, opened

Outcome = tuple[int, str | None]


@pytest.fixture
def office(
    conn: Any,
    suite: Suite,
    ministack_dynamodb: Any,
    ministack_secrets: None,
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    open_office(conn, suite, monkeypatch)
    for wallet in (ALICE, ORGANIZER, RIVAL, OWNER):
        users.signed_in(conn, wallet, 1)
    return Office()


def outcome(answer: tuple[Any, ...]) -> Outcome:
    return answer[0], answer[1].get("error_code")


def put_role(by: Any, to: Any, body: Any) -> Outcome:
    return outcome(send(users_handler, "PUT", f"/admin/users/{to}/role", body, wallet=by))


def patch_me(body: Any) -> Outcome:
    return outcome(send(users_handler, "PATCH", "/users/me", body, wallet=ALICE))


def last_admin(*steps: tuple[Any, Any, str]) -> Outcome:
    put_role(OWNER, ALICE, {"role": "admin"})
    for by, to, role in steps[:-1]:
        assert put_role(by, to, {"role": role})[0] == 200
    by, to, role = steps[-1]
    return put_role(by, to, {"role": role})


def on_anothers(how: Callable[[Office, str], tuple[int, Any]]) -> Callable[[Office], Outcome]:
    """RIVAL tries it on ORGANIZER's terminal, which must go on working."""

    def tried(office: Office) -> Outcome:
        verifier_id, key = office.made()
        said = outcome(how(Office(RIVAL), verifier_id))
        assert opened(key)
        return said

    return tried


DENIED = (403, "NOT_THE_ORGANIZER")
MALFORMED = (400, "BAD_REQUEST")

ATTACKS: list[tuple[str, Callable[[Office], Outcome], Outcome]] = [
    ("see another's terminal", on_anothers(lambda o, v: o.show(v)), DENIED),
    ("rename another's terminal", on_anothers(lambda o, v: o.change(v, name="x")), DENIED),
    ("point another's terminal at one's own event",
     on_anothers(lambda o, v: o.change(v, events=["9"])), DENIED),
    ("rotate another's key", on_anothers(lambda o, v: o.rotate(v)), DENIED),
    ("revoke another's key", on_anothers(lambda o, v: o.revoke(v)), DENIED),
    ("list another's terminals", lambda o: outcome(Office(RIVAL).list(organizer=ORGANIZER)),
     (403, "NOT_AN_ADMIN")),
    ("a key for another's event", lambda o: outcome(Office(RIVAL).create()), DENIED),
    ("a key for one's own event and another's",
     lambda o: outcome(Office(RIVAL).create(events=["9", "7"])), DENIED),
    ("a key for all events", lambda o: outcome(o.create(events=["*"])), (403, "NOT_AN_ADMIN")),
    ("a key for all events, by a user", lambda o: outcome(Office(ALICE).create(events=["*"])),
     (403, "NOT_AN_ADMIN")),
    ("widen one's own key to all events",
     lambda o: outcome(o.change(o.made()[0], events=["*"])), (403, "NOT_AN_ADMIN")),
    ("widen one's own key to another's event",
     lambda o: outcome(o.change(o.made()[0], events=["7", "9"])), DENIED),
    ("events in one text", lambda o: outcome(o.create(events=["7,9"])),
     (400, "VERIFIER_MALFORMED")),
    ("gates in one text", lambda o: outcome(o.create(gates=["N1,*"])),
     (400, "VERIFIER_MALFORMED")),
    ("a key in another's name", lambda o: outcome(o.create(organizer=RIVAL)), MALFORMED),
    ("a secret of one's own", lambda o: outcome(o.create(secret="A" * 43)), MALFORMED),
    ("an id of one's own", lambda o: outcome(o.create(verifier_id="0" * 16)), MALFORMED),
    ("un-revoke a key", lambda o: outcome(o.change(revoked(o), revoked_at=None)), MALFORMED),
    ("change a revoked key", lambda o: outcome(o.change(revoked(o), name="x")),
     (409, "VERIFIER_KEY_REVOKED")),
    ("rotate a revoked key", lambda o: outcome(o.rotate(revoked(o))),
     (409, "VERIFIER_KEY_REVOKED")),
    ("nobody makes a key", lambda o: outcome(Office(None).create()), (401, "TOKEN_MISSING")),
    ("PATCH one's own role", lambda o: patch_me({"role": "admin"}), MALFORMED),
    ("PATCH it beside a name", lambda o: patch_me({"display_name": "A", "role": "admin"}),
     MALFORMED),
    ("PATCH another's profile", lambda o: patch_me({"wallet": ORGANIZER, "locale": "en"}),
     MALFORMED),
    ("grant oneself a role", lambda o: put_role(ALICE, ALICE, {"role": "admin"}),
     (403, "NOT_AN_ADMIN")),
    ("grant as an organizer", lambda o: put_role(ORGANIZER, ORGANIZER, {"role": "admin"}),
     (403, "NOT_AN_ADMIN")),
    ("a role that is none", lambda o: put_role(OWNER, ALICE, {"role": "owner"}), MALFORMED),
    ("more than a role", lambda o: put_role(OWNER, ALICE, {"role": "user", "wallet": OWNER}),
     MALFORMED),
    ("the last admin steps down", lambda o: last_admin((ALICE, ALICE, "user")),
     (409, "LAST_ADMIN")),
    ("the owner demotes the last admin", lambda o: last_admin((OWNER, ALICE, "organizer")),
     (409, "LAST_ADMIN")),
    ("an admin who was demoted grants on, with the same token",
     lambda o: last_admin((ALICE, RIVAL, "admin"), (RIVAL, ALICE, "user"),
                          (ALICE, ALICE, "admin")), (403, "NOT_AN_ADMIN")),
]  # fmt: skip


def revoked(office: Office) -> str:
    verifier_id, _ = office.made()
    assert office.revoke(verifier_id)[0] == 200
    return verifier_id


@pytest.mark.parametrize(
    ("tried", "expected"), [r[1:] for r in ATTACKS], ids=[r[0] for r in ATTACKS]
)
def test_nobody_gets_around_who_may_what(
    office: Office, tried: Callable[[Office], Outcome], expected: Outcome
) -> None:
    assert tried(office) == expected
