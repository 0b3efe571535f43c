"""Rotates the keys of access tokens and QR codes: Secrets Manager calls it, four times for one."""

from secrets import token_hex
from time import time
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from onlineticket import resources
from onlineticket.secret_versions import Rotation
from onlineticket.usecases.rotate_key import rotate

logger = Logger()


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    """`event`: `{"Step", "SecretId", "ClientRequestToken"}`. An error ends the rotation, and the
    key in use stays in use.
    """
    secret = Rotation(
        resources.secrets_manager(), event["SecretId"], event["ClientRequestToken"]
    )  # fmt: skip
    rotate(event["Step"], secret, now=int(time()), new_secret=lambda: token_hex(32))
    logger.info("key rotation", step=event["Step"], secret=event["SecretId"])
