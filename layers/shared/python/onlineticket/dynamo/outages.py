"""A DynamoDB that does not answer, or answers "later", is a typed error; all else is a bug."""

from collections.abc import Iterator
from contextlib import contextmanager

from onlineticket.domain.errors import Unavailable

_LATER = {
    "InternalServerError", "ProvisionedThroughputExceededException", "RequestLimitExceeded",
    "ServiceUnavailable", "ThrottlingException", "TransactionInProgressException",
}  # fmt: skip


@contextmanager
def typed() -> Iterator[None]:
    """
    Raises:
        Unavailable: `DYNAMODB_UNAVAILABLE`, after the client's own retries.
    """
    from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] not in _LATER:
            raise
        raise unavailable() from error
    except (ConnectionError, HTTPClientError) as error:
        raise unavailable() from error


def unavailable() -> Unavailable:
    return Unavailable("DYNAMODB_UNAVAILABLE", "The session and admission store does not answer.")
