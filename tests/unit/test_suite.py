"""The contracts file: what it must hold, and how it says what is wrong with it."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onlineticket.domain import suite
from onlineticket.domain.errors import Invalid
from onlineticket.domain.suite import CONTRACT_NAMES

ADDRESSES = {name: f"0x{number}C" + "aB" * 19 for number, name in enumerate(CONTRACT_NAMES)}
FILE: dict[str, Any] = {"chain_id": 31337, "from_block": 12, "contracts": ADDRESSES}


def refused(text: str) -> str:
    """What is said of the file."""
    with pytest.raises(Invalid) as refusal:
        suite.parse(text)
    assert refusal.value.code == "BAD_CONTRACTS_FILE"
    return str(refusal.value)


def test_each_contract_is_found_under_its_name_its_address_in_lowercase() -> None:
    parsed = suite.parse(json.dumps(FILE))
    assert (parsed.chain_id, parsed.from_block) == (31337, 12)
    assert parsed.by_name() == {name: address.lower() for name, address in ADDRESSES.items()}
    assert parsed.event_manager == ADDRESSES["EventManager"].lower()
    assert parsed.ticket_manager == ADDRESSES["TicketManager"].lower()
    assert parsed.marketplace == ADDRESSES["Marketplace"].lower()
    assert parsed.token_swap == ADDRESSES["TokenSwap"].lower()
    assert parsed.platform_token == ADDRESSES["PlatformToken"].lower()


def test_a_file_without_from_block_begins_at_block_0() -> None:
    without = {key: value for key, value in FILE.items() if key != "from_block"}
    assert suite.parse(json.dumps(without)).from_block == 0


def test_keys_that_are_not_ours_are_passed_over() -> None:
    more = FILE | {"name": "x", "contracts": ADDRESSES | {"Faucet": "not an address"}}
    assert suite.parse(json.dumps(more)) == suite.parse(json.dumps(FILE))


@pytest.mark.parametrize("name", CONTRACT_NAMES)
def test_a_contract_that_is_missing_is_named(name: str) -> None:
    contracts = {key: value for key, value in ADDRESSES.items() if key != name}
    assert f"{name} is missing" in refused(json.dumps(FILE | {"contracts": contracts}))


@pytest.mark.parametrize("key", ["chain_id", "contracts"])
def test_a_part_that_is_missing_is_named(key: str) -> None:
    without = {each: value for each, value in FILE.items() if each != key}
    assert f"{key} is missing" in refused(json.dumps(without))


@pytest.mark.parametrize(
    "address",
    [
        "", "0x", "0x" + "1" * 39, "0x" + "1" * 41, "0x" + "g" * 40, "1" * 42, "0X" + "1" * 40,
        "0x" + "1" * 39 + " ", "0x " + "1" * 39, "0x" + "1_" * 19 + "11", "0x" + "1" * 38 + "१1",
        "0x" + "1" * 40 + "\n",
    ],
)  # fmt: skip
def test_a_contract_whose_address_is_none_is_named(address: str) -> None:
    contracts = ADDRESSES | {"Marketplace": address}
    assert "Marketplace is not an address" in refused(json.dumps(FILE | {"contracts": contracts}))


@pytest.mark.parametrize("address", [None, 5, True, ["0x"], {}, ["x"] * 42])
def test_an_address_that_is_not_even_text_is_refused(address: object) -> None:
    refused(json.dumps(FILE | {"contracts": ADDRESSES | {"Marketplace": address}}))


@pytest.mark.parametrize("key", ["chain_id", "from_block"])
@pytest.mark.parametrize("value", [-1, 1.0, "1", None, True, [], float("nan")])
def test_a_number_that_is_not_whole_is_named(key: str, value: object) -> None:
    assert f"{key} is not a whole number" in refused(json.dumps(FILE | {key: value}))


def test_two_contracts_cannot_share_an_address_however_it_is_written() -> None:
    twice = ADDRESSES | {"TokenSwap": ADDRESSES["Marketplace"].lower()}
    assert "two contracts have one address" in refused(json.dumps(FILE | {"contracts": twice}))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "7", '"chain_id"', '{"contracts": []}'])
def test_a_text_that_is_no_such_file_is_refused(text: str) -> None:
    refused(text)


# -- Contracts deployed more than once ------------------------------------------------------------

OLD, NEW = "0x" + "aa" * 20, "0x" + "BB" * 20


def with_markets(*entries: object) -> str:
    return json.dumps(FILE | {"contracts": ADDRESSES | {"Marketplace": list(entries)}})


def test_a_contract_may_have_several_addresses_each_with_its_blocks() -> None:
    parsed = suite.parse(with_markets(
        {"address": NEW, "from_block": 70, "abi_version": 1},
        {"address": OLD, "to_block": 90, "note": "ours no more"},
    ))  # fmt: skip
    markets = [one for one in parsed.deployments() if one.name == "Marketplace"]
    assert [(one.address, one.from_block, one.to_block) for one in markets] == [
        (OLD, 12, 90), (NEW.lower(), 70, None),
    ]  # fmt: skip
    assert len(parsed.deployments()) == 6
    assert parsed.marketplace == NEW.lower()


def test_a_list_of_one_address_is_that_address() -> None:
    parsed = suite.parse(with_markets({"address": ADDRESSES["Marketplace"]}))
    assert set(parsed.deployments()) == set(suite.parse(json.dumps(FILE)).deployments())


def test_plain_addresses_are_in_force_from_the_files_first_block_on() -> None:
    contracts = suite.parse(json.dumps(FILE)).deployments()
    assert {(one.from_block, one.to_block, one.abi_version) for one in contracts} == {(12, None, 1)}
    assert [one.name for one in contracts] == list(CONTRACT_NAMES)


@pytest.mark.parametrize(
    ("entries", "what"),
    [
        ([], "Marketplace is neither an address nor a list of objects"),
        ([OLD], "Marketplace is neither an address nor a list of objects"),
        ([{}], "Marketplace is not an address"),
        ([{"address": 5}], "Marketplace is not an address"),
        ([{"address": OLD, "from_block": "7"}], "Marketplace's from_block is not a whole number"),
        ([{"address": OLD, "from_block": 2**63}], "Marketplace's from_block is not a whole number"),
        ([{"address": OLD, "to_block": -1}], "Marketplace's to_block is not a whole number"),
        ([{"address": OLD, "abi_version": True}], "Marketplace's abi_version is not a whole"),
        ([{"address": OLD, "abi_version": 2}], "Marketplace has abi_version 2, which is unknown"),
        ([{"address": OLD, "to_block": 3}], "Marketplace ends before it begins"),
        ([{"address": OLD}, {"address": NEW}], "Marketplace has two addresses from block 12 on"),
        (
            [{"address": OLD}, {"address": OLD, "from_block": 50}],
            "two contracts have one address",
        ),
    ],
)
def test_what_is_wrong_with_a_list_is_named(entries: list[object], what: str) -> None:
    assert what in refused(with_markets(*entries))


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=50),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                (
                    "chain_id",
                    "from_block",
                    "contracts",
                    "address",
                    "to_block",
                    "abi_version",
                    *CONTRACT_NAMES,
                )
            ),
            inner,
        )
    ),
)


@given(_JSON, st.sampled_from([None, "chain_id", "from_block", "contracts", *CONTRACT_NAMES]))
def test_no_file_does_worse_than_be_refused(value: Any, key: str | None) -> None:
    file = value
    if key in CONTRACT_NAMES:
        file = FILE | {"contracts": ADDRESSES | {key: value}}
    elif key is not None:
        file = FILE | {key: value}
    with suppress(Invalid):
        suite.parse(json.dumps(file))
