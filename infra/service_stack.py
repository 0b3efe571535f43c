"""What may be replaced at any time: layers, functions, the API, schedules, and their grants."""

from collections.abc import Mapping
from typing import Any

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infra.constructs import consuming, indexer
from infra.constructs.database import MIGRATOR, READER, WRITER
from infra.constructs.docs_code import docs_code
from infra.constructs.layers import Layers
from infra.constructs.migrations import Migrations
from infra.constructs.rest_api import RestApi
from infra.constructs.settle import SettleStream
from infra.constructs.ticket_function import TicketFunction
from infra.constructs.usage_plans import UsagePlans
from infra.data_stack import DataStack
from infra.stages import LocalServices, Stage

KEY_LIFE = Duration.days(30)
"""A key signs for this long, and is accepted for as long again: more than any refresh token lives
unused, so that a stolen one is known as ours however late it comes.
"""


class ServiceStack(Stack):
    """Each function below says what it may touch; nothing else is granted."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        stage: Stage,
        data: DataStack,
        local: LocalServices,
    ) -> None:
        super().__init__(scope, id_)
        self._stage, self._data, self._local = stage, data, local
        self._layers = Layers(self, "Layers", in_cloud=stage.in_cloud)
        self._contracts = (
            ssm.StringParameter.value_for_string_parameter(self, stage.contracts_parameter)
            if stage.in_cloud
            else local.contracts
        )
        self._rpc_secret = (
            secretsmanager.Secret.from_secret_name_v2(self, "Rpc", stage.rpc_secret_name)
            if stage.in_cloud
            else None
        )
        self._migrations: Migrations | None = None
        self.migrate = self._function(
            "migrate", database=MIGRATOR, past_proxy=True, timeout_seconds=300
        )
        self._migrations = Migrations(
            self, "Migrations", migrate=self.migrate, contracts=self._contracts
        )
        self._http_functions()
        self._chain_functions()
        self._rotations()
        self._outputs()

    def _http_functions(self) -> None:
        stage, data = self._stage, self._data
        self.queries = self._function(
            "queries",
            database=READER,
            rpc=True,  # GET /health asks the node, and the table
            tables={"REDEMPTIONS_TABLE": data.redemptions, "CACHE_TABLE": data.cache},
            environment={"LAG_THRESHOLD_BLOCKS": str(stage.lag_threshold_blocks)},
        )
        data.redemptions.grant(self.queries.function, "dynamodb:GetItem")
        data.cache.grant(self.queries.function, "dynamodb:GetItem", "dynamodb:PutItem")

        self.auth = self._function(
            "auth",
            database=WRITER,
            secrets={"JWT_SECRET_ARN": data.jwt_secret},
            rpc=True,  # contract wallets are asked for their signatures
            tables={"SESSIONS_TABLE": data.sessions, "RATE_LIMITS_TABLE": data.rate_limits},
            environment={"SIWE_DOMAIN": stage.siwe_domain, "SIWE_URI": stage.siwe_uri},
            chain=True,
            snap_start=stage.in_cloud,
        )
        data.sessions.grant(
            self.auth.function,
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
            "dynamodb:GetItem",
            "dynamodb:BatchGetItem",
            "dynamodb:Query",
        )
        data.rate_limits.grant(self.auth.function, "dynamodb:GetItem", "dynamodb:UpdateItem")

        self.users = self._function(
            "users",
            database=WRITER,
            rpc=True,  # roles are the chain's, too
            secrets={"JWT_SECRET_ARN": data.jwt_secret},
            tables={"CACHE_TABLE": data.cache},
        )
        self._let_cache(self.users)

        self.organizer = self._function(
            "organizer",
            database=WRITER,  # the audit log
            rpc=True,
            secrets={
                "JWT_SECRET_ARN": data.jwt_secret,
                "PEPPER_SECRET_ARN": data.pepper_secret,
            },
            tables={"VERIFIER_KEYS_TABLE": data.verifier_keys, "CACHE_TABLE": data.cache},
            environment={
                "USAGE_PLANS_PARAMETER": stage.usage_plans_parameter,
                "GATEWAY_COUNTS_BY_HEADER": str(not stage.in_cloud).lower(),
            },
        )
        self._let_cache(self.organizer)
        data.verifier_keys.grant(
            self.organizer.function,
            "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query",
        )  # fmt: skip

        self.reports = self._function(
            "reports",
            database=READER,
            rpc=True,  # whether a caller owns the contracts, and so is an admin
            secrets={"JWT_SECRET_ARN": data.jwt_secret},
            tables={"CACHE_TABLE": data.cache},
        )
        self._let_cache(self.reports)

        self.tickets = self._function(
            "tickets",
            database=WRITER,  # of the audit log
            secrets={"JWT_SECRET_ARN": data.jwt_secret, "QR_SECRET_ARN": data.qr_secret},
        )

        door = str(stage.admit_when_database_is_down).lower()
        self.verify = self._function(
            "verify",
            database=READER,
            secrets={"QR_SECRET_ARN": data.qr_secret},
            tables={"REDEMPTIONS_TABLE": data.redemptions},
            environment={"ADMIT_WHEN_DATABASE_IS_DOWN": door},
            timeout_seconds=25,  # a hundred offline scans, within the gateway's 29 s
            provisioned_concurrency=stage.verify_provisioned_concurrency,
        )
        data.redemptions.grant(
            self.verify.function, "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"
        )

        self.verifier_auth = self._function(
            "verifier_auth",
            secrets={"PEPPER_SECRET_ARN": data.pepper_secret},
            tables={"VERIFIER_KEYS_TABLE": data.verifier_keys},
        )
        data.verifier_keys.grant(self.verifier_auth.function, "dynamodb:GetItem")

        self.swap = self._function(
            "swap",
            database=READER,
            rpc=True,  # for what the index can't tell, or while it lags
            tables={"CACHE_TABLE": data.cache},
        )
        data.cache.grant(self.swap.function, "dynamodb:GetItem", "dynamodb:PutItem")

        self.docs = self._function("docs", code=docs_code(), memory_mb=512)

        self.rest_api = RestApi(
            self,
            "RestApi",
            stage=stage,
            functions={
                "queries": self.queries,
                "auth": self.auth,
                "users": self.users,
                "organizer": self.organizer,
                "reports": self.reports,
                "tickets": self.tickets,
                "verify": self.verify,
                "swap": self.swap,
                "docs": self.docs,
            },
            authorizer=self.verifier_auth,
        )
        self.usage_plans = UsagePlans(
            self,
            "UsagePlans",
            api=self.rest_api.api,
            parameter_name=stage.usage_plans_parameter,
        )
        assert self.organizer.function.role is not None  # the construct has made one
        self.usage_plans.let_manage_keys(self.organizer.function.role)

    def _rotations(self) -> None:
        """Of the keys that two readings a minute apart can follow; verifiers' keys are hashed with
        the peppers, which therefore change only when their keys do.
        """
        data = self._data
        self.rotate = self._function("rotate")
        for name, secret in (("Jwt", data.jwt_secret), ("Qr", data.qr_secret)):
            if self._stage.in_cloud:  # the emulator has no schedule of rotations
                secretsmanager.RotationSchedule(
                    self,
                    f"{name}Rotation",
                    secret=secret,
                    rotation_lambda=self.rotate.function,
                    automatically_after=KEY_LIFE,
                    rotate_immediately_on_update=False,
                )
            else:
                secret.grant_read(self.rotate.function)
                secret.grant_write(self.rotate.function)

    def _chain_functions(self) -> None:
        self.indexer = self._function(
            "indexer",
            database=WRITER,
            past_proxy=True,
            rpc=True,
            timeout_seconds=indexer.TIMEOUT_SECONDS,
            reserved_concurrency=indexer.CONCURRENCY,
        )
        indexer.EveryMinute(self, "IndexerSchedule", function=self.indexer)

        self.worker = self._function(
            "worker",
            database=WRITER,
            past_proxy=True,
            rpc=True,
            tables={"REDEMPTIONS_TABLE": self._data.redemptions},
            timeout_seconds=indexer.WORKER_TIMEOUT_SECONDS,
            reserved_concurrency=1,
        )
        self._data.redemptions.grant(self.worker.function, "dynamodb:Scan")
        indexer.EveryFiveMinutes(self, "WorkerSchedule", function=self.worker)

        self.settle = self._function("settle", database=WRITER, rpc=True, timeout_seconds=60)
        self.settle_stream = SettleStream(
            self, "SettleStream", settle=self.settle, redemptions=self._data.redemptions
        )

        self.consume = self._function(
            "consume",
            database=WRITER,
            past_proxy=True,
            rpc=True,
            chain=True,
            environment={"CONSUME_MAX_FEE_GWEI": str(self._stage.consume_max_fee_gwei)},
            timeout_seconds=consuming.TIMEOUT_SECONDS,
            reserved_concurrency=1,
        )
        consuming.Consuming(
            self, "Consuming", function=self.consume, enabled=self._stage.consume_on_chain
        )

    def _function(
        self,
        name: str,
        *,
        database: str | None = None,
        past_proxy: bool = False,
        rpc: bool = False,
        secrets: Mapping[str, secretsmanager.ISecret] | None = None,
        tables: Mapping[str, dynamodb.ITable] | None = None,
        environment: Mapping[str, str] | None = None,
        **options: Any,
    ) -> TicketFunction:
        """`database` is the user to sign in as; a function with one waits for the migrations.

        Secrets (by the variable that names them) are granted here; tables are only named here.
        """
        cloud = self._data.database if database else None
        function = TicketFunction(
            self,
            name,
            layers=self._layers,
            environment={
                "STAGE": self._stage.name,
                "LOG_LEVEL": self._stage.log_level,
                "CONTRACTS": self._contracts,
                "CORS_ORIGINS": ",".join(self._stage.cors_origins),
                "SOURCE_ADDRESS_HEADER": self._stage.source_address_header,
                **{variable: table.table_name for variable, table in (tables or {}).items()},
                **(environment or {}),
            },
            **(cloud.network if cloud else {}),
            **options,
        )
        for variable, secret in (secrets or {}).items():
            self._let_read(function, variable, secret)
        if rpc:
            self._let_call_the_node(function)
        if database and cloud:
            for variable, value in cloud.environment(database, past_proxy=past_proxy).items():
                function.function.add_environment(variable, value)
            cloud.grant_connect(function.function, database, past_proxy=past_proxy)
        elif database:
            function.function.add_environment("DB_URL", self._local.db_url)
        if database and self._migrations:
            function.node.add_dependency(self._migrations)
        return function

    def _let_read(
        self, function: TicketFunction, variable: str, secret: secretsmanager.ISecret
    ) -> None:
        function.function.add_environment(variable, secret.secret_arn)
        secret.grant_read(function.function)

    def _let_cache(self, function: TicketFunction) -> None:
        self._data.cache.grant(
            function.function, "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"
        )

    def _let_call_the_node(self, function: TicketFunction) -> None:
        if self._rpc_secret:
            self._let_read(function, "RPC_SECRET_ARN", self._rpc_secret)
        else:
            function.function.add_environment("RPC_URL", self._local.rpc_url)

    def _outputs(self) -> None:
        """What a person, the local cloud and the end-to-end tests need to find."""
        data, api = self._data, self.rest_api.api
        outputs = {
            "ApiUrl": api.url,
            "ApiId": api.rest_api_id,
            "ApiStage": api.deployment_stage.stage_name,
            "RedemptionsTable": data.redemptions.table_name,
            "SessionsTable": data.sessions.table_name,
            "RateLimitsTable": data.rate_limits.table_name,
            "VerifierKeysTable": data.verifier_keys.table_name,
            "JwtSecretArn": data.jwt_secret.secret_arn,
            "QrSecretArn": data.qr_secret.secret_arn,
            "PepperSecretArn": data.pepper_secret.secret_arn,
            "SettleDeadLettersUrl": self.settle_stream.dead_letters.queue_url,
        }
        functions = {
            "Queries": self.queries,
            "Auth": self.auth,
            "Users": self.users,
            "Organizer": self.organizer,
            "Reports": self.reports,
            "Tickets": self.tickets,
            "Verify": self.verify,
            "VerifierAuth": self.verifier_auth,
            "Indexer": self.indexer,
            "Worker": self.worker,
            "Settle": self.settle,
            "Swap": self.swap,
            "Docs": self.docs,
            "Consume": self.consume,
            "Rotate": self.rotate,
            "Migrate": self.migrate,
        }
        outputs |= {f"{n}Function": f.function.function_name for n, f in functions.items()}
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)
