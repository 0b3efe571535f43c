"""The published vectors, derived anew by a reader made from their page, and read by ours."""

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from onlineticket.domain import keyring, offline, qr
from onlineticket.domain.keyring import KeyRing
from onlineticket.domain.suite import Suite
from onlineticket.domain.types import BlockNumber, EventId, TokenId, WalletAddress
from tests import terminal_reader as reader
from tests.at_the_door import refusal_of

PAGE = Path("tests/vectors/README.md").read_text()
VECTORS = json.loads(Path("tests/vectors/qr.json").read_text())
ROOTS = {int(key_id): bytes.fromhex(key) for key_id, key in VECTORS["root_keys"].items()}
KEYS = KeyRing("1", {str(key_id): root for key_id, root in ROOTS.items()})
EXAMPLE = VECTORS["accepted"][0]
ACCEPTED = [pytest.param(each, id=each["name"]) for each in VECTORS["accepted"]]
REFUSED = [pytest.param(each, id=each["name"]) for each in VECTORS["refused"]]


def suite(given: dict[str, Any]) -> Suite:
    others = [WalletAddress(f"0x{n:040x}") for n in range(1, 5)]
    others.insert(1, WalletAddress(given["ticket_manager"]))
    return Suite(given["chain_id"], BlockNumber(0), *others)


def test_a_root_key_is_the_hash_of_its_secret() -> None:
    for key_id, secret in VECTORS["secrets"].items():
        assert hashlib.sha256(secret.encode()).digest() == ROOTS[int(key_id)]
        assert keyring.from_secret({"id": key_id, "secret": secret}).current == ROOTS[int(key_id)]


@pytest.mark.parametrize("vector", ACCEPTED)
def test_another_implementation_derives_every_part_of_a_vector(vector: dict[str, Any]) -> None:
    wire = reader.wire_of(vector["base45"])
    assert wire == reader.wire_of(vector["base64url"]) == bytes.fromhex(vector["wire"])
    assert reader.base45_of(wire) == vector["base45"]
    assert (len(wire), len(vector["base45"]), len(vector["base64url"])) == (51, 77, 68)
    read = reader.fields_of(wire)
    for name in ("key_id", "prefetched", "event_id", "epoch", "expires_at"):
        assert getattr(read, name) == vector[name]
    assert (str(read.token_id), read.nonce.hex()) == (vector["token_id"], vector["nonce"])
    assert vector["day"] == vector["expires_at"] // 86_400
    root, scope = ROOTS[vector["key_id"]], (vector["suite"], vector["event_id"])
    offline = reader.derived(root, "offline", *scope, vector["day"])
    online = reader.derived(root, "online", *scope, None)
    assert (offline.hex(), online.hex()) == (vector["offline_key"], vector["online_key"])
    tags = reader.offline_tag(offline, wire).hex(), reader.online_tag(online, wire).hex()
    assert tags == (vector["offline_tag"], vector["online_tag"])
    assert wire[27:].hex() == "".join(tags)


@pytest.mark.parametrize("vector", ACCEPTED)
def test_our_decoder_and_encoder_agree_with_the_vectors(vector: dict[str, Any]) -> None:
    given = suite(vector["suite"])
    code = qr.decode(vector["base45"], KEYS, given)
    assert qr.decode(vector["base64url"], KEYS, given) == code
    assert code == qr.QrCode(
        EventId(vector["event_id"]), TokenId(int(vector["token_id"])), vector["epoch"],
        vector["expires_at"], bytes.fromhex(vector["nonce"]), vector["prefetched"],
    )  # fmt: skip
    ring = KeyRing(str(vector["key_id"]), KEYS.keys)
    wire = qr.encode(code, ring, given)
    assert (wire.hex(), qr.base45(wire)) == (vector["wire"], vector["base45"])


@pytest.mark.parametrize("vector", REFUSED)
def test_what_the_vectors_refuse_is_refused_and_a_terminal_knows_what_it_can(
    vector: dict[str, Any],
) -> None:
    given = suite(VECTORS["suite"])
    assert refusal_of(lambda: qr.decode(vector["text"], KEYS, given)) == "QR_FORGED"
    keys = {(1, EXAMPLE["event_id"], EXAMPLE["day"]): bytes.fromhex(EXAMPLE["offline_key"])}
    try:
        reader.pre_check(vector["text"], keys, VECTORS["now"])
        passed = True
    except reader.NotOurs:
        passed = False
    assert passed == vector["pre_check"]


def test_the_worked_example_of_the_page_is_the_first_vector() -> None:
    [_, example] = PAGE.split("## A worked example")
    shown = re.findall(
        r"^    (?:root|offline|online|base)\w* ?(?:key|tag|info)? +(\S+)$", example, re.M
    )
    expected = [VECTORS["root_keys"]["1"], *(EXAMPLE[name] for name in (
        "offline_key", "offline_tag", "online_key", "online_tag", "base45", "base64url",
    ))]  # fmt: skip
    assert shown == expected
    [bytes_, offline, online] = re.findall(
        r"^    (?:bytes 0…26|\w+line info) +(.+)$", example, re.M
    )
    assert bytes.fromhex(bytes_) == bytes.fromhex(EXAMPLE["wire"])[:27]
    address = bytes.fromhex(EXAMPLE["suite"]["ticket_manager"][2:])
    scope = (31337).to_bytes(8, "big") + address + (7).to_bytes(4, "big")
    assert bytes.fromhex(offline) == b"offline" + scope + (20_833).to_bytes(4, "big")
    assert bytes.fromhex(online) == b"online" + scope


def test_handles_are_those_of_the_page_and_of_our_manifests() -> None:
    handles = VECTORS["handles"]
    key = offline.handle_key(ROOTS[handles["key_id"]], suite(VECTORS["suite"]), handles["event_id"])
    assert key.hex() == handles["handle_key"]
    assert f"    handle key   {key.hex()}\n" in PAGE
    for ticket in handles["tickets"]:
        token_id = int(ticket["token_id"])
        name = reader.handle(key, token_id)
        assert name == ticket["handle"] == offline.handle(key, token_id)
        assert base64.urlsafe_b64decode(name)[0] // 2 == ticket["bucket"]
    example = next(t for t in handles["tickets"] if t["token_id"] == EXAMPLE["token_id"])
    assert f"    handle       {example['handle']}   (bucket {example['bucket']})\n" in PAGE


@pytest.mark.parametrize(
    ("plain", "encoded"),
    [("AB", "BB8"), ("Hello!!", "%69 VD92EX0"), ("base-45", "UJCLQE7W581"), ("ietf!", "QED8WEX0")],
)
def test_base45_is_that_of_rfc_9285(plain: str, encoded: str) -> None:
    assert qr.base45(plain.encode()) == reader.base45_of(plain.encode()) == encoded
