"""One Lambda as all of ours are: its code, layers, log group, and the alias that is called."""

from collections.abc import Mapping
from typing import Any

from aws_cdk import Annotations, Duration, RemovalPolicy
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs.layers import NOT_CODE, ROOT, RUNTIME, Layers


class TicketFunction(Construct):
    """The function in `functions/<name>/handler.py`.

    `chain` adds web3 and siwe, which cost a second of cold start; `snap_start` takes that second at
    deploy instead. Grants are the caller's, beside what they open.

    1,769 MB is one whole core: a handler spends its time in Python, so less memory is not cheaper,
    only slower.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        layers: Layers,
        environment: Mapping[str, str],
        chain: bool = False,
        timeout_seconds: int = 10,
        memory_mb: int = 1769,
        reserved_concurrency: int | None = None,
        snap_start: bool = False,
        provisioned_concurrency: int = 0,
        code: lambda_.Code | None = None,
        **network: Any,
    ) -> None:
        """`code`: where it is more than that folder. `network`: the VPC, subnets and security
        groups, as `lambda_.Function` takes them.
        """
        super().__init__(scope, "".join(part.capitalize() for part in name.split("_")))
        light = [layers.shared, layers.deps]
        self.function = lambda_.Function(
            self,
            "Function",
            runtime=RUNTIME,
            architecture=layers.architecture,
            code=code or lambda_.Code.from_asset(str(ROOT / "functions" / name), exclude=NOT_CODE),
            handler="handler.lambda_handler",
            layers=[*light, layers.chain] if chain else light,
            environment={"POWERTOOLS_SERVICE_NAME": name, **environment},
            timeout=Duration.seconds(timeout_seconds),
            memory_size=memory_mb,
            reserved_concurrent_executions=reserved_concurrency,
            snap_start=lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS if snap_start else None,
            log_group=logs.LogGroup(
                self,
                "Logs",
                retention=logs.RetentionDays.ONE_MONTH,
                removal_policy=RemovalPolicy.DESTROY,
            ),
            **network,
        )
        if snap_start:
            Annotations.of(self.function).acknowledge_warning(
                "@aws-cdk/aws-lambda:snapStartRequirePublish", "the alias below publishes"
            )
        self.target: lambda_.IFunction = self.function
        """What callers invoke. Snapshots and warm instances belong to a version, so to an alias."""
        if snap_start or provisioned_concurrency:
            self.target = lambda_.Alias(
                self,
                "Live",
                alias_name="live",
                version=self.function.current_version,
                provisioned_concurrent_executions=provisioned_concurrency or None,
            )
