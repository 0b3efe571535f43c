"""A hundred thousand random logs of all events, half of them tampered with: the generated decoders
and eth_abi read the same values, and refuse the same logs.

Where the two differ, it is by design, and always in this direction: eth_abi (strict) reads what is
not the canonical encoding, and ours refuses it. Solidity emits none but the canonical one
(Solidity ABI specification, "Strict Encoding Mode"), so any other is a node's mistake or lie:
* `trailing`: bytes behind the last argument;
* `offsets`: strings that overlap, share one place, lie in another order, or leave a gap.
Everything else that is malformed, both refuse: short data, dirty padding of addresses, numbers,
booleans and strings, lengths beyond the end, text that is not UTF-8, too few or many topics.

Our events have one string at most; so that strings can get into each other's way, decoders are
generated for events made up here too. The shrinking twin of this test is in test_decoders.py.
"""

import json
import random
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError

from infra import generate_decoders
from onlineticket.chain.slices import Malformed
from tests.emitting import Emitted, abi_events, topic_of
from tests.unit.test_decoders import EVENTS, read

LOGS = 100_000
MADE_UP_LOGS = 10_000
BY_DESIGN = {"trailing", "offsets"}

TEXTS = ("", "x", "Gala", "演唱会 🎫", "x" * 31, "x" * 32, "é" * 16, "nul\0", "\U0010ffff")
NUMBERS = (0, 1, 31, 32, 255, 256, 2**64, 2**128, 2**255, 2**256 - 1)

VALUES: dict[str, Callable[[random.Random], Any]] = {
    "uint256": lambda dice: dice.choice(NUMBERS) if dice.random() < 0.3 else dice.getrandbits(256),
    "uint8": lambda dice: dice.randrange(256),
    "bool": lambda dice: dice.random() < 0.5,
    "address": lambda dice: f"0x{dice.getrandbits(160):040x}",
    "string": lambda dice: dice.choice(TEXTS) * dice.choice((1, 1, 1, 3)),
}


class Event(NamedTuple):
    name: str
    inputs: list[dict[str, Any]]
    topic: bytes
    read: Callable[[Emitted], tuple[Any, ...]]

    @property
    def plain(self) -> list[str]:
        return [one["type"] for one in self.inputs if not one["indexed"]]


class Case(NamedTuple):
    """One log: `kind` is what was done to it, or how it fails to be canonical; what each of the
    two reads is None where it refuses.
    """

    event: str
    kind: str
    ours: tuple[Any, ...] | None
    theirs: tuple[Any, ...] | None
    is_canonical: bool


@pytest.mark.slow
def test_generated_decoders_and_eth_abi_agree_on_a_hundred_thousand_logs() -> None:
    events = [
        Event(
            name,
            abi_events(contract)[name],
            topic_of(contract, name),
            partial(read, contract, name),
        )
        for contract, name in EVENTS
    ]
    seen = agreeing(events, LOGS)
    assert min(seen["read"], seen["refused"]) > LOGS // 4, seen


def test_they_agree_on_events_of_several_strings(tmp_path: Path) -> None:
    agreeing(made_up_events(tmp_path), MADE_UP_LOGS)


def agreeing(events: list[Event], logs: int) -> Counter[str]:
    """How often each event, kind and outcome came up; all of them did."""
    seed = random.SystemRandom().getrandbits(64)
    seen: Counter[str] = Counter()
    for number in range(logs):
        one = case(events, seed, number)
        replay = f"case(…, {seed}, {number}): {one}"
        if one.is_canonical:
            assert one.ours == one.theirs, replay
        else:
            assert one.ours is None, replay
            assert one.kind in BY_DESIGN, replay
        seen.update([one.event, one.kind, "refused" if one.ours is None else "read"])
    kinds = BY_DESIGN | TAMPERINGS.keys() - {"lengthened", "gap"}
    assert kinds | {event.name for event in events} <= seen.keys(), seed
    return seen


def case(events: list[Event], seed: int, number: int) -> Case:
    """Every second log is tampered with. Each has dice of its own: it can be played again."""
    dice = random.Random(f"{seed} {number}")
    event = events[number % len(events)]
    args = [VALUES[one["type"]](dice) for one in event.inputs]
    emitted, kind = _encoded(event, args), "untouched"
    if number // len(events) % 2:
        kind = dice.choice(list(TAMPERINGS))
        emitted = TAMPERINGS[kind](dice, emitted)
    theirs, is_canonical = _by_eth_abi(event, emitted)
    try:
        ours: tuple[Any, ...] | None = event.read(emitted)
    except Malformed:
        ours = None
    if kind == "untouched":
        assert theirs == tuple(args), f"case(…, {seed}, {number})"
    if not is_canonical:
        kind = _why(event.plain, emitted)
    return Case(event.name, kind, ours, theirs, is_canonical)


def made_up_events(folder: Path) -> list[Event]:
    """Events of two and three strings, with decoders generated for them alone."""
    shapes = {"Named": "u+ s a s", "Described": "s b s u s", "Moved": "a+ s s u8+"}
    types = {"u": "uint256", "u8": "uint8", "a": "address", "b": "bool", "s": "string"}
    made: list[dict[str, Any]] = []
    for name, shape in shapes.items():
        inputs = [
            {"name": f"a{place}", "type": types[one.strip("+")], "indexed": one.endswith("+")}
            for place, one in enumerate(shape.split())
        ]
        made.append({"type": "event", "name": name, "inputs": inputs})
    (folder / "Marketplace.json").write_text(json.dumps(made))
    module: dict[str, Any] = {}
    exec(generate_decoders.generate(folder), module)
    return [
        Event(name, entry["inputs"], bytes.fromhex(topic[2:]), partial(_in_hex, decoder))
        for (_, topic, _), (name, decoder) in module["DECODERS"].items()
        for entry in made
        if entry["name"] == name
    ]


def _in_hex(decoder: Callable[..., tuple[Any, ...]], one: Emitted) -> tuple[Any, ...]:
    return decoder(["0x" + topic.hex() for topic in one.topics], "0x" + one.data.hex())


def _by_eth_abi(event: Event, one: Emitted) -> tuple[tuple[Any, ...] | None, bool]:
    """What it reads, or None; and whether that is encoded canonically, as is what it refuses."""
    indexed = [each["type"] for each in event.inputs if each["indexed"]]
    plain = event.plain
    if len(one.topics) != len(indexed) + 1:
        return None, True
    try:
        # All are static: the topics are together the encoding of a tuple.
        from_topics = list(decode(indexed, b"".join(one.topics[1:])))
        from_data = list(decode(plain, one.data))
    except (DecodingError, UnicodeDecodeError, OverflowError):
        return None, True
    is_canonical = encode(plain, from_data) == one.data
    values = ((from_topics if each["indexed"] else from_data).pop(0) for each in event.inputs)
    return tuple(values), is_canonical


def _why(plain: list[str], one: Emitted) -> str:
    """In what way data that eth_abi reads is not canonical."""
    canonical = encode(plain, decode(plain, one.data))
    return "trailing" if one.data.startswith(canonical) else "offsets"


# -- Logs -----------------------------------------------------------------------------------------


def _encoded(event: Event, args: list[Any]) -> Emitted:
    """The canonical encoding, by an encoder of our own: eth_abi's would cost twice the time."""
    topics, heads, tails = [event.topic], list[bytes](), list[bytes]()
    size = 32 * len(event.plain)
    for one, value in zip(event.inputs, args, strict=True):
        word = b"" if one["type"] == "string" else _word(value)
        if one["indexed"]:
            topics.append(word)
            continue
        if one["type"] == "string":
            content = value.encode()
            word = _word(size + len(b"".join(tails)))
            tails.append(_word(len(content)) + content + bytes(-len(content) % 32))
        heads.append(word)
    return Emitted(topics, b"".join(heads + tails))


def _word(value: int | str) -> bytes:
    number = int(value, 16) if isinstance(value, str) else int(value)
    return number.to_bytes(32, "big")


# -- Tampering ------------------------------------------------------------------------------------


def _cut(dice: random.Random, one: Emitted) -> Emitted:
    return one._replace(data=one.data[: dice.randrange(len(one.data))] if one.data else b"\0")


def _cut_by_words(dice: random.Random, one: Emitted) -> Emitted:
    return one._replace(data=one.data[: 32 * dice.randrange(len(one.data) // 32 + 1)])


def _lengthened(dice: random.Random, one: Emitted) -> Emitted:
    more = dice.choice((b"\0", bytes(32), b"\1", dice.randbytes(32), dice.randbytes(7)))
    return one._replace(data=one.data + more)


def _byte(dice: random.Random, one: Emitted) -> Emitted:
    if not one.data:
        return _topic(dice, one)
    at = dice.randrange(len(one.data))
    changed = bytes([one.data[at] ^ dice.randrange(1, 256)])
    return one._replace(data=one.data[:at] + changed + one.data[at + 1 :])


def _word_replaced(dice: random.Random, one: Emitted) -> Emitted:
    """By a number near all limits: offsets into other strings, lengths beyond the end."""
    words = len(one.data) // 32
    if not words:
        return _topic(dice, one)
    number = dice.choice((
        *NUMBERS, 2, 2**64 - 1, len(one.data), len(one.data) - 32, len(one.data) + 1,
        32 * dice.randrange(words + 1), dice.randrange(len(one.data) + 64),
    ))  # fmt: skip
    at = 32 * dice.randrange(words)
    return one._replace(data=one.data[:at] + _word(number) + one.data[at + 32 :])


def _word_copied(dice: random.Random, one: Emitted) -> Emitted:
    """From elsewhere: two strings share one place."""
    words = len(one.data) // 32
    if words < 2:
        return _topic(dice, one)
    source, at = 32 * dice.randrange(words), 32 * dice.randrange(words)
    word = one.data[source : source + 32]
    return one._replace(data=one.data[:at] + word + one.data[at + 32 :])


def _gap(dice: random.Random, one: Emitted) -> Emitted:
    """A word between the head and the strings, and every offset moved by it."""
    words = [one.data[at : at + 32] for at in range(0, len(one.data), 32)]
    numbers = [int.from_bytes(word, "big") for word in words]
    offsets = [at for at, number in enumerate(numbers) if at * 32 < number < len(one.data)]
    if not offsets or numbers[offsets[0]] % 32:
        return _lengthened(dice, one)
    first = min(numbers[at] for at in offsets)
    for at in offsets:
        words[at] = _word(numbers[at] + 32)
    words.insert(first // 32, dice.choice((bytes(32), dice.randbytes(32))))
    return one._replace(data=b"".join(words))


def _text_broken(dice: random.Random, one: Emitted) -> Emitted:
    """Bytes that no UTF-8 has, in the last word: a string's, where there is one."""
    if not one.data:
        return _topic(dice, one)
    bad = dice.choice((b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\x80"))
    at = len(one.data) - 32
    return one._replace(data=one.data[:at] + bad + one.data[at + len(bad) :])


def _topics_counted_wrong(dice: random.Random, one: Emitted) -> Emitted:
    more = [*one.topics, dice.randbytes(32)]
    return one._replace(topics=dice.choice((one.topics[:-1], more)) if one.topics[1:] else more)


def _topic(dice: random.Random, one: Emitted) -> Emitted:
    """A byte of an indexed argument changed: of an address's padding it is a lie."""
    if not one.topics[1:]:
        return _topics_counted_wrong(dice, one)
    place, at = dice.randrange(1, len(one.topics)), dice.randrange(32)
    topic = bytearray(one.topics[place])
    topic[at] ^= dice.randrange(1, 256)
    return one._replace(topics=[*one.topics[:place], bytes(topic), *one.topics[place + 1 :]])


TAMPERINGS: dict[str, Callable[[random.Random, Emitted], Emitted]] = {
    "cut": _cut,
    "cut-by-words": _cut_by_words,
    "lengthened": _lengthened,
    "byte": _byte,
    "word": _word_replaced,
    "word-copied": _word_copied,
    "gap": _gap,
    "text": _text_broken,
    "topic-count": _topics_counted_wrong,
    "topic": _topic,
}
