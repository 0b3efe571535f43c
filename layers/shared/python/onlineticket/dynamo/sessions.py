"""SIWE nonces in DynamoDB (table `sessions`): written at the challenge, consumed once at verify.

pk `nonce#<nonce>` · digest: SHA-256 of the text it is good for · expires_at · ttl
"""

from typing import Any

from onlineticket.dynamo import outages


def keep_nonce(client: Any, table: str, nonce: str, digest: str, expires_at: int) -> None:
    """Remember that `nonce` was given out for the text with this digest, until `expires_at`."""
    with outages.typed():
        client.put_item(
            TableName=table,
            Item={
                "pk": {"S": _pk(nonce)},
                "digest": {"S": digest},
                "expires_at": {"N": str(expires_at)},
                "ttl": {"N": str(expires_at)},
            },
        )


def consume_nonce(client: Any, table: str, nonce: str, digest: str, now: int) -> bool:
    """Take the nonce away if it is there for this text and in time; of several callers at once,
    one gets True. A False does not say why, so it tells nothing about other wallets' challenges.
    """
    try:
        # The condition asks for the time as well: TTL deletes late, by days if it likes.
        with outages.typed():
            client.delete_item(
                TableName=table,
                Key={"pk": {"S": _pk(nonce)}},
                ConditionExpression="digest = :digest AND expires_at > :now",
                ExpressionAttributeValues={":digest": {"S": digest}, ":now": {"N": str(now)}},
            )
    except client.exceptions.ConditionalCheckFailedException:
        return False
    return True


def _pk(nonce: str) -> str:
    return f"nonce#{nonce}"
