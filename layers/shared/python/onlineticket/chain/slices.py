"""The few pieces that generated decoders are made of: slices of hex text, checked to the bit.

Text is lowercase and known to be hexadecimal (chain/logs.py checks the whole log first).
Source: the Solidity contract ABI specification, "Formal Specification of the Encoding".
"""


class Malformed(ValueError):
    """The log is not the canonical encoding of its event's arguments."""


_NO_PADDING = "0" * 24
_TRUE = "0" * 63 + "1"
_FALSE = "0" * 64


def address(source: str, start: int) -> str:
    if source[start : start + 24] != _NO_PADDING:
        raise Malformed("address padding")
    return "0x" + source[start + 24 : start + 64]


def boolean(source: str, start: int) -> bool:
    word = source[start : start + 64]
    if word == _TRUE:
        return True
    if word == _FALSE:
        return False
    raise Malformed("bool")


def uint8(source: str, start: int) -> int:
    value = int(source[start : start + 64], 16)
    if value > 255:
        raise Malformed("uint8 padding")
    return value


def text(data: str, start: int, tail: int) -> tuple[str, int]:
    """The string whose offset stands at `start` and which must begin at `tail`, where the string
    before it ended (positions in `data`); and the position where it ends.
    """
    if len(data) < tail + 64 or int(data[start : start + 64], 16) * 2 != tail - 2:
        raise Malformed("string offset")
    length = int(data[tail : tail + 64], 16)
    if length * 2 > len(data):
        raise Malformed("string length")
    begin = tail + 64
    end = begin + length * 2
    padded = begin + (length + 31) // 32 * 64
    if len(data) < padded or data[end:padded].strip("0"):
        raise Malformed("string padding")
    try:
        return bytes.fromhex(data[begin:end]).decode(), padded
    except UnicodeDecodeError as error:
        raise Malformed("string is not UTF-8") from error
