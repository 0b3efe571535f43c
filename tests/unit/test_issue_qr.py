"""Who is given codes, and what they say."""

from dataclasses import replace
from typing import Any

import pytest

from onlineticket.domain import qr
from onlineticket.domain.audit import Entry
from onlineticket.domain.errors import Refused, Unavailable
from onlineticket.domain.ticket import Ticket
from onlineticket.domain.types import SuiteId, TokenId, WalletAddress
from onlineticket.usecases.issue_qr import Issued, issue_qr
from tests.at_the_door import ALICE, BOB, EVENT, KEYS, MARKETPLACE, NOW, SUITE, TICKET, TOKEN, Gate


def issue(
    ticket: Ticket | None = TICKET,
    caller: WalletAddress = ALICE,
    *,
    token_id: TokenId = TOKEN,
    count: int = 1,
    kept: list[Entry] | None = None,
) -> Issued:
    kept = [] if kept is None else kept
    return issue_qr(
        token_id, caller, count=count, now=NOW, keys=KEYS, suite=SUITE, suite_id=SuiteId(2),
        source="192.0.2.7", find_ticket=lambda _: ticket, keep=kept.append,
    )  # fmt: skip


def test_a_holder_gets_codes_that_the_door_accepts() -> None:
    issued = issue(count=3)
    assert issued.event_id == EVENT
    for one in issued.codes:
        for text in (one.base45, one.base64url):
            assert qr.decode(text, KEYS, SUITE) == one.code
        assert Gate().verdict(one.base45, now=one.code.not_before) == "ADMITTED"
    assert len({one.code.nonce for one in issued.codes}) == 3


def test_what_is_given_is_written_down_without_the_codes() -> None:
    kept: list[Entry] = []
    issued = issue(count=20, kept=kept)
    [entry] = kept
    assert entry == Entry(
        f"wallet:{ALICE}", "qr.issued", NOW, f"ticket:{TOKEN}", "192.0.2.7",
        {"count": 20, "epoch": 3, "last_expires_at": NOW + 19 * 30 + 60}, (SuiteId(2), EVENT),
    )  # fmt: skip
    written = str(entry)
    for one in issued.codes:
        assert not any(text in written for text in (one.base45, one.base64url))


def test_codes_that_cannot_be_written_down_are_not_given() -> None:
    def keep(_: Entry) -> None:
        raise Unavailable("DATABASE_UNAVAILABLE", "away")

    with pytest.raises(Unavailable):
        issue_qr(
            TOKEN, ALICE, count=1, now=NOW, keys=KEYS, suite=SUITE, suite_id=SuiteId(2),
            source=None, find_ticket=lambda _: TICKET, keep=keep,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"holder": BOB, "owner": BOB}, "NOT_TICKET_HOLDER"),
        ({"holder": BOB, "owner": BOB, "status": "revoked"}, "NOT_TICKET_HOLDER"),
        ({"effective_status": "used"}, "TICKET_ALREADY_USED"),
        ({"status": "revoked", "effective_status": "revoked"}, "TICKET_REVOKED"),
        ({"status": "expired", "effective_status": "expired"}, "TICKET_EXPIRED"),
        ({"owner": MARKETPLACE, "escrowed": True}, "TICKET_ESCROWED"),
        ({"event_id": None}, "EVENT_NOT_FOUND"),
        ({"event_id": 2**32}, "QR_ID_TOO_LARGE"),
        ({"transfers": 2**16}, "QR_ID_TOO_LARGE"),
    ],
)
def test_codes_are_refused_by_name(changes: dict[str, Any], code: str) -> None:
    kept: list[Entry] = []
    with pytest.raises(Refused) as refused:
        issue(replace(TICKET, **changes), kept=kept)
    assert refused.value.code == code
    assert kept == []


def test_there_are_no_codes_for_a_ticket_that_does_not_exist() -> None:
    with pytest.raises(Refused) as refused:
        issue(None)
    assert refused.value.code == "TICKET_NOT_FOUND"


def test_a_token_id_too_large_for_the_format_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        issue(token_id=TokenId(2**64))
    assert refused.value.details["field"] == "token_id"
