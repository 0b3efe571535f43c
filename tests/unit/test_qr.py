"""The wire format, held to its description and to another implementation of HKDF."""

import hmac
from dataclasses import replace
from typing import Any

import pytest
from base45 import b45decode
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from onlineticket.domain import qr
from onlineticket.domain.errors import RuleBroken
from onlineticket.domain.keyring import KeyRing
from onlineticket.domain.qr import QrCode
from onlineticket.domain.types import EventId, TokenId
from tests.at_the_door import CODE, KEYS, NOW, SUITE, refusal_of

WIRE = qr.encode(CODE, KEYS, SUITE)

codes = st.builds(
    QrCode,
    event_id=st.integers(0, 2**32 - 1).map(EventId),
    token_id=st.integers(0, 2**64 - 1).map(TokenId),
    epoch=st.integers(0, 2**16 - 1),
    expires_at=st.integers(0, 2**32 - 1),
    nonce=st.binary(min_size=8, max_size=8),
    prefetched=st.booleans(),
)


def forged(text: str) -> bool:
    return refusal_of(lambda: qr.decode(text, KEYS, SUITE)) == "QR_FORGED"


@given(codes)
def test_a_code_reads_back_from_either_text(code: QrCode) -> None:
    wire = qr.encode(code, KEYS, SUITE)
    assert qr.decode(qr.base45(wire), KEYS, SUITE) == code
    assert qr.decode(qr.base64url(wire), KEYS, SUITE) == code


def test_the_51_bytes_are_laid_out_as_described() -> None:
    assert len(WIRE) == 51
    assert WIRE[0] == (1 << 4 | 1 << 1 | 0)
    assert qr.encode(replace(CODE, prefetched=True), KEYS, SUITE)[0] == (1 << 4 | 1 << 1 | 1)
    numbers = ((1, 5, CODE.event_id), (5, 13, CODE.token_id), (13, 15, 3), (15, 19, NOW + 60))
    for start, end, value in numbers:
        assert int.from_bytes(WIRE[start:end], "big") == value
    assert WIRE[19:27] == b"nonce--8"


def test_the_tags_are_those_of_another_implementation() -> None:
    scope = (31337).to_bytes(8, "big") + bytes.fromhex(SUITE.ticket_manager[2:])
    scope += int(CODE.event_id).to_bytes(4, "big")
    day = (CODE.expires_at // 86400).to_bytes(4, "big")
    keys = [
        HKDF(SHA256(), length=32, salt=b"", info=info).derive(KEYS.current)
        for info in (b"offline" + scope + day, b"online" + scope)
    ]
    assert WIRE[27:35] == hmac.digest(keys[0], b"OT-QR-v1" + WIRE[:27], "sha256")[:8]
    assert WIRE[35:] == hmac.digest(keys[1], b"OT-QR-v1" + WIRE[:35], "sha256")[:16]


def test_texts_have_the_lengths_that_tell_them_apart() -> None:
    assert (len(qr.base45(WIRE)), len(qr.base64url(WIRE))) == (77, 68)
    assert b45decode(qr.base45(WIRE)) == WIRE


def test_a_scanner_may_end_the_text_with_a_newline() -> None:
    assert qr.decode(qr.base45(WIRE) + "\r\n", KEYS, SUITE) == CODE


@pytest.mark.parametrize("position", range(51))
def test_a_change_of_any_byte_is_a_forgery(position: int) -> None:
    changed = bytearray(WIRE)
    for bit in range(8):
        changed[position] ^= 1 << bit
        assert forged(qr.base45(bytes(changed)))
        changed[position] ^= 1 << bit


def test_a_code_made_with_a_days_offline_key_alone_is_a_forgery() -> None:
    """What whoever steals a terminal can do: the offline tag is right, the online one is not."""
    signed = WIRE[:19] + b"mine" * 2
    key = qr.offline_key(KEYS.current, SUITE, CODE.event_id, CODE.expires_at // 86_400)
    offline = hmac.digest(key, b"OT-QR-v1" + signed, "sha256")[:8]
    online = hmac.digest(key, b"OT-QR-v1" + signed + offline, "sha256")[:16]
    assert forged(qr.base45(signed + offline + online))


def test_a_code_of_another_suite_is_a_forgery() -> None:
    for other in (replace(SUITE, chain_id=1), replace(SUITE, ticket_manager=SUITE.marketplace)):
        assert forged(qr.base45(qr.encode(CODE, KEYS, other)))


def test_a_code_under_the_previous_root_key_is_still_ours() -> None:
    before = KeyRing("0", {"0": KEYS.keys["0"]})
    assert qr.decode(qr.base45(qr.encode(CODE, before, SUITE)), KEYS, SUITE) == CODE


def test_a_code_under_a_key_that_we_dropped_is_a_forgery() -> None:
    other = KeyRing("7", {"7": b"x" * 32})
    assert forged(qr.base45(qr.encode(CODE, other, SUITE)))


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "A" * 77, ":" * 77, "A" * 68, "é" * 77, "\ud800" * 77, "٣" * 68, "\0" * 77,
        "a" * 77, "A" * 76 + "\n", "+" * 68, "A" * 10_000_000, "\n" * 78, "🎫" * 68,
    ],
)  # fmt: skip
def test_text_that_is_no_code_is_a_forgery(text: str) -> None:
    assert forged(text)


@given(st.text() | st.text(min_size=77, max_size=77) | st.binary(min_size=51, max_size=51))
def test_anything_at_all_is_refused_and_never_fails(raw: str | bytes) -> None:
    assert forged(raw if isinstance(raw, str) else qr.base45(raw))


@pytest.mark.parametrize(
    ("field", "largest"),
    [("event_id", 2**32 - 1), ("token_id", 2**64 - 1), ("epoch", 2**16 - 1)],
)
def test_an_id_too_large_for_the_format_is_refused_by_name(field: str, largest: int) -> None:
    def encode(value: int) -> bytes:
        changes: dict[str, Any] = {field: value}
        return qr.encode(replace(CODE, **changes), KEYS, SUITE)

    assert len(encode(largest)) == 51
    with pytest.raises(RuleBroken) as refusal:
        encode(largest + 1)
    assert refusal.value.code == "QR_ID_TOO_LARGE"
    assert refusal.value.details == {"field": field, "largest": str(largest)}


@pytest.mark.parametrize("key_id", ["8", "", "10", "-1", "x"])
def test_a_key_whose_id_does_not_fit_three_bits_is_our_mistake(key_id: str) -> None:
    with pytest.raises(ValueError, match="digit from 0 to 7"):
        qr.encode(CODE, KeyRing(key_id, {key_id: b"x" * 32}), SUITE)


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (CODE.expires_at - 66, "QR_NOT_YET_VALID"),
        (CODE.expires_at - 65, "ok"),
        (CODE.expires_at + 5, "ok"),
        (CODE.expires_at + 6, "QR_EXPIRED"),
    ],
)
def test_a_code_is_good_for_a_minute_and_five_seconds_either_side(now: int, code: str) -> None:
    assert refusal_of(lambda: qr.check_time(CODE, now)) == code


def test_a_batch_has_a_code_for_each_half_minute_good_for_a_whole_one() -> None:
    nonces = iter(range(20))
    batch = qr.batch(
        CODE.event_id, CODE.token_id, 3, count=20, now=NOW,
        random=lambda size: next(nonces).to_bytes(size, "big"),
    )  # fmt: skip
    assert [code.not_before for code in batch] == [NOW + 30 * i for i in range(20)]
    assert all(code.expires_at == code.not_before + 60 for code in batch)
    assert [code.prefetched for code in batch] == [False] * 2 + [True] * 18
    assert len({code.nonce for code in batch}) == 20
