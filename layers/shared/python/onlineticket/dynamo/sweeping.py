"""The table `redemptions` gone through from end to end, a page at a time, beside its stream; and
the stream read again where a queue names a part of it.
"""

from typing import Any

from onlineticket.domain.door import ScanRecord
from onlineticket.domain.passage import Journal
from onlineticket.dynamo import door_items, outages
from onlineticket.dynamo.door_items import Item

_KINDS = ("ticket#", "scan#", "upload#")


def read(item: Item) -> Journal | ScanRecord | None:
    """What settling wants of an item of the table or its stream: a journal, a refused scan, or
    None for all else.
    """
    kind = item["pk"]["S"].partition("#")[0]
    if kind == "ticket":
        return door_items.read_journal(item)
    if kind == "scan" or (kind == "upload" and not item["line"]["BOOL"]):
        record = door_items.read_scan(item)
        return record if record.verdict.refusal is not None else None
    return None


def page(client: Any, table: str, start: Item | None, limit: int) -> tuple[list[Item], Item | None]:
    """The items that settling may want among the next `limit`, and where to go on; None: that was
    the end.

    Raises:
        Unavailable: `DYNAMODB_UNAVAILABLE`.
    """
    kinds = {f":k{i}": {"S": kind} for i, kind in enumerate(_KINDS)}
    with outages.typed():
        found = client.scan(
            TableName=table,
            Limit=limit,
            FilterExpression=" OR ".join(f"begins_with(pk, {name})" for name in kinds),
            ExpressionAttributeValues=kinds,
            **({"ExclusiveStartKey": start} if start else {}),
        )
    return found["Items"], found.get("LastEvaluatedKey")


def get(client: Any, table: str, key: Item) -> Item | None:
    """The item as it is now.

    Raises:
        Unavailable: `DYNAMODB_UNAVAILABLE`.
    """
    with outages.typed():
        found = client.get_item(TableName=table, Key=key, ConsistentRead=True)
    item: Item | None = found.get("Item")
    return item


def keys_between(streams: Any, batch: dict[str, Any]) -> list[Item] | None:
    """Keys of the items that changed between two places of the stream, as a `DDBStreamBatchInfo`
    of Lambda names them; None if the stream no longer goes back so far (24 hours).

    Raises:
        Unavailable: `DYNAMODB_UNAVAILABLE`.
    """
    last = int(batch["endSequenceNumber"])
    gone = (
        streams.exceptions.ResourceNotFoundException,
        streams.exceptions.TrimmedDataAccessException,
        streams.exceptions.ExpiredIteratorException,
    )
    keys: list[Item] = []
    try:
        with outages.typed():
            iterator = streams.get_shard_iterator(
                StreamArn=batch["streamArn"], ShardId=batch["shardId"],
                ShardIteratorType="AT_SEQUENCE_NUMBER",
                SequenceNumber=batch["startSequenceNumber"],
            ).get("ShardIterator")  # fmt: skip
            while iterator:
                found = streams.get_records(ShardIterator=iterator, Limit=1000)
                for record in found["Records"]:
                    change = record["dynamodb"]
                    if int(change["SequenceNumber"]) > last:
                        return keys
                    keys.append(change["Keys"])
                    if int(change["SequenceNumber"]) == last:
                        return keys
                if not found["Records"]:
                    return None  # the end is not there: better go through the whole table
                iterator = found.get("NextShardIterator")
    except gone:
        return None
    return keys
