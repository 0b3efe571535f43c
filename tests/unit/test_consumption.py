"""What is decided about a transaction, and its encoding, held to another implementation."""

from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from eth_account import Account
from eth_keys.datatypes import PrivateKey
from eth_utils.address import to_checksum_address
from hypothesis import given, settings
from hypothesis import strategies as st

from onlineticket.chain.kms_signer import ORDER, Signed, recoverable
from onlineticket.chain.use_ticket import encode
from onlineticket.domain.consumption import Fees, free_nonce, pause, raised
from onlineticket.domain.types import Wei

KEY = PrivateKey(b"\x07" * 32)
OTHER = PrivateKey(b"\x08" * 32)
TO = to_checksum_address("0x" + "5f" * 20)

FEW = settings(max_examples=20)
"""A signature takes this library's Python twenty milliseconds."""

digests = st.binary(min_size=32, max_size=32)
amounts = st.integers(0, 2**64 - 1)


def as_kms_does(digest: bytes, *, high: bool, key: PrivateKey = KEY) -> bytes:
    """DER, with either `s`."""
    signature = key.sign_msg_hash(digest)
    low = min(signature.s, ORDER - signature.s)
    return encode_dss_signature(signature.r, ORDER - low if high else low)


def sign(digest: bytes) -> Signed:
    return recoverable(digest, as_kms_does(digest, high=True), KEY.public_key)


@FEW
@given(digests, st.booleans())
def test_either_signature_of_kms_becomes_the_one_that_ethereum_takes(
    digest: bytes, high: bool
) -> None:
    signed = recoverable(digest, as_kms_does(digest, high=high), KEY.public_key)
    assert signed.s <= ORDER // 2
    expected = KEY.sign_msg_hash(digest)
    assert signed == (expected.v, expected.r, expected.s)


@FEW
@given(
    st.binary(max_size=80) | digests.filter(any).map(lambda digest: as_kms_does(digest, high=False))
)
def test_what_is_no_signature_of_the_key_is_refused(der: bytes) -> None:
    with pytest.raises(ValueError, match="signature"):
        recoverable(sha256(der).digest(), der, KEY.public_key)


@pytest.mark.parametrize(
    "cut", [lambda der: der[:-1], lambda der: der + b"\0", lambda der: der[1:]]
)
def test_a_signature_in_another_form_is_refused(cut: object) -> None:
    assert callable(cut)
    with pytest.raises(ValueError, match="DER"):
        recoverable(bytes(32), cut(as_kms_does(bytes(32), high=False)), KEY.public_key)


def test_the_signature_of_another_key_is_refused() -> None:
    der = as_kms_does(b"\1" * 32, high=False, key=OTHER)
    with pytest.raises(ValueError, match="another key"):
        recoverable(b"\1" * 32, der, KEY.public_key)


@FEW
@given(
    chain_id=st.integers(1, 2**31), nonce=amounts, gas=amounts, max_fee=amounts, tip=amounts,
    data=st.binary(max_size=100), legacy=st.booleans(),
)  # fmt: skip
def test_a_transaction_is_encoded_as_another_implementation_does(
    chain_id: int, nonce: int, gas: int, max_fee: int, tip: int, data: bytes, legacy: bool
) -> None:
    fees = Fees(Wei(max_fee), None if legacy else Wei(tip))
    raw = encode(sign, chain_id=chain_id, nonce=nonce, gas=gas, fees=fees, to=TO, data=data)
    price = (
        {"gasPrice": max_fee}
        if legacy
        else {"maxFeePerGas": max_fee, "maxPriorityFeePerGas": tip, "type": 2}
    )
    common = {"chainId": chain_id, "nonce": nonce, "gas": gas, "to": TO, "value": 0, "data": data}
    expected = Account.sign_transaction(common | price, KEY.to_bytes())
    assert raw == bytes(expected.raw_transaction)
    assert Account.recover_transaction(raw).lower() == KEY.public_key.to_address()


def test_a_gap_in_the_nonces_is_filled_first() -> None:
    assert free_nonce(5, []) == 5
    assert free_nonce(5, {5, 6, 8}) == 7
    assert free_nonce(5, {3, 4}) == 5


def test_a_replacement_pays_a_quarter_more_or_what_the_chain_wants() -> None:
    old = Fees(Wei(100), Wei(10))
    assert raised(old, Fees(Wei(1), Wei(1))) == Fees(Wei(126), Wei(13))
    assert raised(old, Fees(Wei(500), Wei(50))) == Fees(Wei(500), Wei(50))
    assert raised(Fees(Wei(0), Wei(0)), Fees(Wei(0), Wei(0))) == Fees(Wei(1), Wei(1))
    assert raised(Fees(Wei(100), None), Fees(Wei(1), None)) == Fees(Wei(126), None)


def test_pauses_double_up_to_an_hour() -> None:
    assert [pause(n) for n in (0, 1, 2, 5, 6, 10**9)] == [60, 120, 240, 1920, 3600, 3600]
