"""A light JSON-RPC client (JSON-RPC 2.0, EIP-1474) for one EVM node: http.client and orjson.

It is built for nodes that lie, stall and rate-limit: an answer counts only if it is whole JSON,
has our id, and a result; everything else is asked again with exponential backoff and full jitter,
`attempts` times, honouring Retry-After. Threads may share a Node: each has its own connection.
"""

import http.client
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

import orjson

from onlineticket.chain.rpc_errors import RetryableRpcError, TooMuch, classify
from onlineticket.domain.errors import Unavailable

T = TypeVar("T")

Call = tuple[str, list[Any]]
"""A method and its parameters."""

MAX_ANSWER = 64 * 1024 * 1024
"""Bytes: a node that sends more is treated as one that says "too much"."""


@dataclass(slots=True)
class Counters:
    """What a run cost: for the metrics and the benchmark."""

    requests: int = 0
    retries: int = 0
    rate_limited: int = 0


@dataclass(slots=True)
class Node:
    """One node, or a load balancer before many.

    Every method raises Unavailable (`RPC_UNAVAILABLE`) when no usable answer came in `attempts`
    tries, and RpcError when the node refuses for good.
    """

    url: str
    timeout_seconds: float = 10.0
    attempts: int = 5
    base_delay: float = 0.2
    max_delay: float = 8.0
    sleep: Callable[[float], None] = time.sleep
    counters: Counters = field(default_factory=Counters)
    _local: threading.local = field(default_factory=threading.local)

    def call(self, method: str, params: Sequence[Any] = ()) -> Any:
        """The result of one call; null is None.

        Raises:
            TooMuch: ask for less.
            RpcError: refused, e.g. a revert.
            Unavailable: `RPC_UNAVAILABLE`.
        """
        return self.persist(lambda: self._once([(method, list(params))], batch=False))[0]

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        """The results of all calls in one HTTP request, in their order; the first error raises."""
        if not calls:
            return []
        return self.persist(lambda: self._once(calls, batch=True))

    def try_batch(self, calls: Sequence[Call]) -> list[Any]:
        """As `batch`, but a call that the node refuses has its exception in the list."""
        if not calls:
            return []
        return self.persist(lambda: self._once(calls, batch=True, keep_errors=True))

    def persist(self, ask: Callable[[], T]) -> T:
        """`ask()`, again and again while it raises RetryableRpcError.

        Raises:
            Unavailable: `RPC_UNAVAILABLE`, after `attempts` tries.
        """
        for attempt in range(self.attempts):
            try:
                return ask()
            except RetryableRpcError as error:
                self.counters.retries += 1
                self.counters.rate_limited += error.rate
                last = error
                if attempt + 1 < self.attempts:
                    self.sleep(self._delay(attempt, error.retry_after))
        raise Unavailable("RPC_UNAVAILABLE", "The node does not answer.") from last

    def _delay(self, attempt: int, retry_after: float | None) -> float:
        jittered = random.uniform(0, min(self.max_delay, self.base_delay * 2**attempt))
        return max(jittered, min(retry_after or 0.0, self.max_delay))

    def _once(self, calls: Sequence[Call], *, batch: bool, keep_errors: bool = False) -> list[Any]:
        asked = [
            {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            for number, (method, params) in enumerate(calls)
        ]
        answer = self._post(orjson.dumps(asked if batch else asked[0]))
        answers = answer if isinstance(answer, list) else [answer]
        if batch and not isinstance(answer, list):
            # A node may refuse a whole batch by one error object.
            raise _refusal(answer)
        results: dict[int, Any] = {}
        for one in answers:
            if not isinstance(one, dict) or one.get("id") not in range(len(calls)):
                raise RetryableRpcError("an answer to another question")
            if one.get("error") is not None:
                error = classify(one["error"])
                if not keep_errors or isinstance(error, RetryableRpcError):
                    raise error
                results[one["id"]] = error
            elif "result" in one:
                results[one["id"]] = one["result"]
        if len(results) != len(calls):
            raise RetryableRpcError("half an answer")
        return [results[number] for number in range(len(calls))]

    def _post(self, body: bytes) -> Any:
        self.counters.requests += 1
        parts = urlsplit(self.url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {"Content-Type": "application/json"}
        try:
            connection = self._connection()
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            content = response.read(MAX_ANSWER + 1)
        except (OSError, http.client.HTTPException) as error:
            self._drop()
            raise RetryableRpcError(f"connection: {type(error).__name__}") from error
        if len(content) > MAX_ANSWER:
            self._drop()
            raise TooMuch(0, "an answer of over 64 MiB")
        if response.status == 413:
            raise TooMuch(413, "the node answered 413")
        if response.status == 429:
            raise RetryableRpcError("429", _seconds(response.getheader("Retry-After")), rate=True)
        try:
            decoded = orjson.loads(content)
        except orjson.JSONDecodeError as error:
            raise RetryableRpcError(
                f"HTTP {response.status}, not JSON", _seconds(response.getheader("Retry-After"))
            ) from error
        if response.status >= 400 and not isinstance(decoded, dict | list):
            raise RetryableRpcError(f"HTTP {response.status}")
        return decoded

    def _connection(self) -> http.client.HTTPConnection:
        found: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if found is None:
            parts = urlsplit(self.url)
            secure = parts.scheme == "https"
            kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
            found = kind(parts.hostname or "", parts.port, timeout=self.timeout_seconds)
            self._local.connection = found
        return found

    def _drop(self) -> None:
        """A connection that failed half-way may hold another call's answer: never reuse it."""
        self._connection().close()
        self._local.connection = None


def _refusal(answer: Any) -> Exception:
    if isinstance(answer, dict) and answer.get("error") is not None:
        return classify(answer["error"])
    return RetryableRpcError("an answer of no known form")


def _seconds(retry_after: str | None) -> float | None:
    """Retry-After in its form of seconds (RFC 9110 §10.2.3); the date form is not worth parsing."""
    try:
        return max(0.0, float(retry_after)) if retry_after else None
    except ValueError:
        return None
