"""Terminals' keys (table `verifier_keys`): pk is the verifier's id; secrets are only hashed.

`events`, `gates`, `scopes` and `cidrs` are string sets (an empty one is left out); `secrets` a list
of maps, newest first. The index `by_organizer` (organizer, created_at) serves the lists: an index
rather than an item per organizer, for a key is then written once, in one conditional write, and no
organizer has too many for an item. The index lags by a moment; nothing is decided by it.
"""

from collections.abc import Collection
from secrets import token_hex
from typing import Any, cast

from onlineticket.domain import verifier, verifier_key
from onlineticket.domain.keyring import KeyRing
from onlineticket.domain.verifier import ANY, Verifier
from onlineticket.domain.verifier_key import KeptSecret, Tier, VerifierKey
from onlineticket.dynamo import outages

INDEX = "by_organizer"

_SETS = ("events", "gates", "scopes", "cidrs")
_TIMES = ("rotated_at", "revoked_at")

After = tuple[int, int]
"""(created_at, verifier id as a number) of the last key of the page before."""


def after(key: VerifierKey) -> After:
    return key.created_at, int(key.verifier.verifier_id, 16)


def put(client: Any, table: str, key: VerifierKey) -> None:
    """Keep a new key.

    Raises:
        Unavailable: `DYNAMODB_UNAVAILABLE`.
    """
    with outages.typed():
        _put(client, table, key, "attribute_not_exists(pk)", {})


def find(client: Any, table: str, verifier_id: str) -> VerifierKey | None:
    """The key, revoked and expired ones too.

    Raises:
        Unavailable: `DYNAMODB_UNAVAILABLE`.
    """
    with outages.typed():
        # Consistent: a key just made works, and one just revoked does not.
        found = client.get_item(
            TableName=table, Key={"pk": {"S": verifier_id}}, ConsistentRead=True
        )
    return _read(found["Item"]) if "Item" in found else None


def page(
    client: Any, table: str, organizer: str, after: After | None, limit: int
) -> list[VerifierKey]:
    """One page of an organizer's keys, the newest first.

    Raises:
        Unavailable: `DYNAMODB_UNAVAILABLE`.
    """
    start = {}
    if after:
        created_at, number = after
        start["ExclusiveStartKey"] = {
            "pk": {"S": f"{number:016x}"},
            "organizer": {"S": organizer},
            "created_at": {"N": str(created_at)},
        }
    with outages.typed():
        found = client.query(
            TableName=table,
            IndexName=INDEX,
            KeyConditionExpression="organizer = :organizer",
            ExpressionAttributeValues={":organizer": {"S": organizer}},
            ScanIndexForward=False,
            Limit=limit,
            **start,
        )
    return [_read(item) for item in found["Items"]]


def survey(client: Any, table: str, organizer: str, now: int) -> tuple[int, list[str]]:
    """How many of an organizer's keys work, and the ids of those that do not and have not been
    cleared up at the gateway.

    Raises:
        Unavailable: `DYNAMODB_UNAVAILABLE`.
    """
    active, left = 0, []
    start: dict[str, Any] = {}
    while True:
        with outages.typed():
            found = client.query(
                TableName=table,
                IndexName=INDEX,
                ProjectionExpression="pk, expires_at, revoked_at, counted",
                KeyConditionExpression="organizer = :organizer",
                ExpressionAttributeValues={":organizer": {"S": organizer}},
                **start,
            )
        for item in found["Items"]:
            if "revoked_at" not in item and now < int(item["expires_at"]["N"]):
                active += 1
            elif item["counted"]["BOOL"]:
                left.append(item["pk"]["S"])
        if "LastEvaluatedKey" not in found:
            return active, left
        start = {"ExclusiveStartKey": found["LastEvaluatedKey"]}


def uncount(client: Any, table: str, verifier_id: str) -> None:
    """Note that the gateway has no API key for this verifier any more, which is over.

    Raises:
        Unavailable: `DYNAMODB_UNAVAILABLE`.
    """
    with outages.typed():
        client.update_item(
            TableName=table,
            Key={"pk": {"S": verifier_id}},
            UpdateExpression="SET counted = :no",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues={":no": {"BOOL": False}},
        )


def replace(client: Any, table: str, key: VerifierKey) -> bool:
    """Put the changed key in the place of the version before it; False if that is no longer there:
    somebody else changed or revoked it meanwhile.

    Raises:
        Unavailable: `DYNAMODB_UNAVAILABLE`.
    """
    try:
        with outages.typed():
            _put(
                client,
                table,
                key,
                "version = :before",
                {":before": {"N": str(key.version - 1)}},
            )
    except client.exceptions.ConditionalCheckFailedException:
        return False
    return True


def revoke(client: Any, table: str, verifier_id: str, now: int) -> VerifierKey | None:
    """Revoke the key, whatever its version; the first of several times counts. None: no such key.

    Raises:
        Unavailable: `DYNAMODB_UNAVAILABLE`.
    """
    try:
        with outages.typed():
            done = client.update_item(
                TableName=table,
                Key={"pk": {"S": verifier_id}},
                UpdateExpression=(
                    "SET revoked_at = if_not_exists(revoked_at, :now), version = version + :one"
                ),
                ConditionExpression="attribute_exists(pk)",
                ExpressionAttributeValues={":now": {"N": str(now)}, ":one": {"N": "1"}},
                ReturnValues="ALL_NEW",
            )
    except client.exceptions.ConditionalCheckFailedException:
        return None
    return _read(done["Attributes"])


def create(
    client: Any,
    table: str,
    peppers: KeyRing,
    *,
    name: str,
    events: Collection[str],
    gates: Collection[str],
    scopes: Collection[str],
    now: int,
    expires_at: int,
    cidrs: Collection[str] = (),
) -> str:
    """Make a key by hand, past the API and its rules: for whichever suite is current, and without a
    usage plan, so that only a gateway that asks for none takes it. Returns its text.

    Raises:
        Unavailable: `DYNAMODB_UNAVAILABLE`.
        Invalid: `VERIFIER_MALFORMED`, `details.field` saying which.
    """
    verifier_id, secret = verifier_key.new_id(), verifier_key.new_secret()
    terminal = verifier.well_formed(
        Verifier(
            verifier_id, name, frozenset(events), frozenset(gates), frozenset(scopes),
            frozenset(cidrs),
        )
    )  # fmt: skip
    key = VerifierKey(
        verifier=terminal,
        secrets=(verifier_key.kept(secret, peppers),),
        organizer=ANY,
        suite=None,
        tier="standard",
        created_at=now,
        created_by=ANY,
        expires_at=expires_at,
        counted=False,
    )
    put(client, table, key)
    return verifier_key.key_text(verifier_id, secret)


def _put(client: Any, table: str, key: VerifierKey, condition: str, values: dict[str, Any]) -> None:
    """Under the condition, or if this very write has been made: the client repeats one whose answer
    was lost, and must not take itself for somebody else. Never over a revocation, which may have
    come between the two.
    """
    written = {"S": token_hex(8)}
    client.put_item(
        TableName=table,
        Item=_item(key) | {"write_id": written},
        ConditionExpression=(
            f"attribute_not_exists(revoked_at) AND ({condition} OR write_id = :written)"
        ),
        ExpressionAttributeValues=values | {":written": written},
    )


def _item(key: VerifierKey) -> dict[str, Any]:
    terminal = key.verifier
    sets = {name: sorted(getattr(terminal, name)) for name in _SETS}
    times = {name: getattr(key, name) for name in _TIMES}
    return {
        "pk": {"S": terminal.verifier_id},
        "name": {"S": terminal.name},
        **{name: {"SS": values} for name, values in sets.items() if values},
        "secrets": {"L": [_secret_item(each) for each in key.secrets]},
        "organizer": {"S": key.organizer},
        **({"suite": {"S": key.suite}} if key.suite else {}),
        "tier": {"S": key.tier},
        "created_at": {"N": str(key.created_at)},
        "created_by": {"S": key.created_by},
        "expires_at": {"N": str(key.expires_at)},
        **{name: {"N": str(time)} for name, time in times.items() if time is not None},
        "version": {"N": str(key.version)},
        "counted": {"BOOL": key.counted},
    }


def _secret_item(secret: KeptSecret) -> dict[str, Any]:
    until = {} if secret.until is None else {"until": {"N": str(secret.until)}}
    return {"M": {"pepper_id": {"S": secret.pepper_id}, "hash": {"S": secret.hash}, **until}}


def _read(item: dict[str, Any]) -> VerifierKey:
    def names(field: str) -> frozenset[str]:
        return frozenset(item.get(field, {"SS": []})["SS"])

    def time(values: dict[str, Any], field: str) -> int | None:
        return int(values[field]["N"]) if field in values else None

    return VerifierKey(
        verifier=Verifier(item["pk"]["S"], item["name"]["S"], *map(names, _SETS)),
        secrets=tuple(
            KeptSecret(one["M"]["pepper_id"]["S"], one["M"]["hash"]["S"], time(one["M"], "until"))
            for one in item["secrets"]["L"]
        ),
        organizer=item["organizer"]["S"],
        suite=item["suite"]["S"] if "suite" in item else None,
        tier=cast(Tier, item["tier"]["S"]),
        created_at=int(item["created_at"]["N"]),
        created_by=item["created_by"]["S"],
        expires_at=int(item["expires_at"]["N"]),
        rotated_at=time(item, "rotated_at"),
        revoked_at=time(item, "revoked_at"),
        version=int(item["version"]["N"]),
        counted=item["counted"]["BOOL"],
    )
