"""What must outlive a deploy: the database, the DynamoDB tables, the secrets."""

import json

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.constructs.database import Database
from infra.stages import Stage
from onlineticket.dynamo.sessions import BY_OWNER


class DataStack(Stack):
    def __init__(self, scope: Construct, id_: str, *, stage: Stage) -> None:
        super().__init__(scope, id_, termination_protection=stage.keeps_data)
        self._stage = stage
        self.database = Database(self, "Database", stage=stage) if stage.in_cloud else None
        self.redemptions = self._table("Redemptions", ttl="ttl", stream=True)
        self.sessions = self._table("Sessions", ttl="ttl")
        # Keys only, of live sessions: a wallet's list is then read from the table as it is. One
        # item a wallet would have to hold them all, and be written with each in a transaction.
        self.sessions.add_global_secondary_index(
            index_name=BY_OWNER,
            partition_key=dynamodb.Attribute(name="owner", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="created_at", type=dynamodb.AttributeType.NUMBER),
            projection_type=dynamodb.ProjectionType.KEYS_ONLY,
        )
        self.verifier_keys = self._table("VerifierKeys")
        self.verifier_keys.add_global_secondary_index(
            index_name="by_organizer",
            partition_key=dynamodb.Attribute(name="organizer", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="created_at", type=dynamodb.AttributeType.NUMBER),
        )
        self.cache = self._table("Cache", ttl="ttl", restorable=False)
        self.rate_limits = self._table("RateLimits", ttl="ttl", restorable=False)
        self.jwt_secret = self._key("JwtSecret", "Signs access tokens (HS256)")
        self.qr_secret = self._key("QrSecret", "Root of the keys that sign QR codes")
        self.pepper_secret = self._key("PepperSecret", "Keyed hash of the verifiers' keys")

    def _table(
        self, id_: str, *, ttl: str | None = None, stream: bool = False, restorable: bool = True
    ) -> dynamodb.Table:
        """`restorable`: to any second of the last 35 days; not for what is only a copy."""
        return dynamodb.Table(
            self,
            id_,
            partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            time_to_live_attribute=ttl,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=restorable
            ),
            stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES if stream else None,
            deletion_protection=self._stage.keeps_data,
            removal_policy=self._removal,
        )

    def _key(self, id_: str, description: str) -> secretsmanager.Secret:
        """A key ring of one key (domain/keyring.py): `{"id": "1", "secret": 64 characters}`.

        Without punctuation: 62 symbols give 381 bits, and nothing needs escaping in JSON.
        """
        return secretsmanager.Secret(
            self,
            id_,
            description=description,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template=json.dumps({"id": "1"}),
                generate_string_key="secret",
                password_length=64,
                exclude_punctuation=True,
            ),
            removal_policy=self._removal,
        )

    @property
    def _removal(self) -> RemovalPolicy:
        return RemovalPolicy.RETAIN if self._stage.keeps_data else RemovalPolicy.DESTROY
