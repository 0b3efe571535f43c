"""From nothing to a deployed local stack: a database, a chain, an AWS, and the app on it."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from infra.local import chain, cloud, ports, postgres
from infra.local.errors import LocalCloudError
from infra.local.progress import Progress
from infra.local.run import ROOT, Run
from onlineticket.domain import suite
from onlineticket.domain.errors import Invalid


@dataclass(frozen=True, slots=True)
class Stack:
    """What runs, and where. `api_url` ends in `/v1`; `contracts` is the contracts file's text."""

    db_url: str
    rpc_url: str
    contracts: str
    aws_url: str
    api_url: str
    indexer: str
    """The indexer function's name."""
    verifier_keys_table: str
    pepper_secret: str
    """ARN of the secret that verifiers' keys are hashed with."""
    jwt_secret: str
    rotate: str
    """The name of the function that rotates the signing keys."""


@dataclass(frozen=True, slots=True)
class ExistingChain:
    """A chain and a suite on it that others run: `make up RPC_HTTP_URL=… CONTRACTS_FILE=…`."""

    rpc_url: str
    contracts: str

    @classmethod
    def from_environment(cls) -> "ExistingChain | None":
        """None if neither variable is set.

        Raises:
            LocalCloudError: only one is set, or they do not fit each other.
        """
        rpc_url, name = os.environ.get("RPC_HTTP_URL", ""), os.environ.get("CONTRACTS_FILE", "")
        if not rpc_url and not name:
            return None
        if not rpc_url or not name:
            raise LocalCloudError(
                "RPC_HTTP_URL and CONTRACTS_FILE go together: a chain, and the contracts on it."
            )
        path = Path(name) if Path(name).is_absolute() else ROOT / name
        try:
            return cls(rpc_url, path.read_text())
        except OSError as error:
            raise LocalCloudError(
                f"CONTRACTS_FILE={name} can't be read: {error.strerror}."
            ) from error

    def check(self) -> None:
        """Hold the contracts file against the chain.

        Raises:
            LocalCloudError: another chain id, or an address without code.
        """
        try:
            wanted = suite.parse(self.contracts)
        except Invalid as error:
            raise LocalCloudError(str(error)) from error
        chain_id = int(chain.call(self.rpc_url, "eth_chainId"), 16)
        if chain_id != wanted.chain_id:
            raise LocalCloudError(
                f"The contracts file is for chain {wanted.chain_id}, "
                f"and {self.rpc_url} is chain {chain_id}."
            )
        for one in wanted.deployments():
            if chain.call(self.rpc_url, "eth_getCode", one.address, "latest") == "0x":
                raise LocalCloudError(
                    f"There is no contract at {one.address} ({one.name}) on this chain."
                )


def bring_up(
    run: Run,
    progress: Progress,
    existing: ExistingChain | None = None,
    on_chain: Callable[[str, str], None] = lambda rpc_url, contracts: None,
    chain_age_seconds: int = 0,
) -> Stack:
    """Start everything and deploy. `on_chain(rpc_url, contracts)` runs beside the synthesis; our
    own chain's clock begins `chain_age_seconds` ago.

    Raises:
        LocalCloudError: a step failed; what was started so far goes on until `run.stop()`.
    """
    run.begin()
    for variable in ports.VARIABLES:
        ports.pick(variable)  # before the slow steps: a taken one ends it all
    with ThreadPoolExecutor() as pool:
        database = pool.submit(_start_database, run, progress)
        aws = pool.submit(_start_aws, run, progress)
        rpc_url, contracts = _chain(run, progress, existing, chain_age_seconds)
        played = pool.submit(on_chain, rpc_url, contracts)
        contracts_file = run.folder / "contracts.json"
        contracts_file.write_text(contracts)
        with progress.step("CDK app of stage local synthesised"):
            assembly = cloud.synthesise(run, database.result(), rpc_url, contracts_file)
        endpoint = aws.result()
        played.result()  # before the indexer's schedule exists: it shall find a chain at rest
        with progress.step("CDK app deployed") as step:
            outputs = cloud.deploy(run, endpoint, assembly)
            cloud.expire_items(endpoint)
            stack = Stack(
                db_url=database.result(),
                rpc_url=rpc_url,
                contracts=contracts,
                aws_url=endpoint,
                api_url=cloud.api_url(endpoint, outputs),
                indexer=outputs["IndexerFunction"],
                verifier_keys_table=outputs["VerifierKeysTable"],
                pepper_secret=outputs["PepperSecretArn"],
                jwt_secret=outputs["JwtSecretArn"],
                rotate=outputs["RotateFunction"],
            )
            step.say(stack.api_url)
    # At once rather than at the next full minute, when the schedule takes over.
    cloud.client("lambda", endpoint).invoke(FunctionName=stack.indexer, InvocationType="Event")
    run.note(
        api_url=stack.api_url,
        rpc_url=rpc_url,
        db_url=stack.db_url,
        aws_url=endpoint,
        contracts_file=str(contracts_file),
    )
    return stack


def _start_database(run: Run, progress: Progress) -> str:
    with progress.step("Postgres started") as step:
        url = postgres.start(run)
        step.say(url)
    return url


def _start_aws(run: Run, progress: Progress) -> str:
    with progress.step("Local AWS started") as step:
        endpoint = cloud.start(run)
        step.say(endpoint)
    with progress.step("CDK bootstrapped"):
        cloud.bootstrap(run, endpoint)
    return endpoint


def _chain(
    run: Run, progress: Progress, existing: ExistingChain | None, age_seconds: int
) -> tuple[str, str]:
    """(the node's URL, the contracts file's text)"""
    if existing is not None:
        with progress.step("Contracts found on the chain") as step:
            existing.check()
            step.say(existing.rpc_url)
        return existing.rpc_url, existing.contracts
    with progress.step("EVM node started") as step:
        rpc_url = chain.start(run, "--timestamp", str(int(time.time()) - age_seconds))
        step.say(rpc_url)
    with progress.step("Contracts compiled and deployed"):
        from infra.local import contracts as deployment

        return rpc_url, deployment.deploy(rpc_url)
