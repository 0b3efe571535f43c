"""The field's words at the edge: what JSON may bring in, and how it goes out."""

import json
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from onlineticket.domain.types import (
    NO_TRUTH,
    UINT256_MAX,
    ZERO_ADDRESS,
    EventId,
    ListingId,
    Quantity,
    TokenId,
    TypeId,
    WalletAddress,
    Wei,
)

UINT256S = [TypeAdapter[Any](one) for one in (EventId, TypeId, TokenId, ListingId, Wei, Quantity)]
WALLET: TypeAdapter[Any] = TypeAdapter(WalletAddress)
# The first of EIP-55's own examples.
CHECKSUMMED = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"


@pytest.mark.parametrize("type_", UINT256S)
@given(value=st.integers(0, UINT256_MAX))
def test_a_uint256_leaves_as_a_decimal_string_and_comes_back_as_the_same_number(
    type_: TypeAdapter[Any], value: int
) -> None:
    text = json.loads(type_.dump_json(value))
    assert text == str(value)
    assert type_.validate_python(text) == value


@pytest.mark.parametrize("type_", UINT256S)
@pytest.mark.parametrize(
    "value", [-1, UINT256_MAX + 1, "1.5", "0x10", "", "\N{FULLWIDTH DIGIT ONE} 1", None, 2.5]
)
def test_what_is_no_uint256_is_refused(type_: TypeAdapter[Any], value: object) -> None:
    with pytest.raises(ValidationError):
        type_.validate_python(value)


@pytest.mark.parametrize("type_", UINT256S)
def test_inside_a_uint256_is_a_number(type_: TypeAdapter[Any]) -> None:
    assert type_.dump_python(UINT256_MAX) == UINT256_MAX
    assert type_.validate_python(UINT256_MAX) == UINT256_MAX


@pytest.mark.parametrize("type_", [*UINT256S, TypeAdapter(Annotated[int, NO_TRUTH])])
@pytest.mark.parametrize("truth", ["true", "false"])
def test_a_truth_value_is_no_number(type_: TypeAdapter[Any], truth: str) -> None:
    with pytest.raises(ValidationError):
        type_.validate_json(truth)


def test_an_address_is_lowercase_inside_and_checksummed_outside() -> None:
    inside = WALLET.validate_python(CHECKSUMMED)
    assert inside == CHECKSUMMED.lower()
    assert WALLET.dump_python(inside) == CHECKSUMMED.lower()
    assert json.loads(WALLET.dump_json(inside)) == CHECKSUMMED


@pytest.mark.parametrize("address", [CHECKSUMMED, CHECKSUMMED.lower(), CHECKSUMMED.upper()])
def test_an_address_is_taken_in_any_case(address: str) -> None:
    assert WALLET.validate_python(address) == CHECKSUMMED.lower()


@pytest.mark.parametrize(
    "address",
    [
        "", "0x", CHECKSUMMED[2:], CHECKSUMMED[:-1], CHECKSUMMED + "0", CHECKSUMMED + "\n",
        " " + CHECKSUMMED, "0x" + "g" * 40, "0x" + "\N{FULLWIDTH DIGIT ONE}" * 40,
        None, 5, ["0x" + "1" * 40],
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(address: object) -> None:
    with pytest.raises(ValidationError):
        WALLET.validate_python(address)


def test_the_zero_address_is_one_like_any_other() -> None:
    assert WALLET.validate_python(ZERO_ADDRESS) == ZERO_ADDRESS == "0x" + "0" * 40
