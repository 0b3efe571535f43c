"""Runs `functions/migrate` at deploy, before whatever depends on this construct."""

from hashlib import sha256

from aws_cdk import CustomResource
from aws_cdk import custom_resources as custom
from constructs import Construct

from infra.constructs.layers import ROOT
from infra.constructs.ticket_function import TicketFunction

MIGRATIONS = ROOT / "layers/shared/python/onlineticket/store/migrations"


class Migrations(Construct):
    """Again when a migration or the contracts file changes: those are its properties.

    A failed migration fails the deploy, and with it every function that waits for the tables.
    """

    def __init__(
        self, scope: Construct, id_: str, *, migrate: TicketFunction, contracts: str
    ) -> None:
        super().__init__(scope, id_)
        provider = custom.Provider(self, "Provider", on_event_handler=migrate.function)
        CustomResource(
            self,
            "Schema",
            service_token=provider.service_token,
            properties={"migrations": _hash(), "contracts": contracts},
        )


def _hash() -> str:
    files = sorted(MIGRATIONS.glob("*.sql"))
    named = [file.name.encode() + b"\0" + file.read_bytes() for file in files]
    return sha256(b"\0".join(named)).hexdigest()
