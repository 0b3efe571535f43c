"""Contract views: what is asked, and what the answers say, with eth_abi as the oracle."""

import json
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from onlineticket.chain import reads
from onlineticket.chain.rpc import Call, Node
from onlineticket.chain.rpc_errors import RpcError, UnknownBlock
from onlineticket.domain.chain_log import Cursor
from onlineticket.domain.contract_read import ContractRead, Subject
from onlineticket.domain.deployments import MARKET_STRIDE, Deployment, Deployments
from onlineticket.domain.errors import Unavailable

VIEWS = {
    "event": ("EventManager", "getEventInfo"),
    "ticket_type": ("EventManager", "getTicketTypeInfo"),
    "ticket": ("TicketManager", "getTicketInfo"),
    "listing": ("Marketplace", "getListingInfo"),
}
AT = Cursor(500, "0x" + "ab" * 32)
ADDRESSES = {"EventManager": "0x01", "TicketManager": "0x02", "Marketplace": "0x03"}
SUITE: Any = Deployments(Deployment(name, address, 0) for name, address in ADDRESSES.items())  # type: ignore[arg-type]

_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "uint256": st.integers(0, 2**256 - 1) | st.integers(0, 9),
    "uint8": st.integers(0, 255),
    "bool": st.booleans(),
    "address": st.text("0123456789abcdef", min_size=40, max_size=40).map("0x".__add__),
    "bytes32": st.binary(min_size=32, max_size=32),
    "string": st.text(max_size=80),
}


def outputs(kind: str) -> tuple[list[dict[str, Any]], bool]:
    """What the view of `kind` returns by the ABI, and whether it is all in one tuple."""
    contract, view = VIEWS[kind]
    entries = json.loads(Path("abis", f"{contract}.json").read_text())
    [found] = [one["outputs"] for one in entries if one.get("name") == view]
    wrapped = found[0]["type"] == "tuple"
    return (found[0]["components"] if wrapped else found), wrapped


def encoded(kind: str, values: list[Any], string_type: str = "string") -> str:
    named, wrapped = outputs(kind)
    types = [one["type"].replace("string", string_type) for one in named]
    if wrapped:
        return "0x" + encode([f"({','.join(types)})"], [values]).hex()
    return "0x" + encode(types, values).hex()


@st.composite
def answers(draw: st.DrawFn) -> tuple[str, dict[str, Any], str]:
    """A kind, values by the ABI's names, and their encoding."""
    kind = draw(st.sampled_from(sorted(VIEWS)))
    named, _ = outputs(kind)
    values = [draw(_VALUES[one["type"]]) for one in named]
    names = [one["name"] for one in named]
    return kind, dict(zip(names, values, strict=True)), encoded(kind, values)


@given(answers())
def test_return_data_reads_as_it_was_encoded_under_the_abis_names(
    answer: tuple[str, dict[str, Any], str],
) -> None:
    kind, values, result = answer
    if "verificationHash" in values:
        values["verificationHash"] = int.from_bytes(values["verificationHash"], "big")
    assert reads.decode(kind, result) == values
    assert reads.decode(kind, "0x" + result[2:].upper()) == values


@given(answers(), st.data())
def test_an_answer_cut_short_is_refused_unless_only_padding_is_lost(
    answer: tuple[str, dict[str, Any], str], data: st.DataObject
) -> None:
    kind, _, result = answer
    cut = "0x" + result[2:][: 2 * data.draw(st.integers(1, len(result) // 2 - 2))]
    try:
        assert reads.decode(kind, cut) == reads.decode(kind, result)
        assert set(result[len(cut) :]) == {"0"}
    except ValueError:
        pass


@given(answers(), st.data())
def test_a_tampered_answer_is_read_or_refused_and_nothing_else(
    answer: tuple[str, dict[str, Any], str], data: st.DataObject
) -> None:
    kind, values, result = answer
    raw = bytearray.fromhex(result[2:])
    at = 32 * data.draw(st.integers(0, len(raw) // 32 - 1))
    word = data.draw(st.integers(0, 2**256 - 1) | st.integers(0, 700)).to_bytes(32, "big")
    raw[at : at + 32] = word
    try:
        read = reads.decode(kind, "0x" + raw.hex())
    except ValueError:
        return
    assert read is not None
    assert read.keys() == values.keys()


@pytest.mark.parametrize("kind", VIEWS)
def test_an_empty_answer_says_that_the_contract_refused(kind: str) -> None:
    assert reads.decode(kind, "0x") is None


@pytest.mark.parametrize(
    "result", ["", "0", "0x0", "0xzz", "00" * 320, "0x" + " " * 640, "0x" + "0_" * 320, "0x\n"]
)
@pytest.mark.parametrize("kind", VIEWS)
def test_an_answer_that_is_not_hexadecimal_is_refused(kind: str, result: str) -> None:
    with pytest.raises(ValueError, match="not hexadecimal"):
        reads.decode(kind, result)


def test_bytes_that_are_not_utf_8_are_marked_and_the_rest_is_kept() -> None:
    values: list[Any] = [b"a\xff\xfeb", b"", b"\xf0\x9f\x8e\xa4", b"\x00", "0x" + "1" * 40]
    values += [0] * 7 + [True, False]
    read = reads.decode("event", encoded("event", values, "bytes"))
    assert read is not None
    assert [read[name] for name in ("name", "description", "imageURI", "venue")] == [
        "a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}b", "", "🎤", "\x00",
    ]  # fmt: skip


def test_any_word_but_0_is_true() -> None:
    result = "0x" + f"{0:064x}" * 7 + "8" + "0" * 63
    assert reads.decode("listing", result) == dict.fromkeys(
        ("tokenId", "price", "ethPrice", "createdAt", "expiresAt", "status"), 0
    ) | {"seller": "0x" + "0" * 40, "acceptsEth": True}


# -- What is asked --------------------------------------------------------------------------------

OPEN = encoded("listing", [1, "0x" + "1" * 40, 2, 3, 4, 5, 0, True])


REFUSED = RpcError(3, "execution reverted: Marketplace: listing does not exist")


class Fake(Node):
    """Answers every call with the first of `answers` that is left, the last one for good; keeps
    what it was asked, request by request.
    """

    def __init__(self, *answers: Any) -> None:
        super().__init__("", sleep=lambda _: None)
        self.answers = list(answers)
        self.asked: list[list[Call]] = []

    def try_batch(self, calls: Any) -> list[Any]:
        self.asked.append(list(calls))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [answer] * len(calls)


@pytest.mark.parametrize("kind", VIEWS)
def test_each_subject_is_asked_of_its_contract_at_the_hash_of_the_cursors_block(kind: str) -> None:
    contract, view = VIEWS[kind]
    node, subject = Fake(REFUSED), Subject(kind, 2**256 - 1, 7 if kind == "ticket_type" else 0)
    assert reads.read(node, SUITE, [subject], AT) == [
        ContractRead(subject, 500, AT.hash, "0x", None)
    ]
    types, ids = ["uint256"], [subject.id]
    if kind == "ticket_type":
        types, ids = types * 2, [subject.id, 7]
    calldata = keccak(text=f"{view}({','.join(types)})")[:4] + encode(types, ids)
    call = {"to": ADDRESSES[contract], "data": "0x" + calldata.hex()}
    assert node.asked == [[("eth_call", [call, {"blockHash": AT.hash}])]]


def test_a_listing_is_asked_of_the_marketplace_that_made_it_under_its_id_there() -> None:
    other: Any = Deployment("Marketplace", "0x04", 600)  # type: ignore[arg-type]
    node = Fake(REFUSED)
    reads.read(node, Deployments([*SUITE.all, other]), [Subject("listing", MARKET_STRIDE + 7)], AT)
    [[(_, [call, _])]] = node.asked
    assert call["to"] == "0x04"
    assert int(call["data"][10:], 16) == 7


def test_many_subjects_go_200_to_a_request_and_come_back_in_their_order() -> None:
    node, subjects = Fake(OPEN), [Subject("listing", number) for number in range(401)]
    done = reads.read(node, SUITE, subjects, AT)
    assert [len(request) for request in node.asked] == [200, 200, 1]
    assert [one.subject for one in done] == subjects
    assert done[0].result == OPEN
    assert done[0].values is not None
    assert done[0].values["acceptsEth"] is True
    assert done[0].values["expiresAt"] == 5


def test_nothing_to_read_asks_nothing() -> None:
    node = Fake(OPEN)
    assert reads.read(node, SUITE, [], AT) == []
    assert node.asked == []


@pytest.mark.parametrize(
    "refusal",
    [
        REFUSED,
        RpcError(3, ""),
        RpcError(-32000, "VM Exception: Revert"),
    ],
)
def test_a_revert_is_an_answer_that_the_contract_knows_no_such_thing(refusal: RpcError) -> None:
    [one] = reads.read(Fake(refusal), SUITE, [Subject("listing", 1)], AT)
    assert (one.result, one.values) == ("0x", None)


def test_any_other_refusal_is_the_nodes_own_and_says_nothing_about_the_subject() -> None:
    refusal = RpcError(-32601, "the method eth_call does not exist")
    with pytest.raises(RpcError, match="does not exist"):
        reads.read(Fake(refusal), SUITE, [Subject("ticket", 1)], AT)


UNUSABLE: list[Any] = ["0x", None, 7, "", "0x" + "0" * 62, OPEN[:-2], "0x" + "zz" * 256, {}]


@pytest.mark.parametrize("answer", UNUSABLE)
def test_an_answer_that_no_view_gives_is_a_node_that_is_away(answer: object) -> None:
    node = Fake(answer)
    with pytest.raises(Unavailable):
        reads.read(node, SUITE, [Subject("listing", 1)], AT)
    assert len(node.asked) == node.attempts


@pytest.mark.parametrize("answer", UNUSABLE)
def test_an_answer_that_no_view_gives_is_asked_for_again(answer: object) -> None:
    [one] = reads.read(Fake(answer, OPEN), SUITE, [Subject("listing", 1)], AT)
    assert one.result == OPEN


def test_a_read_that_was_stored_reads_as_it_did_when_it_was_made() -> None:
    [made] = reads.read(Fake(OPEN), SUITE, [Subject("listing", 1)], AT)
    assert reads.parse(made.subject, made.block_number, made.block_hash, made.result) == made


def test_a_node_that_does_not_know_the_block_yet_is_asked_again() -> None:
    behind = UnknownBlock(-32000, "unknown block")
    [one] = reads.read(Fake(behind, OPEN), SUITE, [Subject("listing", 1)], AT)
    assert one.result == OPEN
    with pytest.raises(Unavailable):
        reads.read(Fake(behind), SUITE, [Subject("listing", 1)], AT)
