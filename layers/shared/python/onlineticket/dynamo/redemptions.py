"""Who was let in (table `redemptions`): one transaction decides, and nothing else does.

    nonce#<chain>#<TicketManager>#<token>#<nonce>  a spent code            ttl: a day past its end
    ticket#<chain>#<TicketManager>#<token>         the admission; the stream's consumer reads it
    scan#<verifier>#<scan id>                      the verdict, for replays         ttl: a month

An item is never changed once written, and an admission never deleted.
"""

import time
from collections.abc import Callable
from random import uniform
from typing import Any

from onlineticket.domain.door import Admission, NonceUsed, ScanRecord, verdict_from_json
from onlineticket.domain.errors import Unavailable
from onlineticket.domain.types import EventId, TokenId, WalletAddress
from onlineticket.dynamo import outages

Item = dict[str, Any]

ATTEMPTS = 6
"""Of one write that the store puts off because another transaction holds an item."""
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.2
"""Seconds; doubled each time, and any length below (full jitter), so that rivals part."""

NONCE_KEPT = 86_400
SCAN_KEPT = 30 * 86_400
"""Seconds that items outlive their use."""

_PUT_OFF = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
_UNWRITTEN = "attribute_not_exists(pk)"


def admit(
    client: Any,
    table: str,
    admission: Admission,
    record: ScanRecord,
    *,
    pause: Callable[[float], None] = time.sleep,
) -> ScanRecord | Admission | NonceUsed | None:
    """Spend the nonce, admit the ticket and keep the verdict, all or none. None: it is done.

    Else what stands in the way: this scan's record, the ticket's admission, or the spent nonce.

    Raises:
        Unavailable: `DYNAMODB_UNAVAILABLE`; it may have been written all the same.
    """
    request: Any = {
        # The client's own retry after a lost answer is the same request, not a rival.
        "ClientRequestToken": record.attempt,
        "TransactItems": [
            {"Put": _put(table, item)}
            for item in (_nonce_item(admission), _ticket_item(admission), _scan_item(record))
        ],
    }
    for attempt in range(ATTEMPTS):
        if attempt:
            pause(_jitter(attempt))
        try:
            with outages.typed():
                client.transact_write_items(**request)
            return None
        except client.exceptions.TransactionCanceledException as error:
            reasons: Any = error.response["CancellationReasons"]
            obstacle = _obstacle(*reasons)
            if obstacle is not None:
                return obstacle
            if not any(reason["Code"] in _PUT_OFF for reason in reasons):
                raise
        except Unavailable:
            break  # the client has retried; the write may have reached the table
    return _standing(client, table, admission, record)


def keep_refusal(
    client: Any,
    table: str,
    record: ScanRecord,
    *,
    pause: Callable[[float], None] = time.sleep,
) -> ScanRecord | None:
    """Keep the verdict, unless this scan has one already: then return that.

    Raises:
        Unavailable: `DYNAMODB_UNAVAILABLE`.
    """
    request: Any = _put(table, _scan_item(record))
    for attempt in range(ATTEMPTS):
        if attempt:
            pause(_jitter(attempt))
        try:
            with outages.typed():
                client.put_item(**request)
            return None
        except client.exceptions.ConditionalCheckFailedException as error:
            return _read_scan(error.response["Item"])
        except client.exceptions.TransactionConflictException:
            continue
    raise outages.unavailable()


def find_scan(client: Any, table: str, verifier_id: str, scan_id: str) -> ScanRecord | None:
    """The record of a scan that was decided.

    Raises:
        Unavailable: `DYNAMODB_UNAVAILABLE`.
    """
    with outages.typed():
        found = client.get_item(
            TableName=table, Key={"pk": _scan_pk(verifier_id, scan_id)}, ConsistentRead=True
        )
    return _read_scan(found["Item"]) if "Item" in found else None


def read_admission(item: Item) -> Admission | None:
    """The admission in an item of the table or its stream; None if it holds something else."""
    if not item["pk"]["S"].startswith("ticket#"):
        return None
    return Admission(
        chain_id=int(item["chain_id"]["S"]),
        ticket_manager=WalletAddress(item["ticket_manager"]["S"]),
        token_id=TokenId(int(item["token_id"]["S"])),
        event_id=EventId(int(item["event_id"]["S"])),
        epoch=int(item["epoch"]["S"]),
        nonce=item["nonce"]["S"],
        code_expires_at=int(item["code_expires_at"]["N"]),
        verifier_id=item["verifier_id"]["S"],
        scan_id=item["scan_id"]["S"],
        gate=item["gate"]["S"] if "gate" in item else None,
        holder=WalletAddress(item["holder"]["S"]) if "holder" in item else None,
        ticket_check=item["ticket_check"]["S"],
        admitted_at=int(item["admitted_at"]["N"]),
    )


def _obstacle(nonce: Item, ticket: Item, scan: Item) -> ScanRecord | Admission | NonceUsed | None:
    """What a cancelled transaction met, in the order in which it answers the scan."""
    failed = "ConditionalCheckFailed"
    if scan["Code"] == failed:
        return _read_scan(scan["Item"])
    if ticket["Code"] == failed:
        return read_admission(ticket["Item"])
    return NonceUsed() if nonce["Code"] == failed else None


def _standing(
    client: Any, table: str, admission: Admission, record: ScanRecord
) -> ScanRecord | Admission:
    """What the table holds now, after a write of which we do not know how it ended."""
    for item, read in ((_scan_item(record), _read_scan), (_ticket_item(admission), read_admission)):
        with outages.typed():
            found = client.get_item(TableName=table, Key={"pk": item["pk"]}, ConsistentRead=True)
        if "Item" in found:
            standing: Any = read(found["Item"])
            return standing  # type: ignore[no-any-return]
    raise outages.unavailable()


def _put(table: str, item: Item) -> Item:
    return {
        "TableName": table,
        "Item": item,
        "ConditionExpression": _UNWRITTEN,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def _nonce_item(admission: Admission) -> Item:
    return {
        "pk": {"S": f"nonce#{_ticket_key(admission)}#{admission.nonce}"},
        "verifier_id": {"S": admission.verifier_id},
        "scan_id": {"S": admission.scan_id},
        "ttl": {"N": str(admission.code_expires_at + NONCE_KEPT)},
    }


def _ticket_item(admission: Admission) -> Item:
    item = {
        "pk": {"S": f"ticket#{_ticket_key(admission)}"},
        "chain_id": {"S": str(admission.chain_id)},
        "ticket_manager": {"S": admission.ticket_manager},
        "token_id": {"S": str(admission.token_id)},
        "event_id": {"S": str(admission.event_id)},
        "epoch": {"S": str(admission.epoch)},
        "nonce": {"S": admission.nonce},
        "code_expires_at": {"N": str(admission.code_expires_at)},
        "verifier_id": {"S": admission.verifier_id},
        "scan_id": {"S": admission.scan_id},
        "ticket_check": {"S": admission.ticket_check},
        "admitted_at": {"N": str(admission.admitted_at)},
    }
    for name, value in (("gate", admission.gate), ("holder", admission.holder)):
        if value is not None:
            item[name] = {"S": value}
    return item


def _scan_item(record: ScanRecord) -> Item:
    return {
        "pk": _scan_pk(record.verifier_id, record.scan_id),
        "verifier_id": {"S": record.verifier_id},
        "scan_id": {"S": record.scan_id},
        "fingerprint": {"S": record.fingerprint},
        "attempt": {"S": record.attempt},
        "verdict": {"S": record.verdict.to_json()},
        "ttl": {"N": str(record.verdict.decided_at + SCAN_KEPT)},
    }


def _scan_pk(verifier_id: str, scan_id: str) -> dict[str, str]:
    return {"S": f"scan#{verifier_id}#{scan_id}"}


def _read_scan(item: Item) -> ScanRecord:
    return ScanRecord(
        item["verifier_id"]["S"], item["scan_id"]["S"], item["fingerprint"]["S"],
        item["attempt"]["S"], verdict_from_json(item["verdict"]["S"]),
    )  # fmt: skip


def _ticket_key(admission: Admission) -> str:
    return f"{admission.chain_id}#{admission.ticket_manager}#{admission.token_id}"


def _jitter(attempt: int) -> float:
    return uniform(0, min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt))
