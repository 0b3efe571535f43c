"""Aurora Postgres for a stage in the cloud, with the network around it, and its users."""

from typing import Any

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_rds as rds
from aws_cdk import custom_resources as custom
from constructs import Construct

from infra.stages import Stage

PORT = 5432
NAME = "onlineticket"
MIGRATOR, WRITER, READER = "migrator", "writer", "reader"
"""Who may do what: change the schema; write rows; read them. Each signs in by IAM only."""

CREATE_USERS = f"""
DO $$
DECLARE one text;
BEGIN
    FOREACH one IN ARRAY ARRAY['{MIGRATOR}', '{WRITER}', '{READER}'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = one) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', one);
        END IF;
        EXECUTE format('GRANT rds_iam TO %I', one);
    END LOOP;
    GRANT {MIGRATOR} TO CURRENT_USER;
    GRANT CREATE ON DATABASE {NAME} TO {MIGRATOR};
    GRANT CREATE, USAGE ON SCHEMA public TO {MIGRATOR};
    ALTER DEFAULT PRIVILEGES FOR ROLE {MIGRATOR} IN SCHEMA public
        GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {WRITER};
    ALTER DEFAULT PRIVILEGES FOR ROLE {MIGRATOR} IN SCHEMA public
        GRANT USAGE ON SEQUENCES TO {WRITER};
    ALTER DEFAULT PRIVILEGES FOR ROLE {MIGRATOR} IN SCHEMA public
        GRANT SELECT ON TABLES TO {READER};
END $$
"""
"""Safe to run again; before the first migration, since default privileges mark only new tables."""


class Database(Construct):
    """Two zones; the functions reach AWS and the EVM node by NAT, DynamoDB and S3 by endpoints.

    Nobody has a password: the proxy and the cluster both take IAM tokens, and the generated master
    secret is used once, by RDS's Data API, to make the three users.
    """

    def __init__(self, scope: Construct, id_: str, *, stage: Stage) -> None:
        super().__init__(scope, id_)
        self._vpc = ec2.Vpc(
            self,
            "Vpc",
            max_azs=2,
            # One gateway where an hour without the RPC is bearable; one for each zone where not.
            nat_gateways=2 if stage.keeps_data else 1,
            gateway_endpoints={
                "DynamoDb": ec2.GatewayVpcEndpointOptions(
                    service=ec2.GatewayVpcEndpointAwsService.DYNAMODB
                ),
                "S3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3),
            },
        )
        self._clients = ec2.SecurityGroup(self, "Clients", vpc=self._vpc)
        self._cluster = self._aurora(stage)
        self._proxy = rds.DatabaseProxy(
            self,
            "Proxy",
            proxy_target=rds.ProxyTarget.from_cluster(self._cluster),
            vpc=self._vpc,
            default_auth_scheme=rds.DefaultAuthScheme.IAM_AUTH,
            iam_auth=True,
            require_tls=True,
            borrow_timeout=Duration.seconds(3),  # the functions give up connecting after that
        )

        self._proxy.connections.allow_from(self._clients, ec2.Port.tcp(PORT))
        self._cluster.connections.allow_from(self._clients, ec2.Port.tcp(PORT))
        self.users = self._create_users()

    @property
    def network(self) -> dict[str, Any]:
        """Where a function must run to reach the database, as `lambda_.Function` takes it."""
        private = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS)
        return {"vpc": self._vpc, "vpc_subnets": private, "security_groups": [self._clients]}

    def environment(self, user: str, *, past_proxy: bool) -> dict[str, str]:
        """The variables by which store/database.py finds and enters the database."""
        host = self._cluster.cluster_endpoint.hostname if past_proxy else self._proxy.endpoint
        return {"DB_HOST": host, "DB_PORT": str(PORT), "DB_NAME": NAME, "DB_USER": user}

    def grant_connect(self, grantee: iam.IGrantable, user: str, *, past_proxy: bool) -> None:
        """Let it sign in as `user`: by the proxy, or past it to the writer (a long transaction or
        an advisory lock would pin one of the proxy's connections)."""
        if past_proxy:
            self._cluster.grant_connect(grantee, user)
        else:
            self._proxy.grant_connect(grantee, user)

    def _aurora(self, stage: Stage) -> rds.DatabaseCluster:
        return rds.DatabaseCluster(
            self,
            "Cluster",
            # The major version that stage local and the tests run.
            engine=rds.DatabaseClusterEngine.aurora_postgres(
                version=rds.AuroraPostgresEngineVersion.VER_18_4
            ),
            writer=rds.ClusterInstance.serverless_v2("Writer"),
            readers=[rds.ClusterInstance.serverless_v2("Standby", scale_with_writer=True)]
            if stage.keeps_data
            else None,
            serverless_v2_min_capacity=0.5,
            serverless_v2_max_capacity=stage.database_max_capacity,
            vpc=self._vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
            port=PORT,
            default_database_name=NAME,
            iam_authentication=True,
            enable_data_api=True,
            storage_encrypted=True,
            backup=rds.BackupProps(retention=Duration.days(14 if stage.keeps_data else 1)),
            deletion_protection=stage.keeps_data,
            removal_policy=RemovalPolicy.SNAPSHOT if stage.keeps_data else RemovalPolicy.DESTROY,
        )

    def _create_users(self) -> custom.AwsCustomResource:
        secret = self._cluster.secret
        assert secret is not None  # the cluster generates it, since no credentials are given
        statement = custom.AwsSdkCall(
            service="rds-data",
            action="ExecuteStatement",
            parameters={
                "resourceArn": self._cluster.cluster_arn,
                "secretArn": secret.secret_arn,
                "database": NAME,
                "sql": CREATE_USERS,
            },
            physical_resource_id=custom.PhysicalResourceId.of("users"),
        )
        users = custom.AwsCustomResource(
            self,
            "Users",
            on_create=statement,
            on_update=statement,
            install_latest_aws_sdk=False,
            # Not a grant: only these statements are sure to be in place before the call.
            policy=custom.AwsCustomResourcePolicy.from_statements(
                [
                    iam.PolicyStatement(
                        actions=["rds-data:ExecuteStatement"], resources=[self._cluster.cluster_arn]
                    ),
                    iam.PolicyStatement(
                        actions=["secretsmanager:GetSecretValue"], resources=[secret.secret_arn]
                    ),
                ]
            ),
        )
        users.node.add_dependency(self._cluster)  # its instances too: they answer the call
        return users
