from contextlib import suppress
from dataclasses import replace

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_keys.constants import SECPK1_N
from hypothesis import given
from hypothesis import strategies as st
from siwe import SiweMessage  # type: ignore[import-untyped]

from onlineticket.chain import signatures
from onlineticket.domain import siwe
from onlineticket.domain.errors import Invalid, Refused, RuleBroken, Unauthorized
from onlineticket.domain.types import WalletAddress

NOW = 1_767_225_600
TERMS = siwe.Terms("tickets.example", "https://tickets.example/login", 31337)
ALICE = Account.from_key("0x" + "a1" * 32)
WALLET = WalletAddress(ALICE.address.lower())
MESSAGE = siwe.challenge(TERMS, WALLET, "0123456789abcdef0123456789abcdef", now=NOW)
TEXT = siwe.compose(MESSAGE)


def code_of(refusal: pytest.ExceptionInfo[Refused]) -> str:
    return refusal.value.code


def signed(text: str) -> bytes:
    return bytes(ALICE.sign_message(encode_defunct(text=text)).signature)


# -- The message ----------------------------------------------------------------------------------


def test_message_is_what_the_siwe_package_would_write() -> None:
    parsed = SiweMessage.from_message(TEXT)
    assert parsed.prepare_message() == TEXT
    assert (parsed.domain, parsed.uri, parsed.chain_id) == (TERMS.domain, TERMS.uri, 31337)
    assert parsed.address == ALICE.address
    assert (parsed.issued_at, parsed.expiration_time) == (
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:05:00Z",
    )


def test_message_is_read_as_it_was_written() -> None:
    assert signatures.read(TEXT) == MESSAGE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Sign in, please.",
        TEXT.replace("\n", "\r\n"),
        TEXT + "\n",
        "https://" + TEXT,
        TEXT.replace(ALICE.address, ALICE.address.lower()),
        TEXT.replace(ALICE.address, "0x" + ALICE.address[2:].swapcase()),
        TEXT.replace("Version: 1", "Version: 2"),
        TEXT.replace("Chain ID: 31337", "Chain ID: 031337"),
        TEXT.replace("Chain ID: 31337", "Chain ID: ３１３３７"),  # noqa: RUF001
        TEXT.replace("00:00Z", "00:00.000Z"),
        TEXT.replace("00:00Z", "00:00+00:00"),
        TEXT.replace("2026-01-01", "99999-01-01"),
        TEXT.replace("\nExpiration Time: 2026-01-01T00:05:00Z", ""),
        TEXT.replace(siwe.STATEMENT + "\n", ""),
        TEXT + "\nNot Before: 2026-01-01T00:00:00Z",
        TEXT + "\nRequest ID: 7",
        TEXT + "\nResources:\n- https://tickets.example/all",
        TEXT.replace("Nonce: ", "Nonce: \u200b"),
        TEXT.replace(siwe.STATEMENT, "x" * siwe.MAX_LENGTH),
        "x" * 100_000,
    ],
)
def test_message_in_any_other_form_is_malformed(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        signatures.read(text)
    assert code_of(refusal) == "MESSAGE_MALFORMED"


# -- Our rules ------------------------------------------------------------------------------------


def test_our_own_challenge_passes_until_it_expires() -> None:
    for now in (NOW - siwe.CLOCK_LEEWAY, NOW, NOW + siwe.LIFETIME - 1):
        siwe.check(MESSAGE, TERMS, now=now)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"domain": "tickets.example.evil"}, "DOMAIN_MISMATCH"),
        ({"domain": "TICKETS.example"}, "DOMAIN_MISMATCH"),
        ({"domain": "tіckets.example"}, "DOMAIN_MISMATCH"),  # noqa: RUF001 (Cyrillic)
        ({"domain": " tickets.example"}, "DOMAIN_MISMATCH"),
        ({"uri": "https://tickets.example/login/"}, "URI_MISMATCH"),
        ({"issued_at": NOW + 6, "expires_at": NOW + 306}, "MESSAGE_NOT_YET_VALID"),
        ({"issued_at": NOW - 300, "expires_at": NOW}, "MESSAGE_EXPIRED"),
    ],
)
def test_message_of_another_site_or_time_proves_nothing(
    change: dict[str, object], code: str
) -> None:
    with pytest.raises(Unauthorized) as refusal:
        siwe.check(replace(MESSAGE, **change), TERMS, now=NOW)  # type: ignore[arg-type]
    assert code_of(refusal) == code


@pytest.mark.parametrize("change", [{"statement": "Give me all."}, {"expires_at": NOW + 86_400}])
def test_message_with_more_than_we_asked_for_is_malformed(change: dict[str, object]) -> None:
    with pytest.raises(Invalid) as refusal:
        siwe.check(replace(MESSAGE, **change), TERMS, now=NOW)  # type: ignore[arg-type]
    assert code_of(refusal) == "MESSAGE_MALFORMED"


@pytest.mark.parametrize("chain_id", [0, 1, 10**500])
def test_another_chain_is_refused_and_ours_is_named(chain_id: int) -> None:
    with pytest.raises(RuleBroken) as refusal:
        siwe.check(replace(MESSAGE, chain_id=chain_id), TERMS, now=NOW)
    assert code_of(refusal) == "CHAIN_NOT_SUPPORTED"
    assert refusal.value.details == {"supported": [31337]}


# -- The signature --------------------------------------------------------------------------------


def test_signature_of_the_wallet_over_the_text_is_accepted() -> None:
    signature = signed(TEXT)
    assert signatures.is_signed_by(WALLET, TEXT, "0x" + signature.hex())
    # Some hardware wallets number the recovery id from 0.
    from_zero = signature[:64] + bytes([signature[64] - 27])
    assert signatures.is_signed_by(WALLET, TEXT, "0x" + from_zero.hex())


def test_twin_signature_with_the_high_s_is_refused() -> None:
    raw = signed(TEXT)
    high = (SECPK1_N - int.from_bytes(raw[32:64])).to_bytes(32)
    twin = raw[:32] + high + bytes([27 + 28 - raw[64]])
    assert Account.recover_message(encode_defunct(text=TEXT), signature=twin) == ALICE.address
    assert not signatures.is_signed_by(WALLET, TEXT, "0x" + twin.hex())


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "0x",
        "0xzz",
        "0x" + "00" * 65,
        "0x" + "11" * 64,
        "0x" + "11" * 66,
        "0x" + "11" * 64 + "02",
        "0x" + "ff" * 32 + "11" * 32 + "1b",
        "0x" + "00" * 32 + "11" * 32 + "1b",
        "0x" + "11" * 32 + "00" * 32 + "1b",
        "0x" + "11" * 64 + "1b",
        "0x" + signed(TEXT + " ").hex(),
        "0x" + bytes(Account.create().sign_message(encode_defunct(text=TEXT)).signature).hex(),
    ],
)
def test_what_is_no_signature_of_the_wallet_over_the_text_is_refused(signature: str) -> None:
    assert not signatures.is_signed_by(WALLET, TEXT, signature)


@given(st.integers(0, len(TEXT)), st.integers(0, 3), st.text(max_size=3))
def test_an_edited_message_is_refused_or_says_something_else(
    at: int, dropped: int, added: str
) -> None:
    """No two texts read alike: whatever is changed, it is another message or none."""
    edited = TEXT[:at] + added + TEXT[at + dropped :]
    with suppress(Invalid):
        assert (signatures.read(edited) == MESSAGE) == (edited == TEXT)
