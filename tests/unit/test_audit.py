"""The form in which audit entries are hashed."""

import json
from hashlib import sha256
from typing import Any

import pytest

from onlineticket.domain.audit import BEGINNING, PLATFORM, Entry, canonical, link_hash
from onlineticket.domain.types import EventId, SuiteId

ENTRY = Entry(
    "verifier:v1", "door.admitted", 1_800_000_000, "ticket:7", "gate:北", {"b": 1, "a": ["x", None]}
)


def test_an_entry_belongs_to_its_events_chain_or_to_the_platforms() -> None:
    assert ENTRY.chain == PLATFORM
    assert Entry("a", "b", 0, event=(SuiteId(2), EventId(7))).chain == "event:2:7"


def test_a_links_hash_is_the_one_described() -> None:
    entries = (
        '[{"action":"door.admitted","actor":"verifier:v1","at":1800000000,'
        '"details":{"a":["x",null],"b":1},"once":null,"source":"gate:\\u5317","subject":"ticket:7"}]'
    )
    expected = sha256(bytes(32) + b"platform\0" + bytes(7) + b"\x01" + entries.encode()).digest()
    assert link_hash(BEGINNING, PLATFORM, 1, [ENTRY.written()]) == expected


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "🎫"])
def test_whatever_a_caller_sends_can_be_stored(text: str) -> None:
    written = Entry(text, text, 0, text, text, {text: [text, {"deep": text}]}, once=text).written()
    canonical(written).encode()
    stored = json.dumps(written, ensure_ascii=False)
    assert "\0" not in stored
    stored.encode()


@pytest.mark.parametrize("value", [1.5, b"x", {1}, object()])
def test_what_has_no_one_form_in_json_is_our_mistake(value: Any) -> None:
    with pytest.raises(TypeError, match="audit entry"):
        Entry("a", "b", 0, details={"x": value}).written()
