"""Token buckets in DynamoDB (table `rate_limits`): one conditional update grants a take.

pk `<bucket>#<who>` · full_at_ms: when it will be full again (domain/rate_limit.py) · ttl
Nothing of value is kept: an item that is lost is a full bucket.
"""

from typing import Any

from onlineticket.domain.errors import Unavailable
from onlineticket.domain.rate_limit import Bucket, Level

_TRIES = 3


def take(client: Any, table: str, bucket: Bucket, who: str, now_ms: int) -> Level:
    """Take one, if there is one; what is left then.

    An update can't take the later of two times. So the first one is for a bucket that is full, as
    nearly all are; if it fails, the answer tells whether another is worth it, for a bucket that is
    not: that one adds to the time it finds. Of many at once exactly `bucket.size` succeed.

    Raises:
        Unavailable: `RATE_LIMITS_UNAVAILABLE`.
    """
    latest = bucket.latest_ms(now_ms)
    for _ in range(_TRIES):
        full_at = now_ms + bucket.period_ms
        found = _update(
            client, table, bucket, who, now_ms,
            "SET full_at_ms = :full_at, #ttl = :ttl",
            "attribute_not_exists(full_at_ms) OR full_at_ms <= :now",
            {":full_at": full_at, ":now": now_ms},
        )  # fmt: skip
        if found is None:
            return bucket.level(full_at, now_ms)
        if found > latest:
            return bucket.level(found, now_ms, granted=False)
        standing = _update(
            client, table, bucket, who, now_ms,
            "SET full_at_ms = full_at_ms + :period, #ttl = :ttl",
            "full_at_ms > :now AND full_at_ms <= :latest",
            {":period": bucket.period_ms, ":now": now_ms, ":latest": latest},
        )  # fmt: skip
        if standing is None:
            return bucket.level(found + bucket.period_ms, now_ms)
        if standing > latest:
            return bucket.level(standing, now_ms, granted=False)
    # It was full, then not, then full again: whoever races like this may wait a moment.
    return bucket.level(latest + bucket.period_ms, now_ms, granted=False)


def look(client: Any, table: str, bucket: Bucket, who: str, now_ms: int) -> Level:
    """How full it is, without taking any; not consistent, for a bucket is no exact thing here.

    Raises:
        Unavailable: `RATE_LIMITS_UNAVAILABLE`.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        item = client.get_item(TableName=table, Key=_key(bucket, who)).get("Item", {})
    except (BotoCoreError, ClientError) as error:
        raise _unavailable() from error
    return bucket.level(int(item["full_at_ms"]["N"]) if item else now_ms, now_ms)


def _update(
    client: Any,
    table: str,
    bucket: Bucket,
    who: str,
    now_ms: int,
    update: str,
    condition: str,
    values: dict[str, int],
) -> int | None:
    """None if it was done; else the `full_at_ms` that stood against it."""
    from botocore.exceptions import BotoCoreError, ClientError

    ttl = now_ms // 1000 + 2 * bucket.seconds
    try:
        client.update_item(
            TableName=table,
            Key=_key(bucket, who),
            UpdateExpression=update,
            ConditionExpression=condition,
            ExpressionAttributeNames={"#ttl": "ttl"},  # a reserved word
            ExpressionAttributeValues={
                name: {"N": str(value)} for name, value in {**values, ":ttl": ttl}.items()
            },
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except client.exceptions.ConditionalCheckFailedException as refused:
        item = refused.response.get("Item", {})
        return int(item["full_at_ms"]["N"]) if item else now_ms
    except (BotoCoreError, ClientError) as error:
        # Whatever it is, a table that is missing too: no limit may keep anybody from signing in.
        raise _unavailable() from error
    return None


def _key(bucket: Bucket, who: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": f"{bucket.name}#{who}"}}


def _unavailable() -> Unavailable:
    return Unavailable("RATE_LIMITS_UNAVAILABLE", "The store of the limits does not answer.")
