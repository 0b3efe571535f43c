"""A light JSON-RPC client (JSON-RPC 2.0, EIP-1474) for one EVM node.

It is built for nodes that lie, stall and rate-limit: an answer counts only if it is whole JSON,
has our id once, and a result; everything else is asked again with exponential backoff and full
jitter, `attempts` times, honouring Retry-After. What takes too long is asked for in smaller parts
where there are any. Threads may share a Node: each has its own connection.
"""

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeGuard, TypeVar

import orjson

from onlineticket.chain.rpc_errors import (
    RetryableRpcError,
    RpcError,
    TooMuch,
    UnknownBlock,
    classify,
)
from onlineticket.chain.rpc_http import Endpoint
from onlineticket.domain.errors import Unavailable

T = TypeVar("T")

Call = tuple[str, list[Any]]
"""A method and its parameters."""

LONGEST_WAIT = 60.0
"""Seconds for which we stay away at most when told to wait: a node may say anything."""


@dataclass(slots=True)
class Counters:
    """What a run cost: for the metrics and the benchmark."""

    requests: int = 0
    retries: int = 0
    rate_limited: int = 0
    left_out: int = 0
    """Logs that were missing from an answer, and came when their block was asked for again."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def add(
        self, *, requests: int = 0, retries: int = 0, rate_limited: int = 0, left_out: int = 0
    ) -> None:
        with self._lock:
            self.left_out += left_out
            self.requests += requests
            self.retries += retries
            self.rate_limited += rate_limited


@dataclass(slots=True)
class Node:
    """One node, or a load balancer before many.

    Every method raises Unavailable (`RPC_UNAVAILABLE`) when no usable answer came in `attempts`
    tries or within `patience_seconds`, and RpcError when the node refuses for good. A node that
    asks us to wait for longer than our patience is not asked again until then.
    """

    url: str
    timeout_seconds: float = 10.0
    attempts: int = 5
    base_delay: float = 0.2
    max_delay: float = 8.0
    sleep: Callable[[float], None] = time.sleep
    counters: Counters = field(default_factory=Counters)
    patience_seconds: float = 20.0
    clock: Callable[[], float] = time.monotonic
    takes_batches: bool = True
    """Until it was heard to refuse one, and to answer the same calls one by one."""
    answers_doubts: bool = True
    """Until it left one unanswered (chain/left_out.py)."""
    _endpoint: Endpoint | None = None
    _stalled_since: float | None = None
    """Since when every answer has been too slow."""
    _closed_until: float = 0.0

    def call(self, method: str, params: Sequence[Any] = ()) -> Any:
        """The result of one call; null is None.

        Raises:
            TooMuch: ask for less.
            RpcError: refused, e.g. a revert.
            Unavailable: `RPC_UNAVAILABLE`.
        """
        return self.persist(lambda: self._once([(method, list(params))], batch=False))[0]

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        """The results of all calls in one HTTP request, in their order; the first error raises.
        Of a node that takes no batches, in one request each: behind a balancer, then, each may be
        answered by another node.

        Raises:
            TooMuch: ask for less: the node says so, or takes too long.
            RpcError: refused.
            Unavailable: `RPC_UNAVAILABLE`.
        """
        if not calls:
            return []
        ask = partial(self._together, calls, [])
        return self.persist(lambda: self._lighter(ask))

    def try_batch(self, calls: Sequence[Call]) -> list[Any]:
        """As `batch`, but a call that the node refuses has its RpcError in the list, and if all
        at once are too much, it takes more than one request.
        """
        if not calls:
            return []
        ask = partial(self._together, calls, [], keep_errors=True)
        try:
            return self.persist(ask if len(calls) == 1 else lambda: self._lighter(ask))
        except RpcError as refusal:
            if len(calls) == 1 or not isinstance(refusal, TooMuch):
                return [refusal] * len(calls)
        half = len(calls) // 2
        return self.try_batch(calls[:half]) + self.try_batch(calls[half:])

    def persist(self, ask: Callable[[], T]) -> T:
        """`ask()`, again and again while it raises RetryableRpcError.

        Raises:
            Unavailable: `RPC_UNAVAILABLE`, after `attempts` tries or when patience is at its end.
        """
        began = self.clock()
        if began < self._closed_until:
            raise Unavailable("RPC_UNAVAILABLE", "The node asked us to wait.")
        for attempt in range(self.attempts):
            try:
                return ask()
            except RetryableRpcError as error:
                self.counters.add(retries=1, rate_limited=int(error.rate))
                last = error
                delay = self._delay(attempt, error.retry_after)
                now = self.clock()
                if attempt + 1 == self.attempts or now + delay > began + self.patience_seconds:
                    # To ask earlier than we were told to would only prolong the refusal.
                    self._closed_until = now + min(error.retry_after or 0.0, LONGEST_WAIT)
                    break
                self.sleep(delay)
        raise Unavailable("RPC_UNAVAILABLE", "The node does not answer.") from last

    def _delay(self, attempt: int, retry_after: float | None) -> float:
        jittered = random.uniform(0, min(self.max_delay, self.base_delay * 2**attempt))
        return max(jittered, retry_after or 0.0)

    def _lighter(self, ask: Callable[[], T]) -> T:
        """`ask()`, which turns a failure that asking for less might mend into TooMuch. Not for
        ever: a node that is silent whatever it is asked is away.
        """
        began = self.clock()
        try:
            return ask()
        except RetryableRpcError as error:
            if not error.heavy or error.retry_after is not None:
                raise
            since = self._stalled_since = self._stalled_since or began
            if self.clock() - since > self.patience_seconds:
                raise Unavailable("RPC_UNAVAILABLE", "The node does not answer.") from error
            self.counters.add(retries=1, rate_limited=int(error.rate))
            self.sleep(self._delay(0, None))
            raise TooMuch(0, str(error)) from error

    def _together(
        self, calls: Sequence[Call], done: list[Any], *, keep_errors: bool = False
    ) -> list[Any]:
        """In one request, or one by one if the node refuses batches and answers single calls;
        `done` keeps what it answered one by one from one try to the next.
        """
        if self.takes_batches:
            try:
                return self._once(calls, batch=True, keep_errors=keep_errors)
            except BatchRefused as refusal:
                # Is it the batch, or what it asks?
                try:
                    done += self._once(calls[:1], batch=False)
                except RpcError:
                    raise refusal.error from None
                self.takes_batches = False
        while len(done) < len(calls):
            one = calls[len(done) : len(done) + 1]
            done += self._once(one, batch=False, keep_errors=keep_errors)
        return done

    def _once(self, calls: Sequence[Call], *, batch: bool, keep_errors: bool = False) -> list[Any]:
        asked = [
            {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            for number, (method, params) in enumerate(calls)
        ]
        self.counters.add(requests=1)
        answer = self._post(orjson.dumps(asked if batch else asked[0]))
        self._stalled_since = None
        if batch != isinstance(answer, list):
            # A node may refuse a whole batch by one error object.
            error = _refusal(answer, keep_errors)
            raise BatchRefused(error) if batch and _may_mean_batches(error, len(calls)) else error
        results: dict[int, Any] = {}
        for one in answer if batch else [answer]:
            number = one.get("id") if isinstance(one, dict) else None
            # `True == 1`: an id must be the very number.
            if type(number) is not int or not 0 <= number < len(calls):
                if number is None:
                    raise _refusal(one, keep_errors)
                raise RetryableRpcError("an id of no call")
            if number in results:
                raise RetryableRpcError("two answers to one call")
            if one.get("error") is not None:
                error = _refusal(one, keep_errors)
                if not keep_errors or isinstance(error, RetryableRpcError):
                    raise error
                results[number] = error
            elif "result" in one:
                results[number] = one["result"]
        if len(results) != len(calls):
            raise RetryableRpcError("half an answer")
        return [results[number] for number in range(len(calls))]

    def _post(self, body: bytes) -> Any:
        if self._endpoint is None:
            self._endpoint = Endpoint(self.url, self.timeout_seconds, self.clock)
        return self._endpoint.post(body)


class BatchRefused(Exception):
    """The node answered a batch by one final error; perhaps it takes none."""

    def __init__(self, error: RpcError) -> None:
        super().__init__(str(error))
        self.error = error


def _may_mean_batches(error: Exception, calls: int) -> TypeGuard[RpcError]:
    """A large one may only be too large."""
    if isinstance(error, TooMuch):
        return calls <= 2 and "batch" in error.message.lower()
    return isinstance(error, RpcError) and not isinstance(error, UnknownBlock)


def _refusal(answer: Any, keep_errors: bool) -> Exception:
    if not isinstance(answer, dict) or answer.get("error") is None:
        return RetryableRpcError("an answer of no known form")
    error = classify(answer["error"])
    if isinstance(error, UnknownBlock) and not keep_errors:
        # One who must have it waits for it; one who tries is told.
        return RetryableRpcError(str(error))
    return error
