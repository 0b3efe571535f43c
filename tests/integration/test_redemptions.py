"""Table `redemptions`: what the store's own trouble makes of a scan."""

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from onlineticket import settings
from onlineticket.domain import door
from onlineticket.domain.door import NonceUsed, ScanRecord, Verdict
from onlineticket.domain.errors import Unavailable
from onlineticket.domain.passage import Journal
from onlineticket.domain.types import TokenId
from onlineticket.dynamo import door_items, redemptions
from tests.at_the_door import CODE, EVENT, KEY, LINE, NOW, TICKET

OURS = replace(LINE, verifier_id="v1", scan_id="s1")
JOURNAL = Journal(KEY, EVENT, (OURS,))
VERDICT = Verdict("s1", NOW, "N1", None, {}, door.shown(CODE, TICKET), "done")
RECORD = ScanRecord("v1", "s1", "print", "attempt-1", VERDICT)
ANOTHER = (
    Journal(KEY, EVENT, (replace(OURS, scan_id="s2", nonce="ff" * 8),)),
    replace(RECORD, scan_id="s2"),
)


class Troubled:
    """A client whose first calls of a kind fail, before or after they took effect."""

    def __init__(self, client: Any, *troubles: Exception, after: bool = False) -> None:
        self.client, self.troubles, self.after = client, list(troubles), after
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        call = getattr(self.client, name)
        if name not in ("transact_write_items", "put_item", "get_item"):
            return call

        def troubled(**request: Any) -> Any:
            self.calls += 1
            trouble = self.troubles.pop(0) if self.troubles else None
            if trouble is None:
                return call(**request)
            if self.after:
                call(**request)
            raise trouble

        return troubled


def cancelled(client: Any, *codes: str) -> ClientError:
    response: Any = {
        "Error": {"Code": "TransactionCanceledException", "Message": ""},
        "CancellationReasons": [{"Code": code} for code in codes],
    }
    error: ClientError = client.exceptions.TransactionCanceledException(response, "x")
    return error


def conflict(client: Any) -> ClientError:
    return cancelled(client, "None", "TransactionConflict", "None")


def throttled(client: Any) -> ClientError:
    return cancelled(client, "ThrottlingError", "None", "None")


def lost() -> Any:
    return ReadTimeoutError(endpoint_url="x")


@pytest.fixture
def table(dynamodb: Any) -> str:
    return settings.required("REDEMPTIONS_TABLE")


def admit(client: Any, table: str, pair: Any = (JOURNAL, RECORD)) -> Any:
    return redemptions.let_pass(client, table, *pair, pause=lambda _: None)


def keep(client: Any, table: str, record: ScanRecord = RECORD) -> Any:
    return redemptions.keep_refusal(client, table, record, pause=lambda _: None)


def items(client: Any, table: str) -> list[str]:
    found = client.scan(TableName=table, ConsistentRead=True)["Items"]
    return sorted(item["pk"]["S"].split("#")[0] for item in found)


def test_an_admission_is_three_items_or_none(dynamodb: Any, table: str) -> None:
    assert admit(dynamodb, table) is None
    assert items(dynamodb, table) == ["nonce", "scan", "ticket"]
    assert admit(dynamodb, table, ANOTHER) == JOURNAL
    assert items(dynamodb, table) == ["nonce", "scan", "ticket"]


def test_what_stands_in_the_way_is_named_the_scan_first(dynamodb: Any, table: str) -> None:
    admit(dynamodb, table)
    assert admit(dynamodb, table, (JOURNAL, replace(RECORD, attempt="a2"))) == RECORD
    other_ticket = replace(JOURNAL, ticket=replace(KEY, token_id=TokenId(1)))
    assert admit(dynamodb, table, (other_ticket, replace(RECORD, attempt="a3"))) == RECORD
    again = JOURNAL.with_line(replace(OURS, scan_id="s4"))
    same_code = again, replace(RECORD, scan_id="s4", attempt="a4")
    assert admit(dynamodb, table, same_code) == NonceUsed()


def test_a_huge_id_and_an_absent_gate_and_holder_read_back(dynamodb: Any, table: str) -> None:
    bare = replace(OURS, gate=None, holder=None, ticket_check="deferred")
    huge = Journal(replace(KEY, token_id=TokenId(2**256 - 1)), EVENT, (bare,))
    admit(dynamodb, table, (huge, RECORD))
    assert admit(dynamodb, table, (huge, ANOTHER[1])) == huge


def test_a_refusal_is_kept_once(dynamodb: Any, table: str) -> None:
    assert keep(dynamodb, table) is None
    assert keep(dynamodb, table, replace(RECORD, attempt="a2")) == RECORD
    assert admit(dynamodb, table) == RECORD


def test_verdicts_and_nonces_expire_and_admissions_do_not(dynamodb: Any, table: str) -> None:
    admit(dynamodb, table)
    found = {
        item["pk"]["S"].split("#")[0]: item.get("ttl")
        for item in dynamodb.scan(TableName=table)["Items"]
    }
    assert found == {
        "nonce": {"N": str(CODE.expires_at + 86_400)},
        "scan": {"N": str(NOW + 30 * 86_400)},
        "ticket": None,
    }


@pytest.mark.parametrize(
    "reason", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"]
)
def test_a_write_that_is_put_off_is_tried_again(dynamodb: Any, table: str, reason: str) -> None:
    client = Troubled(dynamodb, *[cancelled(dynamodb, reason, "None", "None")] * 5)
    assert admit(client, table) is None
    assert client.calls == 6


def test_the_pauses_grow_and_are_never_the_same(dynamodb: Any, table: str) -> None:
    pauses: list[float] = []
    client = Troubled(dynamodb, *[conflict(dynamodb)] * 5)
    redemptions.let_pass(client, table, JOURNAL, RECORD, pause=pauses.append)
    bounds = [0.04, 0.08, 0.16, 0.2, 0.2]
    assert all(0 <= pause <= bound for pause, bound in zip(pauses, bounds, strict=True))
    assert len(set(pauses)) == 5


def test_a_write_put_off_for_too_long_is_decided_by_what_stands(dynamodb: Any, table: str) -> None:
    def put_off() -> Troubled:
        return Troubled(dynamodb, *[conflict(dynamodb)] * redemptions.ATTEMPTS)

    with pytest.raises(Unavailable):
        admit(put_off(), table)
    assert items(dynamodb, table) == []
    admit(dynamodb, table)
    assert admit(put_off(), table) == RECORD
    assert admit(put_off(), table, ANOTHER) == JOURNAL


def test_an_answer_lost_after_the_commit_is_found_again(dynamodb: Any, table: str) -> None:
    assert admit(Troubled(dynamodb, lost(), after=True), table) == RECORD
    assert items(dynamodb, table) == ["nonce", "scan", "ticket"]


@pytest.mark.parametrize(
    "trouble",
    [
        lost(),
        EndpointConnectionError(endpoint_url="x"),
        ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "x"),
        ClientError({"Error": {"Code": "InternalServerError", "Message": ""}}, "x"),
    ],
)
def test_a_write_of_which_nothing_is_known_decides_nothing(
    dynamodb: Any, table: str, trouble: Exception
) -> None:
    with pytest.raises(Unavailable) as unavailable:
        admit(Troubled(dynamodb, trouble), table)
    assert unavailable.value.code == "DYNAMODB_UNAVAILABLE"
    with pytest.raises(Unavailable):
        admit(Troubled(dynamodb, trouble, trouble), table)
    with pytest.raises(Unavailable):
        keep(Troubled(dynamodb, trouble), table)


def test_a_cancellation_for_another_reason_is_a_bug(dynamodb: Any, table: str) -> None:
    client = Troubled(dynamodb, cancelled(dynamodb, "ValidationError", "None", "None"))
    with pytest.raises(ClientError):
        admit(client, table)


def test_a_refusal_that_meets_a_transaction_waits_for_it(dynamodb: Any, table: str) -> None:
    response: Any = {"Error": {"Code": "TransactionConflictException", "Message": ""}}
    meets = dynamodb.exceptions.TransactionConflictException(response, "x")
    client = Troubled(dynamodb, meets, meets)
    assert keep(client, table) is None
    assert client.calls == 3
    with pytest.raises(Unavailable):
        keep(Troubled(dynamodb, *[meets] * redemptions.ATTEMPTS), table)


def test_only_journals_are_read_as_such(dynamodb: Any, table: str) -> None:
    admit(dynamodb, table)
    read = [door_items.read_journal(item) for item in dynamodb.scan(TableName=table)["Items"]]
    assert [one for one in read if one] == [JOURNAL]


def test_a_decided_scan_is_found_again_and_another_is_not(dynamodb: Any, table: str) -> None:
    assert redemptions.find_scan(dynamodb, table, RECORD.verifier_id, RECORD.scan_id) is None
    admit(dynamodb, table)
    assert redemptions.find_scan(dynamodb, table, RECORD.verifier_id, RECORD.scan_id) == RECORD
    assert redemptions.find_scan(dynamodb, table, "another", RECORD.scan_id) is None
