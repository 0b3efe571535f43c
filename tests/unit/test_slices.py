"""The pieces of decoders: the one canonical encoding is read, anything beside it refused."""

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from onlineticket.chain import slices
from onlineticket.chain.slices import Malformed


def words(*values: int) -> str:
    return "".join(f"{value:064x}" for value in values)


def test_an_address_is_the_last_20_bytes_of_a_word() -> None:
    assert slices.address(words(0, 0xAB), 64) == "0x" + "0" * 38 + "ab"
    with pytest.raises(Malformed, match="address padding"):
        slices.address(words(1 << 160), 0)


def test_only_0_and_1_are_a_bool() -> None:
    assert slices.boolean(words(7, 1), 64) is True
    assert slices.boolean(words(7, 0), 64) is False
    for odd in (2, 1 << 255):
        with pytest.raises(Malformed, match="bool"):
            slices.boolean(words(odd), 0)


def test_a_uint8_is_at_most_255() -> None:
    assert slices.uint8(words(9, 255), 64) == 255
    with pytest.raises(Malformed, match="uint8 padding"):
        slices.uint8(words(256), 0)


@given(st.text(), st.text())
def test_strings_follow_each_other_without_a_gap(first: str, second: str) -> None:
    data = encode(["string", "string"], [first, second]).hex()
    # Positions as in a log's own text, which begins with 0x.
    text, tail = slices.text("0x" + data, 2, 2 + 128)
    assert text == first
    assert slices.text("0x" + data, 2 + 64, tail) == (second, 2 + len(data))


HELLO = "0x" + encode(["string"], ["hello"]).hex()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("0x" + words(64) + HELLO[66:], "string offset"),
        ("0x" + words(2**256 - 1) + HELLO[66:], "string offset"),
        (HELLO[: 2 + 64 + 62], "string offset"),
        ("0x" + words(32, 2**256 - 1) + HELLO[130:], "string length"),
        ("0x" + words(32, 33) + HELLO[130:], "string padding"),
        (HELLO[:-2], "string padding"),
        (HELLO[:-1] + "1", "string padding"),
        ("0x" + words(32, 1) + "ff" + "0" * 62, "string is not UTF-8"),
        ("0x" + words(32, 3) + "eda080" + "0" * 58, "string is not UTF-8"),
    ],
)
def test_a_string_encoded_in_any_other_way_is_refused(data: str, reason: str) -> None:
    assert slices.text(HELLO, 2, 66)[0] == "hello"
    with pytest.raises(Malformed, match=reason):
        slices.text(data, 2, 66)
