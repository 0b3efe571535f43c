"""Sign-ins in DynamoDB (table `sessions`): an item is first a challenge, then a session.

pk `session#<nonce>`: the nonce of the challenge becomes the id of the session, so that one update
both takes the challenge away and begins the session, and no crash comes between the two.

as a challenge   digest: SHA-256 of the text it is good for · expires_at · ttl
as a session     the fields of domain/refresh_token.py's Family · ttl, and `owner`, the wallet,
                 while it is not revoked: the key of the index `by_owner`. The index holds keys
                 only, which never change: a rotation of tokens writes to the table alone.
"""

from typing import Any

from onlineticket.domain import refresh_token
from onlineticket.domain.refresh_token import LIFETIME, Family
from onlineticket.domain.types import WalletAddress
from onlineticket.dynamo import outages

BY_OWNER = "by_owner"
LISTED = 100
"""Sessions in a list, newest first: what one BatchGetItem takes."""
_PAGES = 5
_BATCHES = 3


def keep_challenge(client: Any, table: str, nonce: str, digest: str, expires_at: int) -> None:
    """Remember that `nonce` was given out for the text with this digest, until `expires_at`.

    Raises:
        Unavailable: `DYNAMODB_UNAVAILABLE`.
    """
    with outages.typed():
        client.put_item(
            TableName=table,
            Item=_key(nonce) | {
                "digest": {"S": digest},
                "expires_at": {"N": str(expires_at)},
                "ttl": {"N": str(expires_at)},
            },
            ConditionExpression="attribute_not_exists(pk)",
        )  # fmt: skip


def begin(client: Any, table: str, digest: str, family: Family) -> bool:
    """Turn the challenge into this session, if it is there for this text and in time; of several
    callers at once, one gets True. A False does not say why, so it tells nothing about other
    wallets' challenges.

    Raises:
        Unavailable: `DYNAMODB_UNAVAILABLE`.
    """
    now = family.created_at
    device = ", device = :device" if family.device else ""
    try:
        # The condition asks for the time as well: TTL deletes late, by days if it likes.
        with outages.typed():
            client.update_item(
                TableName=table,
                Key=_key(family.session_id),
                UpdateExpression=(
                    "SET #owner = :wallet, wallet = :wallet, created_at = :now, used_at = :now,"
                    " expires_at = :expires_at, ends_at = :ends_at, #ttl = :ends_at,"
                    " generation = :generation, key_id = :key_id, token_hash = :token_hash"
                    f"{device} REMOVE digest"
                ),
                ConditionExpression="digest = :digest AND expires_at > :now",
                ExpressionAttributeNames={"#owner": "owner", "#ttl": "ttl"},
                ExpressionAttributeValues=_values(
                    wallet=family.wallet,
                    now=now,
                    expires_at=family.expires_at,
                    ends_at=family.ends_at,
                    generation=family.generation,
                    key_id=family.key_id,
                    token_hash=family.token_hash,
                    digest=digest,
                    **({"device": family.device} if family.device else {}),
                ),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
    except client.exceptions.ConditionalCheckFailedException as refused:
        # Our own write stands in our way when its answer was lost and the client asked again: its
        # token is random, so nobody else's has this hash.
        standing = _read(refused.response.get("Item", {}))
        return standing is not None and standing.token_hash == family.token_hash
    return True


def find(client: Any, table: str, session_id: str) -> Family | None:
    """
    Raises:
        Unavailable: `DYNAMODB_UNAVAILABLE`.
    """
    with outages.typed():
        found = client.get_item(TableName=table, Key=_key(session_id), ConsistentRead=True)
    return _read(found.get("Item", {}))


def rotate(
    client: Any,
    table: str,
    session_id: str,
    *,
    token_hash: str,
    successor_hash: str,
    key_id: str,
    now: int,
) -> Family | None:
    """Put the successor in the place of the token in force, by one conditional update.

    Returns None if that was done, else the session as it stands.

    Raises:
        Unauthorized: `SESSION_EXPIRED`, so long ago that nothing is left of it.
        Unavailable: `DYNAMODB_UNAVAILABLE`; the update may have been made.
    """
    try:
        with outages.typed():
            client.update_item(
                TableName=table,
                Key=_key(session_id),
                UpdateExpression=(
                    "SET token_hash = :successor, previous_hash = :token, key_id = :key_id,"
                    " used_at = :now, expires_at = :expires_at, generation = generation + :one"
                ),
                ConditionExpression=(
                    "token_hash = :token AND attribute_not_exists(revoked_at)"
                    " AND expires_at > :now AND ends_at > :now"
                ),
                ExpressionAttributeValues=_values(
                    token=token_hash,
                    successor=successor_hash,
                    key_id=key_id,
                    now=now,
                    expires_at=now + LIFETIME,
                    one=1,
                ),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
    except client.exceptions.ConditionalCheckFailedException as refused:
        standing = _read(refused.response.get("Item", {}))
        if standing is None:
            raise refresh_token.over() from None
        return standing
    return None


def revoke(client: Any, table: str, session_id: str, wallet: WalletAddress, now: int) -> bool:
    """End the session for good; False if this wallet has none of that id. Once more is no harm.

    Raises:
        Unavailable: `DYNAMODB_UNAVAILABLE`.
    """
    try:
        with outages.typed():
            client.update_item(
                TableName=table,
                Key=_key(session_id),
                # Its tokens' hashes stay: one that comes again is still known as stolen.
                UpdateExpression="SET revoked_at = if_not_exists(revoked_at, :now) REMOVE #owner",
                ConditionExpression="wallet = :wallet",
                ExpressionAttributeNames={"#owner": "owner"},
                ExpressionAttributeValues=_values(now=now, wallet=wallet),
            )
    except client.exceptions.ConditionalCheckFailedException:
        return False
    return True


def of_wallet(client: Any, table: str, wallet: WalletAddress, now: int) -> list[Family]:
    """The wallet's live sessions, newest first, LISTED at most.

    The index may lag behind by a moment; what it names is then read as it is, so a session that
    was revoked is never among them.

    Raises:
        Unavailable: `DYNAMODB_UNAVAILABLE`.
    """
    alive: list[Family] = []
    more: dict[str, Any] = {}
    for _ in range(_PAGES):
        with outages.typed():
            page = client.query(
                TableName=table,
                IndexName=BY_OWNER,
                KeyConditionExpression="#owner = :wallet",
                ExpressionAttributeNames={"#owner": "owner"},
                ExpressionAttributeValues=_values(wallet=wallet),
                ScanIndexForward=False,
                Limit=LISTED,
                **more,
            )
        alive += [each for each in _read_all(client, table, page["Items"]) if each.is_alive(now)]
        if len(alive) >= LISTED or "LastEvaluatedKey" not in page:
            break
        more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    return sorted(alive, key=lambda each: (-each.created_at, each.session_id))[:LISTED]


def _read_all(client: Any, table: str, keys: list[dict[str, Any]]) -> list[Family]:
    wanted = {table: {"Keys": [{"pk": each["pk"]} for each in keys], "ConsistentRead": True}}
    items: list[dict[str, Any]] = []
    for _ in range(_BATCHES):
        if not wanted or not wanted[table]["Keys"]:
            break
        with outages.typed():
            answer = client.batch_get_item(RequestItems=wanted)
        items += answer["Responses"].get(table, [])
        wanted = answer.get("UnprocessedKeys") or {}
    else:
        if wanted:
            raise outages.unavailable()
    return [family for family in map(_read, items) if family]


def _read(item: dict[str, Any]) -> Family | None:
    """None for a challenge that nobody answered, too."""
    if "token_hash" not in item:
        return None

    def text(name: str) -> str | None:
        return item[name]["S"] if name in item else None

    return Family(
        session_id=item["pk"]["S"].removeprefix("session#"),
        wallet=item["wallet"]["S"],
        created_at=int(item["created_at"]["N"]),
        used_at=int(item["used_at"]["N"]),
        expires_at=int(item["expires_at"]["N"]),
        ends_at=int(item["ends_at"]["N"]),
        generation=int(item["generation"]["N"]),
        key_id=item["key_id"]["S"],
        token_hash=item["token_hash"]["S"],
        previous_hash=text("previous_hash"),
        revoked_at=int(item["revoked_at"]["N"]) if "revoked_at" in item else None,
        device=text("device"),
    )


def _key(session_id: str) -> dict[str, Any]:
    return {"pk": {"S": f"session#{session_id}"}}


def _values(**values: str | int | None) -> dict[str, dict[str, str]]:
    return {
        f":{name}": {"N" if isinstance(value, int) else "S": str(value)}
        for name, value in values.items()
    }
