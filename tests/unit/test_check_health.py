import threading
from typing import NoReturn

from onlineticket.domain.errors import Unavailable
from onlineticket.domain.types import BlockNumber
from onlineticket.usecases.check_health import Check, Health, check_health

OK = Check("ok", None)


def health(
    indexed: int | None = 90,
    head: int = 100,
    *,
    dynamodb_hangs: bool = False,
    rpc_fails: bool = False,
) -> Health:
    hang = threading.Event()

    def ping() -> None:
        if dynamodb_hangs:
            hang.wait(10)

    def ask_head() -> BlockNumber:
        if rpc_fails:
            raise Unavailable("RPC_UNAVAILABLE", "http://user:secret@node does not answer")
        return BlockNumber(head)

    try:
        return check_health(
            indexed_block=lambda: None if indexed is None else BlockNumber(indexed),
            ping_dynamodb=ping,
            head=ask_head,
            lag_threshold=10,
            timeout_seconds=0.2,
        )
    finally:
        hang.set()


def test_all_is_well_up_to_the_lag_that_the_stage_allows() -> None:
    report = health(indexed=90)
    assert report.status == report.indexer.status == "ok"
    assert (report.postgres, report.dynamodb, report.rpc) == (OK, OK, OK)
    assert report.indexer.lag == 10


def test_more_lag_than_that_is_unhealthy() -> None:
    report = health(indexed=89)
    assert report.status == report.indexer.status == "unavailable"
    assert report.postgres == OK


def test_before_the_first_pass_the_lag_is_not_known() -> None:
    report = health(indexed=None)
    assert (report.status, report.indexer.lag) == ("unavailable", None)


def test_a_node_behind_our_index_is_no_lag_of_ours() -> None:
    assert health(indexed=101, head=100).indexer.lag == 0


def test_a_dependency_that_hangs_is_named_and_holds_nothing_up() -> None:
    report = health(dynamodb_hangs=True)
    assert report.dynamodb == Check("unavailable", "TIMEOUT")
    assert (report.status, report.indexer.status) == ("unavailable", "ok")


def test_a_failure_is_told_by_its_code_and_never_by_its_message() -> None:
    assert health(rpc_fails=True).rpc == Check("unavailable", "RPC_UNAVAILABLE")


def test_a_bug_in_a_check_is_told_by_its_class() -> None:
    def broken() -> NoReturn:
        raise KeyError("a secret")

    report = check_health(
        indexed_block=broken,
        ping_dynamodb=lambda: None,
        head=lambda: BlockNumber(1),
        lag_threshold=10,
        timeout_seconds=1,
    )
    assert report.postgres == Check("unavailable", "KeyError")
