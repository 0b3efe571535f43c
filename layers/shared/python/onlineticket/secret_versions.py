"""A secret in Secrets Manager during its rotation."""

from dataclasses import dataclass
from typing import Any

_CURRENT, _PENDING = "AWSCURRENT", "AWSPENDING"


@dataclass(frozen=True, slots=True)
class Rotation:
    """Of the secret `arn`; `version` is the id that its new version has."""

    client: Any
    arn: str
    version: str

    def current(self) -> str:
        found = self.client.get_secret_value(SecretId=self.arn, VersionStage=_CURRENT)
        return str(found["SecretString"])

    def pending(self) -> str | None:
        """None before there is one. The version itself may stand there, still without a value."""
        try:
            found = self.client.get_secret_value(
                SecretId=self.arn, VersionId=self.version, VersionStage=_PENDING
            )
        except self.client.exceptions.ResourceNotFoundException:
            return None
        return str(found["SecretString"])

    def keep_pending(self, text: str) -> None:
        self.client.put_secret_value(
            SecretId=self.arn,
            ClientRequestToken=self.version,
            SecretString=text,
            VersionStages=[_PENDING],
        )

    def promote(self) -> None:
        stages = self.client.describe_secret(SecretId=self.arn)["VersionIdsToStages"]
        [current] = [version for version, names in stages.items() if _CURRENT in names]
        if current != self.version:
            self.client.update_secret_version_stage(
                SecretId=self.arn,
                VersionStage=_CURRENT,
                MoveToVersionId=self.version,
                RemoveFromVersionId=current,
            )
