"""The four stages, and everything in which they differ. No other module asks for a stage's name."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One deployment. The defaults are those of a stage in the cloud."""

    name: str
    in_cloud: bool = True
    """VPC, Aurora and arm64; else the local cloud, which has none of them."""

    siwe_domain: str
    siwe_uri: str
    cors_origins: tuple[str, ...]
    log_level: str = "INFO"
    source_address_header: str = ""
    """The header with the viewer's address, where CloudFront is the only way to the gateway; where
    this is empty, the gateway's own word on who calls counts."""

    lag_threshold_blocks: int = 10
    """GET /health answers 503 when the indexer is further behind the head than this."""
    admit_when_database_is_down: bool = True
    """A genuine code issued within the last minute opens the door without the ticket's row."""

    consume_on_chain: bool = False
    """Tickets that were checked in are used on chain too, by a KMS key that the organizer of the
    contracts has authorized as a verifier (output ConsumeKeyId)."""
    consume_max_fee_gwei: int = 200
    """No such transaction pays more a gas."""

    keeps_data: bool = False
    """Databases, tables and secrets survive the deletion of their stack."""
    database_max_capacity: float = 4
    """Aurora capacity units; the floor is half a unit."""
    verify_provisioned_concurrency: int = 0
    requests_per_second: int = 100
    """The gateway's throttle over all routes; the burst is twice as much."""

    @property
    def contracts_parameter(self) -> str:
        """SSM parameter that holds the contracts file; an operator writes it before a deploy."""
        return f"/onlineticket/{self.name}/contracts"

    @property
    def usage_plans_parameter(self) -> str:
        """SSM parameter that a deploy writes: the id of each tier's usage plan."""
        return f"/onlineticket/{self.name}/usage-plans"

    @property
    def rpc_secret_name(self) -> str:
        """Secret `{"url": …}` of the EVM node; an operator writes it before a deploy."""
        return f"/onlineticket/{self.name}/rpc"


STAGES: Mapping[str, Stage] = {
    stage.name: stage
    for stage in (
        Stage(
            name="local",
            in_cloud=False,
            siwe_domain="localhost",
            siwe_uri="http://localhost",
            cors_origins=("*",),
            source_address_header="CloudFront-Viewer-Address",  # callers all come from one machine
            lag_threshold_blocks=1_000,  # a season or an existing chain is still caught up with
            requests_per_second=1_000,
        ),
        Stage(
            name="dev",
            siwe_domain="dev.onlineticket.example",
            siwe_uri="https://dev.onlineticket.example",
            cors_origins=("https://dev.onlineticket.example", "http://localhost:3000"),
            log_level="DEBUG",
        ),
        Stage(
            name="staging",
            siwe_domain="staging.onlineticket.example",
            siwe_uri="https://staging.onlineticket.example",
            cors_origins=("https://staging.onlineticket.example",),
            keeps_data=True,
        ),
        Stage(
            name="prod",
            siwe_domain="onlineticket.example",
            siwe_uri="https://onlineticket.example",
            cors_origins=("https://onlineticket.example",),
            keeps_data=True,
            database_max_capacity=32,
            verify_provisioned_concurrency=5,
            requests_per_second=2_000,
        ),
    )
}


@dataclass(frozen=True, slots=True)
class LocalServices:
    """What stage local does not deploy but finds running: Postgres, an EVM node, its contracts."""

    db_url: str
    rpc_url: str
    contracts: str
    """The text of the contracts file."""

    @classmethod
    def from_environment(cls) -> "LocalServices":
        """Read LOCAL_DB_URL, LOCAL_RPC_URL and the file CONTRACTS_FILE names.

        One that is unset becomes a sentence which says so: such a template can be read and tested,
        and a deploy of it fails at the migration with that sentence.
        """
        contracts_file = os.environ.get("CONTRACTS_FILE")
        return cls(
            db_url=os.environ.get("LOCAL_DB_URL") or _absent("LOCAL_DB_URL"),
            rpc_url=os.environ.get("LOCAL_RPC_URL") or _absent("LOCAL_RPC_URL"),
            contracts=Path(contracts_file).read_text()
            if contracts_file
            else _absent("CONTRACTS_FILE"),
        )


def _absent(name: str) -> str:
    return f"{name} was not set when this template was synthesised"
