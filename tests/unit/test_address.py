import pytest
from Crypto.Hash import keccak
from eth_utils.address import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from onlineticket.domain import address


@given(st.binary(max_size=135))
def test_hash_of_one_block_is_that_of_another_implementation(message: bytes) -> None:
    expected = keccak.new(digest_bits=256, data=message).digest()
    assert address.keccak_256(message) == expected


def test_longer_messages_are_refused_rather_than_cut() -> None:
    with pytest.raises(ValueError, match="longer than one block"):
        address.keccak_256(bytes(136))


@given(st.binary(min_size=20, max_size=20))
def test_checksum_is_that_of_another_implementation(raw: bytes) -> None:
    lowercase = "0x" + raw.hex()
    assert address.checksum(lowercase) == to_checksum_address(lowercase)
