"""Who went through the door (table `redemptions`): one transaction decides, and nothing else does.

    nonce#<chain>#<TicketManager>#<token>#<nonce>  a spent code            ttl: a day past its end
    ticket#<chain>#<TicketManager>#<token>         the ticket's journal: all that settling needs
    scan#<verifier>#<scan id>                      the verdict, for replays         ttl: a month
    upload#<verifier>#<scan id>                    that of a scan made offline      ttl: a month
    undo#<verifier>#<undo id>                      the answer to an undo            ttl: a month

A journal is one item, so that one condition, on its version, decides whatever races: first entry,
re-entry, exit, undo, upload. Its lines only grow in number (`list_append`), none is rewritten; nor
is any other item, but for the mark that a scan was undone. How items look: dynamo/door_items.py.
"""

import time
from collections.abc import Callable, Mapping
from random import uniform
from typing import Any

from onlineticket.domain.door import NonceUsed, ScanRecord
from onlineticket.domain.errors import Unavailable
from onlineticket.domain.passage import Journal, TicketKey
from onlineticket.domain.undo import UndoRecord
from onlineticket.domain.upload import UploadRecord
from onlineticket.dynamo import door_items as items
from onlineticket.dynamo import outages
from onlineticket.dynamo.door_items import Item

ATTEMPTS = 6
"""Of one write that the store puts off because another transaction holds an item."""
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.2
"""Seconds; doubled each time, and any length below (full jitter), so that rivals part."""

Pause = Callable[[float], None]

_PUT_OFF = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}


def let_pass(
    client: Any,
    table: str,
    journal: Journal,
    record: ScanRecord,
    *,
    pause: Pause = time.sleep,
) -> ScanRecord | Journal | NonceUsed | None:
    """Spend the code, add the journal's last line and keep the verdict, all or none, on condition
    that the stored journal is this one without that line. None: it is done.

    Else what stands in the way: this scan's record, the journal as it is, or the spent nonce.

    Raises:
        Unavailable: `DYNAMODB_UNAVAILABLE`; it may have been written all the same.
    """
    parts = {
        "nonce": {"Put": items.spent(table, journal)},
        "ticket": items.longer(table, journal),
        "scan": {"Put": items.put(table, items.of_scan(record))},
    }
    try:
        failed = _transact(client, parts, f"{record.attempt}-{journal.version}", pause)
    except Unavailable:
        scan = find_scan(client, table, record.verifier_id, record.scan_id)
        return scan or _journal_after(client, table, journal)
    if failed is None:
        return None
    return _scan_met(failed) or _journal_met(failed) or NonceUsed()


def keep_upload(
    client: Any,
    table: str,
    upload: UploadRecord,
    journal: Journal | None,
    scan: ScanRecord | None,
    *,
    pause: Pause = time.sleep,
) -> UploadRecord | ScanRecord | Journal | None:
    """Keep what an upload came to, with the journal's last line and the scan's record if they are
    given, all or none. None: it is done. Else what stands in the way.

    Raises:
        Unavailable: `DYNAMODB_UNAVAILABLE`; it may have been written all the same.
    """
    record = upload.record
    parts = {"upload": {"Put": items.put(table, items.of_upload(upload))}}
    if scan:
        parts["scan"] = {"Put": items.put(table, items.of_scan(scan))}
    if journal:
        parts["ticket"] = items.longer(table, journal)
        parts["nonce"] = {"Update": items.spent_somewhere(table, journal)}
    token = f"{record.attempt}-{journal.version if journal else 0}"
    try:
        failed = _transact(client, parts, token, pause)
    except Unavailable:
        kept = find_upload(client, table, record.verifier_id, record.scan_id)
        if kept:
            return kept
        if journal is None:
            raise
        return _journal_after(client, table, journal)
    if failed is None:
        return None
    if "upload" in failed:
        return items.read_upload(failed["upload"]["Item"])
    return _scan_met(failed) or items.read_journal(failed["ticket"]["Item"])


def take_back(
    client: Any,
    table: str,
    journal: Journal,
    record: UndoRecord,
    *,
    pause: Pause = time.sleep,
) -> UndoRecord | Journal | None:
    """Add the journal's last line, which undoes another, keep the answer, and mark the scan undone,
    all or none. None: it is done. Else what stands in the way.

    Raises:
        Unavailable: `DYNAMODB_UNAVAILABLE`; it may have been written all the same.
    """
    parts = {
        "undo": {"Put": items.put(table, items.of_undo(record))},
        "ticket": items.longer(table, journal),
        "scan": {"Update": items.marked_undone(table, record.undone)},
    }
    try:
        failed = _transact(client, parts, f"{record.attempt}-{journal.version}", pause)
    except Unavailable:
        kept = find_undo(client, table, record.verifier_id, record.undone.undo_id)
        return kept or _journal_after(client, table, journal)
    if failed is None:
        return None
    if "undo" in failed:
        return items.read_undo(failed["undo"]["Item"])
    return items.read_journal(failed["ticket"]["Item"])


def keep_refusal(
    client: Any,
    table: str,
    record: ScanRecord,
    *,
    pause: Pause = time.sleep,
) -> ScanRecord | None:
    """Keep the verdict, unless this scan has one already: then return that.

    Raises:
        Unavailable: `DYNAMODB_UNAVAILABLE`.
    """
    request: Any = items.put(table, items.of_scan(record))
    for attempt in range(ATTEMPTS):
        if attempt:
            pause(_jitter(attempt))
        try:
            with outages.typed():
                client.put_item(**request)
            return None
        except client.exceptions.ConditionalCheckFailedException as error:
            return items.read_scan(error.response["Item"])
        except client.exceptions.TransactionConflictException:
            continue
    raise outages.unavailable()


def find_scan(client: Any, table: str, verifier_id: str, scan_id: str) -> ScanRecord | None:
    """The record of a scan that was decided.

    Raises:
        Unavailable: `DYNAMODB_UNAVAILABLE`. So do those below.
    """
    found = _get(client, table, items.scan_pk(verifier_id, scan_id))
    return items.read_scan(found) if found else None


def find_upload(client: Any, table: str, verifier_id: str, scan_id: str) -> UploadRecord | None:
    found = _get(client, table, items.upload_pk(verifier_id, scan_id))
    return items.read_upload(found) if found else None


def find_undo(client: Any, table: str, verifier_id: str, undo_id: str) -> UndoRecord | None:
    found = _get(client, table, items.undo_pk(verifier_id, undo_id))
    return items.read_undo(found) if found else None


def find_journal(client: Any, table: str, ticket: TicketKey) -> Journal | None:
    """None: nobody has come with it yet."""
    found = _get(client, table, items.ticket_pk(ticket))
    return items.read_journal(found) if found else None


def _get(client: Any, table: str, pk: str) -> Item | None:
    with outages.typed():
        found = client.get_item(TableName=table, Key={"pk": {"S": pk}}, ConsistentRead=True)
    item: Item | None = found.get("Item")
    return item


def _transact(
    client: Any, parts: Mapping[str, Item], token: str, pause: Pause
) -> dict[str, Item] | None:
    """Write all parts or none. None: it is done. Else those whose condition failed, by name.

    Raises:
        Unavailable: it is not known what became of it.
    """
    request: Any = {
        # The client's own retry after a lost answer is the same request, not a rival.
        "ClientRequestToken": token,
        "TransactItems": list(parts.values()),
    }
    for attempt in range(ATTEMPTS):
        if attempt:
            pause(_jitter(attempt))
        try:
            with outages.typed():
                client.transact_write_items(**request)
            return None
        except client.exceptions.TransactionCanceledException as error:
            reasons = dict(zip(parts, error.response["CancellationReasons"], strict=True))
            failed = {
                name: reason
                for name, reason in reasons.items()
                if reason["Code"] == "ConditionalCheckFailed"
            }
            if failed:
                return failed
            if not any(reason["Code"] in _PUT_OFF for reason in reasons.values()):
                raise
    raise outages.unavailable()


def _scan_met(failed: Mapping[str, Item]) -> ScanRecord | None:
    return items.read_scan(failed["scan"]["Item"]) if "scan" in failed else None


def _journal_met(failed: Mapping[str, Item]) -> Journal | None:
    return items.read_journal(failed["ticket"]["Item"]) if "ticket" in failed else None


def _journal_after(client: Any, table: str, ours: Journal) -> Journal:
    """The journal, if others have gone on with it: then our write, of which we do not know how it
    ended, has not happened and can't any more. Else it may still be on its way.
    """
    found = find_journal(client, table, ours.ticket)
    if found is None or found.version < ours.version:
        raise outages.unavailable()
    return found


def _jitter(attempt: int) -> float:
    return uniform(0, min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt))
