"""What a node's refusal means for us: ask for less, ask again later, or give up.

* RpcError              the node understood and said no (e.g. a call reverted): final
  + TooMuch             the range or the answer is too large: ask for less, by `hint` if it gave one
* RetryableRpcError     asking the same again may work: rate limits, time-outs, half an answer
"""

import re
from typing import Any

_TOO_MUCH = re.compile(
    r"query returned more than|too many (results|logs)|more than \d+ results|result.{0,20}too large"
    r"|response size|response is too (big|large)|body.{0,20}too large|log response"
    r"|block range|range is too|range too|too many blocks|exceeds? (the )?(max|range)"
    r"|query timeout|query exceeds|limit(ed)? to .{0,20}blocks?",
    re.IGNORECASE,
)
_RATE = re.compile(
    r"rate.?limit|too many requests|request (count|rate|limit)|throughput|capacity|throttl"
    r"|daily|per second|busy|overload|try again|temporarily|timeout|timed out|unavailable",
    re.IGNORECASE,
)
_HINT_RANGE = re.compile(r"\[\s*(0x[0-9a-f]+|\d+)\s*[,-]\s*(0x[0-9a-f]+|\d+)\s*\]", re.IGNORECASE)
_HINT_WIDTH = re.compile(
    r"(?:limit(?:ed)?|up to|max(?:imum)?|exceed\w*|than|range)[^\d\[]{0,30}"
    r"(\d[\d,_]*)[- ]?(k)?\s*block"
    r"|block range[^\d\[]{0,30}(\d[\d,_]*)(k)?",
    re.IGNORECASE,
)
_RATE_CODES = {-32005, -32029, -32097, 429}


class RpcError(Exception):
    """The node's own `error`: its JSON-RPC code, message and data (EIP-1474)."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.data = data


class TooMuch(RpcError):
    """The range must shrink. `hint`: how many blocks the node would take, if it said so."""

    def __init__(self, code: int, message: str, hint: int | None = None) -> None:
        super().__init__(code, message)
        self.hint = hint


class RetryableRpcError(Exception):
    """Nothing was answered that can be used. `retry_after`: seconds the node asked us to wait."""

    def __init__(self, what: str, retry_after: float | None = None, rate: bool = False) -> None:
        super().__init__(what)
        self.retry_after = retry_after
        self.rate = rate


def classify(error: Any) -> Exception:
    """A JSON-RPC `error` member as one of ours."""
    if not isinstance(error, dict) or not isinstance(error.get("message"), str):
        return RetryableRpcError("an error member of no known form")
    raw_code = error.get("code")
    code = raw_code if isinstance(raw_code, int) else 0
    message = error["message"]
    if code == 3 or "revert" in message.lower():
        return RpcError(code, message, error.get("data"))
    if _TOO_MUCH.search(message):
        return TooMuch(code, message, width_hint(message))
    if code in _RATE_CODES or _RATE.search(message):
        return RetryableRpcError(f"{code}: {message}", rate=True)
    if code == -32603:
        return RetryableRpcError(f"{code}: {message}")
    return RpcError(code, message, error.get("data"))


def width_hint(message: str) -> int | None:
    """The number of blocks that the message offers, e.g. "Try with [0x10, 0x1f]" -> 16."""
    found = _HINT_RANGE.search(message)
    if found:
        first, last = (int(text, 0) for text in found.groups())
        return last - first + 1 if last >= first else None
    found = _HINT_WIDTH.search(message)
    if not found:
        return None
    number, thousands = (found[1], found[2]) if found[1] else (found[3], found[4])
    width = int(number.replace(",", "").replace("_", "")) * (1000 if thousands else 1)
    return width or None
