"""Whatever is held before a scanner: a code that we made, or QR_FORGED, and nothing else.

50,000 codes in `make test`, a million in `make test-long`; the seed is fixed, so a failure repeats.
"""

import hmac
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Callable
from random import Random

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from onlineticket.domain import qr
from onlineticket.domain.errors import RuleBroken
from onlineticket.domain.keyring import KeyRing
from onlineticket.domain.types import EventId, TokenId
from tests import terminal_reader as reader
from tests.at_the_door import EVENT, KEYS, NOW, SUITE

IS_LONG = hypothesis_settings.get_current_profile_name() == "long"
CODES = 1_000_000 if IS_LONG else 50_000
DAY = NOW // 86_400
OFFLINE_KEY = qr.offline_key(KEYS.current, SUITE, EVENT, DAY)
BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
made: list[bytes] = []
"""The genuine codes of this turn: a splice may happen to be the other one as it is."""


def genuine(random: Random) -> bytes:
    code = qr.QrCode(
        EventId(random.choice([EVENT, random.getrandbits(32)])), TokenId(random.getrandbits(64)),
        random.getrandbits(16), NOW + random.randrange(3600), random.randbytes(8),
        random.random() < 0.5,
    )  # fmt: skip
    ring = KeyRing(random.choice("01"), KEYS.keys)
    wire = qr.encode(code, ring, SUITE)
    made.append(wire)
    return wire


def texts(wire: bytes) -> tuple[str, str]:
    return qr.base45(wire), qr.base64url(wire)


def in_either_form(random: Random, wire: bytes) -> str:
    return qr.base45(wire) if random.random() < 0.5 else urlsafe_b64encode(wire).decode()


# Each makes a text from a genuine code; some leave it genuine now and then.


def noise(random: Random, _: bytes) -> str:
    return in_either_form(
        random, random.randbytes(random.choice([51, 51, 51, random.randrange(99)]))
    )


def letters(random: Random, _: bytes) -> str:
    alphabet = random.choice([reader.ALPHABET, BASE64URL, "\0\n\r é٣\ud800🎫" + BASE64URL])
    return "".join(random.choices(alphabet, k=random.choice([68, 77, random.randrange(200)])))


def flipped_bits(random: Random, wire: bytes) -> str:
    changed = bytearray(wire)
    for _ in range(random.randint(1, 3)):
        changed[random.randrange(51)] ^= 1 << random.randrange(8)
    return in_either_form(random, bytes(changed))


def other_letters(random: Random, wire: bytes) -> str:
    text = list(in_either_form(random, wire))
    for _ in range(random.randint(1, 3)):
        text[random.randrange(len(text))] = random.choice(reader.ALPHABET + BASE64URL)
    return "".join(text)


def cut_or_longer(random: Random, wire: bytes) -> str:
    text, at = in_either_form(random, wire), random.randrange(69)
    return random.choice([text[:at], text[at:], text[:at] + "0" + text[at:], text + "\n", text * 2])


def spliced(random: Random, wire: bytes) -> str:
    """The fields of one code with the tags of another, and other mixtures."""
    other, at = genuine(random), random.choice([1, 5, 13, 15, 19, 27, 35])
    return in_either_form(random, wire[:at] + other[at:])


def by_a_stolen_terminal(random: Random, wire: bytes) -> str:
    """Everything right that the day's offline key can make right."""
    forged = bytes([0x12]) + EVENT.to_bytes(4, "big") + wire[5:15]
    forged += (NOW + random.randrange(60)).to_bytes(4, "big") + random.randbytes(8)
    forged += reader.offline_tag(OFFLINE_KEY, forged)
    online = random.choice([
        reader.online_tag(OFFLINE_KEY, forged), random.randbytes(16), wire[35:], bytes(16),
        hmac.digest(OFFLINE_KEY, forged, "sha256")[:16],
    ])  # fmt: skip
    return in_either_form(random, forged + online)


WAYS: list[Callable[[Random, bytes], str]] = [
    noise, letters, flipped_bits, other_letters, cut_or_longer, spliced, by_a_stolen_terminal,
]  # fmt: skip


def test_random_and_mutated_codes_are_refused_and_none_of_them_accepted() -> None:
    random = Random(20_270_115)
    counts: Counter[str] = Counter()
    for number in range(CODES):
        made.clear()
        wire = genuine(random)
        text = WAYS[number % len(WAYS)](random, wire)
        try:
            code = qr.decode(text, KEYS, SUITE)
        except RuleBroken as refused:
            counts[refused.code] += 1
        else:
            ours = [wire_ for wire_ in made if text.rstrip("\r\n") in texts(wire_)]
            assert ours, f"a forgery: {text}"
            assert code.token_id == int.from_bytes(ours[0][5:13], "big")
            counts["ours"] += 1
    assert counts.keys() == {"QR_FORGED", "ours"}
    assert counts["ours"] < CODES / 10


@given(st.binary(max_size=200))
def test_base45_and_base64url_give_back_what_they_took(raw: bytes) -> None:
    assert reader.base45_of(raw) == qr.base45(raw)
    if len(raw) == 51:
        assert reader.wire_of(qr.base45(raw)) == reader.wire_of(qr.base64url(raw)) == raw


@given(st.binary(min_size=51, max_size=51))
def test_every_51_bytes_have_one_text_of_each_form(wire: bytes) -> None:
    base45, base64url = qr.base45(wire), qr.base64url(wire)
    assert (len(base45), len(base64url)) == (77, 68)
    assert qr._from_text(base45) == qr._from_text(base64url) == wire
    assert reader.wire_of(base45) == reader.wire_of(base64url) == wire


@given(st.text(alphabet=reader.ALPHABET, min_size=77, max_size=77))
def test_two_texts_never_mean_the_same_bytes(text: str) -> None:
    try:
        wire = qr._from_text(text)
    except RuleBroken:
        return
    assert qr.base45(wire) == text
