"""Terminals' API keys at API Gateway: what their usage plans count and limit them by.

They let nobody in: the authorizer does, and then names the key to the gateway. Each has the
verifier's id as its name and nowhere else, so that it can be found again by it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from onlineticket.domain.errors import RuleBroken, Unavailable
from onlineticket.domain.verifier_key import Tier, VerifierKey, usage_key

_PREFIX = "otv-"
_FULL = "LimitExceededException"


@dataclass(frozen=True, slots=True)
class UsageKeys:
    """`plans`: the usage plan's id of each tier. `by_header`: the gateway takes a request's API key
    from x-api-key itself and asks no authorizer for it, as the local cloud's does; then the API key
    is the terminal's own text, which a gateway in the cloud never learns.
    """

    client: Any
    plans: Mapping[Tier, str]
    by_header: bool

    def add(self, key: VerifierKey, text: str) -> None:
        """Make the verifier's API key and put it under its plan.

        Raises:
            RuleBroken: `TOO_MANY_VERIFIERS`: an account has 10,000 keys.
            Unavailable: `GATEWAY_UNAVAILABLE`.
        """
        verifier_id = key.verifier.verifier_id
        value = text if self.by_header else usage_key(verifier_id)
        with _typed():
            made = self.client.create_api_key(
                name=_PREFIX + verifier_id, value=value, enabled=True
            )  # fmt: skip
            self.client.create_usage_plan_key(
                usagePlanId=self.plans[key.tier], keyId=made["id"], keyType="API_KEY"
            )

    def renew(self, key: VerifierKey, text: str) -> None:
        """After a rotation; see `add`."""
        if self.by_header:
            self.add(key, text)

    def remove(self, verifier_id: str) -> None:
        """Remove whatever API keys the verifier has; none is fine.

        Raises:
            Unavailable: `GATEWAY_UNAVAILABLE`.
        """
        with _typed():
            for key in self.client.get_api_keys(nameQuery=_PREFIX + verifier_id)["items"]:
                try:
                    self.client.delete_api_key(apiKey=key["id"])
                except self.client.exceptions.NotFoundException:
                    continue  # another call was quicker


@contextmanager
def _typed() -> Iterator[None]:
    from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] == _FULL:
            raise RuleBroken(
                "TOO_MANY_VERIFIERS", "There is no room for more verifiers."
            ) from error
        if error.response["ResponseMetadata"]["HTTPStatusCode"] in (429, 500, 503):
            raise _unavailable() from error
        raise
    except (ConnectionError, HTTPClientError) as error:
        raise _unavailable() from error


def _unavailable() -> Unavailable:
    return Unavailable("GATEWAY_UNAVAILABLE", "The gateway's usage plans can't be reached.")
