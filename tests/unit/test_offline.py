"""The manifest, and the judgement that a terminal passes by it."""

import base64
import hmac
import json
import struct
import zlib
from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onlineticket.domain import offline, qr
from onlineticket.domain.errors import Invalid, RuleBroken
from onlineticket.domain.keyring import KeyRing
from onlineticket.domain.offline import Manifest, TicketMark, bucket_of, handle
from onlineticket.domain.pre_check import pre_check
from onlineticket.domain.types import EventId, TokenId
from tests.at_the_door import ALICE, CODE, EVENT, KEYS, NOW, SUITE, TOKEN, Gate, text

OPENS_AT, CLOSES_AT = NOW - 3600, NOW + 7200


def mark(token_id: int = TOKEN, denied: Any = None, transfers: int = 3) -> TicketMark:
    return TicketMark(TokenId(token_id), denied, transfers)


def manifest(*marks: TicketMark, since: str | None = None, **how: Any) -> Manifest:
    asked: dict[str, Any] = {
        "keys": KEYS, "suite": SUITE, "opens_at": OPENS_AT, "closes_at": CLOSES_AT, "now": NOW,
    }  # fmt: skip
    return offline.manifest(EVENT, marks, since=since, **(asked | how))


def name(token_id: int = TOKEN) -> str:
    return handle(offline.handle_key(KEYS.current, SUITE, EVENT), token_id)


@pytest.mark.parametrize(
    ("marks", "code"),
    [
        ([], None),
        ([mark(transfers=3)], None),
        ([mark(transfers=2)], None),
        ([mark(transfers=4)], "QR_SUPERSEDED"),
        ([mark(denied="admitted")], "TICKET_ALREADY_USED"),
        ([mark(denied="revoked")], "TICKET_REVOKED"),
        ([mark(TOKEN + 1, "admitted")], None),
    ],
)
def test_a_terminal_judges_by_what_the_manifest_says_of_the_ticket(
    marks: list[TicketMark], code: str | None
) -> None:
    assert pre_check(text(), manifest(*marks), NOW) == code
    wire = qr.encode(CODE, KEYS, SUITE)
    assert pre_check(qr.base64url(wire), manifest(*marks), NOW) == code


@pytest.mark.parametrize(
    ("code", "now", "refusal"),
    [
        ({}, NOW - 5, None),
        ({}, NOW - 6, "QR_NOT_YET_VALID"),
        ({}, NOW + 65, None),
        ({}, NOW + 66, "QR_EXPIRED"),
        ({"event_id": EVENT + 1}, NOW, "WRONG_EVENT"),
        ({"expires_at": OPENS_AT}, OPENS_AT - 1, "TOO_EARLY"),
        ({"expires_at": CLOSES_AT + 60}, CLOSES_AT + 1, "TOO_LATE"),
        ({"expires_at": NOW + 3 * 86_400}, NOW + 3 * 86_400, "QR_FORGED"),
    ],
)
def test_a_terminal_judges_by_the_code_and_the_clock(
    code: dict[str, Any], now: int, refusal: str | None
) -> None:
    assert pre_check(text(**code), manifest(), now) == refusal


@pytest.mark.parametrize("rubbish", ["", "x" * 68, "A" * 77, "🎫" * 77, text()[:-1], "é" * 68])
def test_any_other_text_is_forged_to_a_terminal_too(rubbish: str) -> None:
    assert pre_check(rubbish, manifest(), NOW) == "QR_FORGED"


@given(st.integers(0, 34), st.integers(1, 255))
def test_a_changed_byte_of_what_the_offline_tag_covers_never_passes(at: int, by: int) -> None:
    wire = bytearray(qr.encode(CODE, KEYS, SUITE))
    wire[at] ^= by
    assert pre_check(qr.base45(bytes(wire)), manifest(), NOW) is not None


def test_codes_of_the_previous_root_key_pass_while_it_is_in_the_ring() -> None:
    before = qr.base45(qr.encode(CODE, KeyRing("0", KEYS.keys), SUITE))
    assert pre_check(before, manifest(), NOW) is None
    alone = KeyRing("1", {"1": KEYS.keys["1"]})
    assert pre_check(before, manifest(keys=alone), NOW) == "QR_FORGED"


def forged(stolen: Manifest, token_id: int = TOKEN, epoch: int = 3, now: int = NOW) -> str:
    """A code made with nothing but a terminal's manifest."""
    key = next(one for one in stolen.keys if one.day == (now + 60) // 86_400 and one.key_id == "1")
    head = struct.pack(
        ">BIQHI8s", 1 << 4 | 1 << 1, stolen.event_id, token_id, epoch, now + 60, b"stolen--"
    )
    raw = base64.urlsafe_b64decode(key.key + "=")
    offline_tag = hmac.digest(raw, b"OT-QR-v1" + head, "sha256")[:8]
    online_tag = hmac.digest(raw, b"OT-QR-v1" + head + offline_tag, "sha256")[:16]
    return qr.base45(head + offline_tag + online_tag)


def test_a_code_forged_from_a_manifest_passes_a_terminal_and_never_the_server() -> None:
    code = forged(manifest())
    assert pre_check(code, manifest(), NOW) is None
    gate = Gate()
    assert gate.verdict(code) == "QR_FORGED"
    assert not gate.store.journals


def test_a_manifest_names_no_owner_no_ticket_and_no_key_of_the_servers() -> None:
    whole = json.dumps(asdict(manifest(mark(denied="admitted"), mark(5, "revoked"), mark(6))))
    secrets = [KEYS.current, *(qr.online_key(root, SUITE, EVENT) for root in KEYS.keys.values())]
    for secret in secrets:
        assert secret.hex() not in whole
        assert base64.urlsafe_b64encode(secret).decode().rstrip("=") not in whole
    assert ALICE not in whole.lower()
    assert str(TOKEN) not in whole


@pytest.mark.parametrize(
    ("now", "days"),
    [
        (OPENS_AT - 2 * 86_400, 0),
        (OPENS_AT - 86_400, 1),
        (NOW, 1),
        (CLOSES_AT + 200_000, 0),
    ],
)
def test_day_keys_are_given_for_doors_of_today_and_tomorrow(now: int, days: int) -> None:
    got = manifest(now=now).keys
    assert len(got) == days * len(KEYS.keys)
    for one in got:
        root = KEYS.keys[one.key_id]
        assert base64.urlsafe_b64decode(one.key + "=") == qr.offline_key(
            root, SUITE, EVENT, one.day
        )


def test_an_event_of_weeks_gives_the_keys_of_two_days() -> None:
    got = manifest(closes_at=253_402_300_799).keys
    assert {one.day for one in got} == {NOW // 86_400, NOW // 86_400 + 1}


def merge(held: dict[str, Any], answer: Manifest) -> dict[str, Any]:
    """As a terminal keeps it."""
    kept = {n: state for n, state in held.items() if bucket_of(n) not in answer.buckets}
    told: dict[str, Any] = {n: "admitted" for n in answer.admitted}
    told |= {n: "revoked" for n in answer.revoked} | answer.moved
    return kept | told


MARKS = st.dictionaries(
    st.integers(0, 300),
    st.tuples(st.sampled_from([None, "admitted", "revoked"]), st.integers(1, 4)),
    max_size=40,
)


@given(MARKS, MARKS)
def test_what_changed_since_a_cursor_makes_the_old_manifest_the_new_one(
    before: dict[int, Any], after: dict[int, Any]
) -> None:
    old = manifest(*(mark(i, *state) for i, state in before.items()))
    marks = [mark(i, *state) for i, state in after.items()]
    delta, whole = manifest(*marks, since=old.cursor), manifest(*marks)
    assert merge(merge({}, old), delta) == merge({}, whole)
    assert delta.cursor == whole.cursor
    changed = {
        bucket_of(name(i)) for i in before.keys() | after.keys() if before.get(i) != after.get(i)
    }
    assert set(delta.buckets) == changed


def test_a_first_answer_covers_every_bucket_and_one_without_change_none() -> None:
    first = manifest(mark())
    assert first.buckets == list(range(128))
    again = manifest(mark(), since=first.cursor)
    assert (again.buckets, again.admitted, again.moved) == ([], [], {})
    assert again.cursor == first.cursor


def test_a_manifest_of_many_tickets_comes_in_parts() -> None:
    marks = [mark(i, "admitted") for i in range(60_000)]
    held: dict[str, Any] = {}
    answer = manifest(*marks)
    sizes = [len(answer.admitted)]
    held = merge(held, answer)
    while answer.more:
        answer = manifest(*marks, since=answer.cursor)
        sizes.append(len(answer.admitted))
        held = merge(held, answer)
    assert len(held) == 60_000
    assert len(sizes) == 3
    assert max(sizes) <= offline.MOST_HANDLES
    assert manifest(*marks, since=answer.cursor).buckets == []


def test_twenty_thousand_used_tickets_fit_one_answer_of_a_quarter_megabyte() -> None:
    answer = manifest(*[mark(i, "admitted") for i in range(20_000)])
    body = json.dumps(asdict(answer), separators=(",", ":")).encode()
    assert not answer.more
    assert len(body) < 250_000
    assert len(zlib.compress(body)) < 150_000


def test_after_a_change_of_keys_the_whole_comes_again() -> None:
    before = manifest(mark(denied="admitted"))
    rotated = manifest(
        mark(denied="admitted"), since=before.cursor, keys=KeyRing("0", KEYS.keys)
    )  # fmt: skip
    assert rotated.buckets == list(range(128))
    assert rotated.admitted != before.admitted


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "é", "!" * 690, "A" * 690, "AAAA", "\ud800"],
)
def test_a_cursor_that_is_not_ours_is_malformed(cursor: str) -> None:
    with pytest.raises(Invalid) as invalid:
        manifest(since=cursor)
    assert invalid.value.code == "CURSOR_INVALID"


def test_an_event_too_large_for_codes_has_no_manifest() -> None:
    with pytest.raises(RuleBroken) as refused:
        offline.manifest(
            EventId(2**32), [], keys=KEYS, suite=SUITE, opens_at=0, closes_at=0, now=0, since=None
        )
    assert refused.value.code == "QR_ID_TOO_LARGE"


def test_a_ticket_too_large_for_codes_is_left_out() -> None:
    assert manifest(mark(2**64, "revoked")).revoked == []


def test_an_empty_bucket_never_has_the_digest_of_a_full_one() -> None:
    full = manifest(mark(denied="admitted"))
    emptied = manifest(since=full.cursor)
    assert emptied.buckets == [bucket_of(name())]
    assert replace(manifest(), buckets=[]) == replace(emptied, buckets=[])
