"""Does DynamoDB answer? A read of an item that need not exist."""

from typing import Any

from onlineticket.dynamo import outages


def ping(client: Any, table: str) -> None:
    """
    Raises:
        Unavailable: `DYNAMODB_UNAVAILABLE`.
    """
    with outages.typed():
        client.get_item(TableName=table, Key={"pk": {"S": "health"}}, ProjectionExpression="pk")
