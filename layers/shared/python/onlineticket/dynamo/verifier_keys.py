"""Terminals' keys (table `verifier_keys`): pk is the verifier's id; the secret is only hashed.

`events`, `gates` and `scopes` are string sets; the single member `*` means all.
"""

from collections.abc import Collection
from typing import Any

from onlineticket.domain import verifier
from onlineticket.domain.keyring import KeyRing
from onlineticket.domain.verifier import Verifier, VerifierKey
from onlineticket.dynamo import outages


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
) -> str:
    """Make a key and keep its hash; returns its text, which can't be had again.

    Raises:
        Unavailable: `DYNAMODB_UNAVAILABLE`.
        Invalid: `VERIFIER_MALFORMED`, `details.field` saying which.
    """
    verifier_id, secret = verifier.new_key()
    terminal = Verifier(
        verifier_id, name, frozenset(events), frozenset(gates), frozenset(scopes)
    )  # fmt: skip
    verifier.check_well_formed(terminal)
    with outages.typed():
        client.put_item(
            TableName=table,
            Item={
                "pk": {"S": verifier_id},
                "name": {"S": name},
                "events": {"SS": sorted(terminal.events)},
                "gates": {"SS": sorted(terminal.gates)},
                "scopes": {"SS": sorted(terminal.scopes)},
                "pepper_id": {"S": peppers.current_id},
                "secret_hash": {"S": verifier.hashed(secret, peppers.current)},
                "created_at": {"N": str(now)},
                "expires_at": {"N": str(expires_at)},
                "revoked": {"BOOL": False},
            },
            ConditionExpression="attribute_not_exists(pk)",
        )
    return verifier.key_text(verifier_id, secret)


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


def _read(item: dict[str, Any]) -> VerifierKey:
    return VerifierKey(
        verifier=Verifier(
            item["pk"]["S"],
            item["name"]["S"],
            frozenset(item["events"]["SS"]),
            frozenset(item["gates"]["SS"]),
            frozenset(item["scopes"]["SS"]),
        ),
        pepper_id=item["pepper_id"]["S"],
        secret_hash=item["secret_hash"]["S"],
        created_at=int(item["created_at"]["N"]),
        expires_at=int(item["expires_at"]["N"]),
        revoked=item["revoked"]["BOOL"],
    )
