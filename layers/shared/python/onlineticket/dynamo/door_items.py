"""How the items of table `redemptions` look, and what they mean (see dynamo/redemptions.py).

`ticket#…`: chain_id, ticket_manager, token_id, event_id (S), version (N), lines: a list of S, each
a line of the journal in JSON (domain/passage.py). An id is a string because it may have 78 digits.
"""

from typing import Any

from onlineticket.domain.door import ScanRecord, verdict_from_json
from onlineticket.domain.passage import Journal, TicketKey, passage_from_json
from onlineticket.domain.types import EventId, TokenId, WalletAddress
from onlineticket.domain.undo import Undone, UndoRecord, undone_from_json
from onlineticket.domain.upload import UploadRecord

Item = dict[str, Any]

NONCE_KEPT = 86_400
SCAN_KEPT = 30 * 86_400
"""Seconds that items outlive their use."""

_OLD = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}


def ticket_pk(ticket: TicketKey) -> str:
    return f"ticket#{_ticket(ticket)}"


def scan_pk(verifier_id: str, scan_id: str) -> str:
    return f"scan#{verifier_id}#{scan_id}"


def upload_pk(verifier_id: str, scan_id: str) -> str:
    return f"upload#{verifier_id}#{scan_id}"


def undo_pk(verifier_id: str, undo_id: str) -> str:
    return f"undo#{verifier_id}#{undo_id}"


def put(table: str, item: Item) -> Item:
    """Of an item that must not be there yet."""
    return {
        "TableName": table,
        "Item": item,
        "ConditionExpression": "attribute_not_exists(pk)",
        **_OLD,
    }


def longer(table: str, journal: Journal) -> Item:
    """Add the last line, if the journal is as before it."""
    line = {"S": journal.passages[-1].to_json()}
    if journal.version == 1:
        return {"Put": put(table, of_journal(journal))}
    return {
        "Update": {
            "TableName": table,
            "Key": {"pk": {"S": ticket_pk(journal.ticket)}},
            "UpdateExpression": "SET #lines = list_append(#lines, :line), #version = :version",
            "ConditionExpression": "#version = :before",
            "ExpressionAttributeNames": {"#lines": "lines", "#version": "version"},
            "ExpressionAttributeValues": {
                ":line": {"L": [line]},
                ":version": {"N": str(journal.version)},
                ":before": {"N": str(journal.version - 1)},
            },
            **_OLD,
        }
    }


def spent(table: str, journal: Journal) -> Item:
    """The code of the last line, which must be unspent."""
    line = journal.passages[-1]
    item = {
        "pk": {"S": _nonce_pk(journal)},
        "verifier_id": {"S": line.verifier_id},
        "scan_id": {"S": line.scan_id},
        "ttl": {"N": str(line.code_expires_at + NONCE_KEPT)},
    }
    return put(table, item)


def spent_somewhere(table: str, journal: Journal) -> Item:
    """The code of the last line, spent already or not: they passed before anybody could tell."""
    line = journal.passages[-1]
    return {
        "TableName": table,
        "Key": {"pk": {"S": _nonce_pk(journal)}},
        "UpdateExpression": "SET verifier_id = if_not_exists(verifier_id, :verifier), "
        "scan_id = if_not_exists(scan_id, :scan), #ttl = if_not_exists(#ttl, :ttl)",
        "ExpressionAttributeNames": {"#ttl": "ttl"},
        "ExpressionAttributeValues": {
            ":verifier": {"S": line.verifier_id},
            ":scan": {"S": line.scan_id},
            ":ttl": {"N": str(line.code_expires_at + NONCE_KEPT)},
        },
    }


def of_journal(journal: Journal) -> Item:
    return {
        "pk": {"S": ticket_pk(journal.ticket)},
        "chain_id": {"S": str(journal.ticket.chain_id)},
        "ticket_manager": {"S": journal.ticket.ticket_manager},
        "token_id": {"S": str(journal.ticket.token_id)},
        "event_id": {"S": str(journal.event_id)},
        "version": {"N": str(journal.version)},
        "lines": {"L": [{"S": line.to_json()} for line in journal.passages]},
    }


def read_journal(item: Item) -> Journal | None:
    """The journal in an item of the table or its stream; None if it holds something else."""
    if not item["pk"]["S"].startswith("ticket#"):
        return None
    return Journal(
        TicketKey(
            int(item["chain_id"]["S"]),
            WalletAddress(item["ticket_manager"]["S"]),
            TokenId(int(item["token_id"]["S"])),
        ),
        EventId(int(item["event_id"]["S"])),
        tuple(passage_from_json(line["S"]) for line in item["lines"]["L"]),
    )


def of_scan(record: ScanRecord) -> Item:
    return {
        "pk": {"S": scan_pk(record.verifier_id, record.scan_id)},
        "verifier_id": {"S": record.verifier_id},
        "scan_id": {"S": record.scan_id},
        "fingerprint": {"S": record.fingerprint},
        "attempt": {"S": record.attempt},
        "verdict": {"S": record.verdict.to_json()},
        "ttl": {"N": str(record.verdict.decided_at + SCAN_KEPT)},
    }


def read_scan(item: Item) -> ScanRecord:
    """That in an item `scan#…` or `upload#…`."""
    return ScanRecord(
        item["verifier_id"]["S"],
        item["scan_id"]["S"],
        item["fingerprint"]["S"],
        item["attempt"]["S"],
        verdict_from_json(item["verdict"]["S"]),
        int(item["undone_at"]["N"]) if "undone_at" in item else None,
    )


def marked_undone(table: str, undone: Undone) -> Item:
    """The one change that a scan's item ever sees; nothing of it is lost."""
    return {
        "TableName": table,
        "Key": {"pk": {"S": scan_pk(undone.verifier_id, undone.scan_id)}},
        "UpdateExpression": "SET undone_at = :at",
        "ExpressionAttributeValues": {":at": {"N": str(undone.undone_at)}},
        "ConditionExpression": "attribute_exists(pk)",
    }


def of_upload(upload: UploadRecord) -> Item:
    record = upload.record
    item = of_scan(record) | {
        "pk": {"S": upload_pk(record.verifier_id, record.scan_id)},
        "scanned_at": {"N": str(upload.scanned_at)},
        "provisional": {"S": upload.provisional},
        "line": {"BOOL": upload.line},
    }
    return item | ({} if upload.token_id is None else {"token_id": {"S": str(upload.token_id)}})


def read_upload(item: Item) -> UploadRecord:
    return UploadRecord(
        read_scan(item),
        int(item["scanned_at"]["N"]),
        item["provisional"]["S"],
        int(item["token_id"]["S"]) if "token_id" in item else None,
        item["line"]["BOOL"],
    )


def of_undo(record: UndoRecord) -> Item:
    return {
        "pk": {"S": undo_pk(record.verifier_id, record.undone.undo_id)},
        "verifier_id": {"S": record.verifier_id},
        "fingerprint": {"S": record.fingerprint},
        "attempt": {"S": record.attempt},
        "undone": {"S": record.undone.to_json()},
        "ttl": {"N": str(record.undone.undone_at + SCAN_KEPT)},
    }


def read_undo(item: Item) -> UndoRecord:
    return UndoRecord(
        item["verifier_id"]["S"],
        item["fingerprint"]["S"],
        item["attempt"]["S"],
        undone_from_json(item["undone"]["S"]),
    )


def _nonce_pk(journal: Journal) -> str:
    return f"nonce#{_ticket(journal.ticket)}#{journal.passages[-1].nonce}"


def _ticket(ticket: TicketKey) -> str:
    return f"{ticket.chain_id}#{ticket.ticket_manager}#{ticket.token_id}"
