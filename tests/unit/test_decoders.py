"""The generated decoders against a general one: what eth_abi reads, they read, and no more."""

import json
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from hypothesis import given
from hypothesis import strategies as st

from infra import generate_decoders
from onlineticket.chain import logs
from onlineticket.chain.decoders import DECODERS
from onlineticket.chain.slices import Malformed
from onlineticket.domain import fold
from onlineticket.domain.chain_log import Chunk, RawLog
from onlineticket.store import raw_logs
from tests.emitting import Emitted, abi_events, log, topic_of

EVENTS = sorted((contract, entry[0]) for (contract, _, _), entry in DECODERS.items())

_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "uint256": st.integers(0, 2**256 - 1) | st.integers(0, 300),
    "uint8": st.integers(0, 255),
    "bool": st.booleans(),
    "address": st.text("0123456789abcdef", min_size=40, max_size=40).map("0x".__add__),
    "string": st.text(max_size=100),
}


@st.composite
def events_with_args(draw: st.DrawFn) -> tuple[str, str, list[Any]]:
    contract, event = draw(st.sampled_from(EVENTS))
    types = [one["type"] for one in abi_events(contract)[event]]
    return contract, event, [draw(_VALUES[type_]) for type_ in types]


def test_decoders_are_those_of_the_abis() -> None:
    generated = generate_decoders.generate(Path("abis"))
    assert Path(generate_decoders.OUTPUT).read_text() == generated


def test_every_event_of_the_abis_has_a_meaning() -> None:
    listed = {
        entry["name"]
        for path in Path("abis").glob("*.json")
        for entry in json.loads(path.read_text())
        if entry["type"] == "event" and path.stem in generate_decoders.EMITTERS
    }
    assert listed == fold.KINDS.keys()


@given(events_with_args())
def test_a_log_decodes_to_what_was_emitted(one: tuple[str, str, list[Any]]) -> None:
    contract, event, args = one
    assert read(contract, event, log(contract, event, *args)) == tuple(args)


@given(events_with_args(), st.data())
def test_a_tampered_log_is_read_as_eth_abi_reads_it_or_refused_as_it_refuses(
    one: tuple[str, str, list[Any]], data: st.DataObject
) -> None:
    contract, event, args = one
    tampered = data.draw(tamperings(log(contract, event, *args)))
    expected = oracle(contract, event, tampered)
    if expected is None:
        with pytest.raises(Malformed):
            read(contract, event, tampered)
    else:
        assert read(contract, event, tampered) == expected


@st.composite
def tamperings(draw: st.DrawFn, one: Emitted) -> Emitted:
    """Cut, lengthen, flip or overwrite a word; or lose or gain a topic."""
    words = max(1, len(one.data) // 32)
    match draw(st.sampled_from(["cut", "lengthen", "flip", "word", "topics", "padding"])):
        case "cut":
            return one._replace(data=one.data[: draw(st.integers(0, max(0, len(one.data) - 1)))])
        case "lengthen":
            return one._replace(data=one.data + draw(st.binary(min_size=1, max_size=40)))
        case "word":
            at = 32 * draw(st.integers(0, words - 1))
            word = draw(st.integers(0, 2**256 - 1) | st.integers(0, 400)).to_bytes(32, "big")
            return one._replace(data=one.data[:at] + word + one.data[at + 32 :])
        case "topics":
            extra = draw(st.binary(min_size=32, max_size=32))
            lost = one.topics[:-1] if len(one.topics) > 1 else [*one.topics, extra]
            return one._replace(topics=draw(st.sampled_from([lost, [*one.topics, extra]])))
        case "padding" if len(one.topics) > 1:
            dirty = b"\x01" + one.topics[-1][1:]
            return one._replace(topics=[*one.topics[:-1], dirty])
        case _:
            if not one.data:
                return one._replace(data=b"\x00")
            at = draw(st.integers(0, len(one.data) - 1))
            flipped = one.data[at] ^ draw(st.integers(1, 255))
            return one._replace(data=one.data[:at] + bytes([flipped]) + one.data[at + 1 :])


def oracle(contract: str, event: str, one: Emitted) -> tuple[Any, ...] | None:
    """What eth_abi makes of it; None unless it is the one canonical encoding of that."""
    inputs = abi_events(contract)[event]
    indexed = [each["type"] for each in inputs if each["indexed"]]
    plain = [each["type"] for each in inputs if not each["indexed"]]
    if len(one.topics) != len(indexed) + 1:
        return None
    try:
        from_topics = [decode([t], x)[0] for t, x in zip(indexed, one.topics[1:], strict=True)]
        from_data = list(decode(plain, one.data))
        canonical = encode(plain, from_data) == one.data
        clean = [encode([t], [v]) for t, v in zip(indexed, from_topics, strict=True)]
    except (DecodingError, UnicodeDecodeError, OverflowError):
        return None
    if not canonical or clean != one.topics[1:]:
        return None
    return tuple((from_topics if each["indexed"] else from_data).pop(0) for each in inputs)


def read(contract: str, event: str, one: Emitted) -> tuple[Any, ...]:
    """By the decoder, as the indexer calls it: whole logs, decided by contract and topics.

    Raises:
        Malformed: it is a dead letter.
    """
    topics = ["0x" + topic.hex() for topic in one.topics]
    place = (1, "0x" + "0" * 64, 1, "0x" + "1" * 64, 0)
    raw = RawLog(*place, contract, "0x" + "2" * 40, topics, "0x" + one.data.hex())
    chunk = Chunk(1, 1, [])
    logs.decode([raw], chunk)
    if chunk.malformed:
        raise Malformed(chunk.malformed[0].reason)
    [decoded] = chunk.logs
    assert decoded.kind == event
    return decoded.args


def test_a_meaningless_log_is_dropped_and_an_unknown_one_kept() -> None:
    place = (1, "0x" + "0" * 64, 1, "0x" + "1" * 64, 0)
    lp_transfer = ["0x" + topic.hex() for topic in log("TicketManager", "Transfer", *MOVE).topics]
    meaningless = RawLog(*place, "TokenSwap", "0x" + "2" * 40, lp_transfer[:3], "0x")
    unknown = meaningless._replace(topics=["0x" + "ab" * 32])
    chunk = Chunk(1, 1, [])
    logs.decode([meaningless, unknown], chunk)
    assert (chunk.raw, chunk.unlisted) == ([unknown], [unknown])


MOVE = ("0x" + "1" * 40, "0x" + "2" * 40, 3)


def test_the_stores_own_topics_are_those_of_the_abis() -> None:
    assert topic_of("EventManager", "TicketPurchased") == raw_logs.TICKET_PURCHASED
    assert "0x" + topic_of("TicketManager", "Transfer").hex() == raw_logs.TRANSFER
