"""The field's vocabulary as types. The only domain module that imports pydantic.

Static checkers see distinct types (a `Wei` is not a `TokenId`); pydantic, at the HTTP edge,
sees the range check and the JSON form. SQL has domains of the same names (migrations/0001).
"""

import re
from typing import Annotated, Any, NewType

from annotated_types import Interval
from pydantic import BeforeValidator, PlainSerializer, StringConstraints, WithJsonSchema

from onlineticket.domain.address import checksum

UINT256_MAX = 2**256 - 1

_DECIMAL = re.compile("0|[1-9][0-9]{0,77}")
UINT256_PATTERN = f"^({_DECIMAL.pattern})$"


def _no_truth(raw: Any) -> Any:
    """JSON's true and false are no numbers, though Python's are."""
    return "no number" if isinstance(raw, bool) else raw


def _canonical(raw: Any) -> Any:
    """Text that names a number in one way only: pydantic by itself also takes 007, +7 and 1_000."""
    return "no number" if isinstance(raw, str) and not _DECIMAL.fullmatch(raw) else _no_truth(raw)


NO_TRUTH = BeforeValidator(_no_truth)
"""For a number in a request's body; behind its bounds, or the JSON schema loses them."""


# JSON numbers lose precision above 2**53, so every uint256 leaves us as a decimal string.
_uint256 = (
    BeforeValidator(_canonical),
    Interval(ge=0, le=UINT256_MAX),
    PlainSerializer(str, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": UINT256_PATTERN}),
)

_EventId = NewType("_EventId", int)
EventId = Annotated[_EventId, *_uint256]

_TypeId = NewType("_TypeId", int)
TypeId = Annotated[_TypeId, *_uint256]
"""A ticket type within its event; the first is 0."""

_TokenId = NewType("_TokenId", int)
TokenId = Annotated[_TokenId, *_uint256]
"""ERC-721 `tokenId`: one token is one ticket."""

_ListingId = NewType("_ListingId", int)
ListingId = Annotated[_ListingId, *_uint256]

_AuctionId = NewType("_AuctionId", int)
AuctionId = Annotated[_AuctionId, *_uint256]

_Wei = NewType("_Wei", int)
Wei = Annotated[_Wei, *_uint256]
"""The smallest unit of ETH, or 1e-18 of the platform token: the field's name says which."""

Quantity = Annotated[int, *_uint256]
"""A uint256 that counts: seats, supply, revenue units. A decimal string in JSON."""

BlockNumber = NewType("BlockNumber", int)
SuiteId = NewType("SuiteId", int)
"""One deployment of the five contracts. Chain ids restart at 1 in each, so it leads every key."""

_WalletAddress = NewType("_WalletAddress", str)
WalletAddress = Annotated[
    _WalletAddress,
    BeforeValidator(lambda raw: raw.lower() if isinstance(raw, str) else raw),
    StringConstraints(pattern=r"^0x[0-9a-f]{40}$"),
    PlainSerializer(checksum, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": "^0[xX][0-9a-fA-F]{40}$"}),
]
"""A 20-byte account address; always lowercase here, checksummed (EIP-55) only in answers."""

TxHash = NewType("TxHash", str)
"""Of a transaction: 0x and 64 lowercase hexadecimal digits."""

ZERO_ADDRESS = _WalletAddress("0x" + "00" * 20)
