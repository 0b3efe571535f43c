"""Reading EIP-4361 messages and checking who signed them: externally owned accounts (EIP-191) here,
contract wallets (EIP-1271, EIP-6492) by a call to the chain (contract_wallets.py).
"""

import re
from collections.abc import Callable
from datetime import datetime

from eth_account import Account
from eth_account.messages import encode_defunct
from eth_keys.constants import SECPK1_N
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError
from siwe import SiweMessage  # type: ignore[import-untyped]

from onlineticket.chain import contract_wallets
from onlineticket.chain.rpc import Node
from onlineticket.domain import siwe
from onlineticket.domain.types import WalletAddress

ACCOUNT_SIGNATURE_BYTES = 65
"""r 32, s 32, v 1."""

MAX_LENGTH = 2 + 2 * contract_wallets.MAX_SIGNATURE_BYTES
"""Characters of any wallet's signature."""

_HEX = re.compile(r"0x(?:[0-9a-fA-F]{2})+", re.ASCII)


def read(text: str) -> siwe.Message:
    """The message's fields, if `text` is in the one form that we accept (siwe.compose).

    Raises:
        Invalid: `MESSAGE_MALFORMED`.
    """
    if len(text) > siwe.MAX_LENGTH:
        raise siwe.malformed("it is too long")
    try:
        # The package's ABNF parser takes seconds for 2,000 odd characters; its regular expression
        # takes microseconds. What that lets through, the comparison below does not.
        parsed = SiweMessage.from_message(text, abnf=False)
        message = siwe.Message(
            domain=parsed.domain,
            wallet=WalletAddress(parsed.address.lower()),
            uri=parsed.uri,
            chain_id=parsed.chain_id,
            nonce=parsed.nonce,
            issued_at=_unix_seconds(parsed.issued_at),
            expires_at=_unix_seconds(parsed.expiration_time or ""),
            statement=parsed.statement or "",
        )
        again = siwe.compose(message)
    except (ValueError, OverflowError) as error:
        raise siwe.malformed("it is not an EIP-4361 message of ours") from error
    if again != text:
        raise siwe.malformed("its fields are written in another way, or there are more")
    return message


def is_signed(
    open_node: Callable[[], Node], wallet: WalletAddress, text: str, signature: str
) -> bool:
    """Did `wallet` sign `text` by `personal_sign`, be it an account or a contract? The node is
    asked only if it is no account's signature.

    Raises:
        Unavailable: `RPC_UNAVAILABLE`: it can't be told now.
    """
    if is_signed_by(wallet, text, signature):
        return True
    raw = _bytes(signature)
    return bool(raw) and contract_wallets.accepts(open_node(), wallet, text, raw)


def is_signed_by(wallet: WalletAddress, text: str, signature: str) -> bool:
    """Did the key of `wallet` sign `text`? `signature` is `0x` and 130 digits.

    Only the lower of the two valid `s` is accepted (EIP-2), so one signature has one form.
    """
    raw = _bytes(signature)
    if len(raw) != ACCOUNT_SIGNATURE_BYTES or raw[64] not in (0, 1, 27, 28):
        return False
    if int.from_bytes(raw[32:64]) > SECPK1_N // 2:
        return False
    try:
        signer = Account.recover_message(encode_defunct(text=text), signature=raw)
    except (BadSignature, ValidationError, ValueError):
        return False  # r or s is no number of the curve
    return bool(signer.lower() == wallet)


def _bytes(signature: str) -> bytes:
    """Nothing for what is not `0x` and pairs of digits."""
    return bytes.fromhex(signature[2:]) if _HEX.fullmatch(signature) else b""


def _unix_seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())
