"""JSON over HTTP POST to one URL, by http.client and orjson; one kept connection per thread.

Only the form is judged here: a body that is whole, not too large, in time, and JSON.
"""

import http.client
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import orjson

from onlineticket.chain.rpc_errors import RetryableRpcError, TooMuch, classify

MAX_ANSWER = 64 * 1024 * 1024
"""Bytes: a node that sends more is treated as one that says "too much"."""

_PIECE = 1024 * 1024


class Endpoint:
    def __init__(self, url: str, timeout_seconds: float, clock: Callable[[], float]) -> None:
        parts = urlsplit(url)
        kind = http.client.HTTPConnection
        self._kind = http.client.HTTPSConnection if parts.scheme == "https" else kind
        self._place = (parts.hostname or "", parts.port)
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._timeout_seconds = timeout_seconds
        self._clock = clock
        self._local = threading.local()

    def post(self, body: bytes) -> Any:
        """The answer's JSON.

        Raises:
            TooMuch: the answer, or the question, is too large.
            RetryableRpcError: there is no answer, or it is not whole, in time, or JSON.
        """
        connection = self._connection()
        try:
            connection.request("POST", self._path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            content = self._read(response)
        except TimeoutError as error:
            self._drop()
            raise RetryableRpcError("no answer in time", heavy=True) from error
        except (OSError, http.client.HTTPException) as error:
            self._drop()
            raise RetryableRpcError(f"connection: {type(error).__name__}") from error
        except TooMuch:
            self._drop()
            raise
        return _judge(response.status, response.getheader("Retry-After"), content)

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        """The whole body. A node that sends a byte now and then is as slow as a silent one."""
        ends = self._clock() + self._timeout_seconds
        pieces, size = [], 0
        while max(size, response.length or 0) <= MAX_ANSWER:
            piece = response.read1(_PIECE)
            if not piece:
                break
            pieces.append(piece)
            size += len(piece)
            if self._clock() > ends:
                raise TimeoutError
        else:
            raise TooMuch(0, "an answer of over 64 MiB")
        if response.length:
            raise http.client.IncompleteRead(b"", response.length)
        return b"".join(pieces)

    def _connection(self) -> http.client.HTTPConnection:
        found: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if found is None:
            found = self._kind(*self._place, timeout=self._timeout_seconds)
            self._local.connection = found
        return found

    def _drop(self) -> None:
        """A connection that failed half-way may hold another call's answer: never reuse it."""
        self._connection().close()
        self._local.connection = None


def _judge(status: int, retry_after: str | None, content: bytes) -> Any:
    if status == 413:
        raise TooMuch(413, "the node answered 413")
    wait = _seconds(retry_after)
    if status == 429:
        raise RetryableRpcError("HTTP 429", wait, rate=True)
    try:
        answer = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        heavy = status in (408, 504)
        raise RetryableRpcError(f"HTTP {status}, not JSON", wait, heavy=heavy) from error
    if status >= 500:
        # Whatever it holds, it is not a result; but it may name a reason.
        told = answer.get("error") if isinstance(answer, dict) else None
        reason = classify(told)
        if isinstance(reason, TooMuch):
            raise reason
        rate = isinstance(reason, RetryableRpcError) and reason.rate
        raise RetryableRpcError(f"HTTP {status}", wait, rate=rate, heavy=status == 504)
    return answer


def _seconds(retry_after: str | None) -> float | None:
    """Retry-After in its form of seconds (RFC 9110 §10.2.3); the date form is not worth parsing."""
    try:
        return max(0.0, float(retry_after)) if retry_after else None
    except ValueError:
        return None
