"""Is this stage fit to serve? All dependencies are asked at once, each with a time limit."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from onlineticket.domain.errors import OnlineTicketError
from onlineticket.domain.types import BlockNumber

Outcome = Literal["ok", "unavailable"]
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Check:
    """`error` is a code or a class name, never a message: those may quote hosts and users."""

    status: Outcome
    error: str | None


@dataclass(frozen=True, slots=True)
class IndexerCheck:
    """`lag` = head - indexed block; None while one of them is not known."""

    status: Outcome
    indexed_block: BlockNumber | None
    head: BlockNumber | None
    lag: int | None
    lag_threshold: int


@dataclass(frozen=True, slots=True)
class Health:
    """`status` is ok if every check is."""

    status: Outcome
    postgres: Check
    dynamodb: Check
    rpc: Check
    indexer: IndexerCheck


def check_health(
    *,
    indexed_block: Callable[[], BlockNumber | None],
    ping_dynamodb: Callable[[], None],
    head: Callable[[], BlockNumber],
    lag_threshold: int,
    timeout_seconds: float,
) -> Health:
    """`indexed_block` asks Postgres, `head` the node; whatever they raise makes them unavailable.
    `lag_threshold` in blocks: a lag of so many is still ok.
    """
    pool = ThreadPoolExecutor(3)
    postgres = pool.submit(indexed_block)
    dynamodb = pool.submit(ping_dynamodb)
    rpc = pool.submit(head)
    asked: list[Future[Any]] = [postgres, dynamodb, rpc]
    wait(asked, timeout_seconds)
    pool.shutdown(wait=False, cancel_futures=True)  # one that hangs must not hold the answer up

    indexer = _indexer(_result(postgres), _result(rpc), lag_threshold)
    checks = _check(postgres), _check(dynamodb), _check(rpc)
    fit = {check.status for check in checks} | {indexer.status} == {"ok"}
    return Health("ok" if fit else "unavailable", *checks, indexer)


def _check(future: Future[Any]) -> Check:
    if not future.done() or future.cancelled():
        return Check("unavailable", "TIMEOUT")
    error = future.exception()
    if error is None:
        return Check("ok", None)
    code = error.code if isinstance(error, OnlineTicketError) else type(error).__name__
    return Check("unavailable", code)


def _result(future: Future[Answer]) -> Answer | None:
    return future.result() if _check(future).status == "ok" else None


def _indexer(indexed: BlockNumber | None, head: BlockNumber | None, threshold: int) -> IndexerCheck:
    # A node behind our cursor lags itself: that is no lag of ours.
    lag = None if indexed is None or head is None else max(0, head - indexed)
    fit = lag is not None and lag <= threshold
    return IndexerCheck("ok" if fit else "unavailable", indexed, head, lag, threshold)
