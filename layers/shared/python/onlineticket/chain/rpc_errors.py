"""What a node's refusal means for us: ask for less, ask again later, or give up.

* RpcError              the node understood and said no (e.g. a call reverted): final
  + TooMuch             the range or the answer is too large: ask for less, by `hint` if it gave one
  + UnknownBlock        it does not have that block; a while later, or another node, may
* RetryableRpcError     asking the same again may work: rate limits, time-outs, half an answer

Codes tell little: one provider's -32602 is another's -32005. So the words decide, in this order:
a revert; a block that the node does not have yet; a rate; too much; a bad moment; final.
"""

import re
from typing import Any

_UNKNOWN_BLOCK = re.compile(
    r"beyond .{0,20}head|last accepted block|invalid block range|out ?of ?range|in the future"
    r"|syncing|unknown block|missing trie node|resource not found"
    r"|\b(header|block|blocks|state|hash)\b.{0,60}(not found|not available|cannot be found|missing)"
    r"|(not|could not) (find|get|have) .{0,20}(header|block|state)",
    re.IGNORECASE,
)
_RATE = re.compile(
    r"rate.?limit|too many requests|request (count|rate|limit)|throughput|throttl|capacity"
    r"|compute units|quota|daily|per (second|minute|day)",
    re.IGNORECASE,
)
_TOO_MUCH = re.compile(
    r"query returned more than|too many (results|logs|blocks)|more than \d+ (results|logs)"
    r"|max (results|logs)|logs matched"
    r"|(results?|response|body|request|entity|payload|batch)\b.{0,20}too (large|big|long)"
    r"|response size|log response|batch of more than|batch (size|limit)|too many .{0,20}batch"
    r"|blocks? range|range (is )?too|too wide|ranges? over|max(imum)? range"
    r"|(limited to|at most) .{0,20}(range|blocks?)"
    r"|exceed(s|ed)? (the )?(max(imum)? )?(allowed )?(rpc )?range|blocks distance"
    r"|number of requested blocks|smaller than size|query (timeout|exceeds)",
    re.IGNORECASE,
)
_ANY_LIMIT = re.compile(r"(request )?(exceeds )?(the )?(defined )?limit( exceeded)?", re.IGNORECASE)
"""A limit of what? The rate or the range: waiting and asking for less are both right."""
_SLOW = re.compile(r"timeout|timed out|deadline exceeded", re.IGNORECASE)
_BAD_MOMENT = re.compile(
    r"busy|overload|try again|temporarily|unavailable|unhealthy|no backend|internal error",
    re.IGNORECASE,
)
_RATE_CODES = {-32005, -32016, -32029, -32097, 429}
_PASSING_CODES = {-32001, -32002, -32603}
"""EIP-1474's "resource not found" and "resource unavailable"; JSON-RPC's "internal error"."""

_LONGEST = 1000
"""Characters of a message that are read: the node writes it, and may write anything."""

_NUMBER = r"(0x[0-9a-f]{1,12}|[0-9]{1,12})"
_RANGES = (
    re.compile(rf"\[\s*{_NUMBER}\s*(?:,|-|to)\s*{_NUMBER}\s*\]", re.IGNORECASE),
    re.compile(rf"range:?\s+{_NUMBER}\s*-\s*{_NUMBER}\b", re.IGNORECASE),
)
_COUNT = r"([0-9][0-9,_]{0,14})\s?(k?)\b"
_LIMIT = r"(?:limit\w*|up to|at most|max\w*|over|within|greater than|smaller than|exceed\w*)"
# Not a limit of something else than blocks: "up to 10K logs, over a block range of …".
_BETWEEN = r"(?:(?!log|result|respon|address|topic|request|second)[^0-9]){0,40}?(?:0 ?- ?)?"
_WIDTHS = (
    re.compile(rf"{_LIMIT}{_BETWEEN}\b{_COUNT}[ -]?(?:blocks?|range)\b", re.IGNORECASE),
    re.compile(rf"\bmax\w*{_BETWEEN}\b{_COUNT}", re.IGNORECASE),
    re.compile(rf"(?:block|range|distance|size|number of){_BETWEEN}\b{_COUNT}", re.IGNORECASE),
)
_ABOUT_BLOCKS = re.compile(r"block|range|distance|smaller than size", re.IGNORECASE)


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


class UnknownBlock(RpcError):
    """The node does not have the block, its state, or a block by that tag."""


class RetryableRpcError(Exception):
    """Nothing was answered that can be used. `retry_after`: seconds the node asked us to wait;
    `rate`: it was one request too many; `heavy`: perhaps too much was asked, e.g. it took too long.
    """

    def __init__(
        self,
        what: str,
        retry_after: float | None = None,
        rate: bool = False,
        heavy: bool = False,
    ) -> None:
        super().__init__(what)
        self.retry_after = retry_after
        self.rate = rate
        self.heavy = heavy


def classify(error: Any) -> Exception:
    """A JSON-RPC `error` member as one of ours."""
    if not isinstance(error, dict) or not isinstance(error.get("message"), str):
        return RetryableRpcError("an error member of no known form")
    raw_code = error.get("code")
    code = raw_code if type(raw_code) is int else 0
    data = error.get("data")
    message = error["message"][:_LONGEST]
    # Some say "invalid params", and the reason in `data`; a revert's is hex.
    told = f"{message} {data[:_LONGEST]}" if isinstance(data, str) else message
    if code == 3 or "revert" in message.lower():
        return RpcError(code, message, data)
    what = f"{code}: {message}"
    if code == -32601:
        return RpcError(code, message, data)
    if _UNKNOWN_BLOCK.search(told):
        return UnknownBlock(code, message, data)
    if _RATE.search(told):
        return RetryableRpcError(what, rate=True)
    if _TOO_MUCH.search(told):
        return TooMuch(code, message, width_hint(told))
    if code in _RATE_CODES:
        return RetryableRpcError(what, rate=True, heavy=bool(_ANY_LIMIT.fullmatch(message)))
    if _SLOW.search(told):
        return RetryableRpcError(what, heavy=True)
    if code in _PASSING_CODES or _BAD_MOMENT.search(told):
        return RetryableRpcError(what)
    return RpcError(code, message, data)


def width_hint(message: str) -> int | None:
    """The number of blocks that the message offers, e.g. "Try with [0x10, 0x1f]" -> 16."""
    for pattern in _RANGES:
        found = pattern.search(message)
        if found:
            first, last = (int(text, 16 if "x" in text.lower() else 10) for text in found.groups())
            return last - first + 1 if last >= first else None
    if not _ABOUT_BLOCKS.search(message):
        return None
    for pattern in _WIDTHS:
        found = pattern.search(message)
        if found:
            count = int(found[1].replace(",", "").replace("_", ""))
            return count * (1000 if found[2] else 1) or None
    return None
