"""Run at every deploy, before the functions that need the tables: schema, then the registry."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from onlineticket import settings
from onlineticket.store import database, migrate, registry

logger = Logger()


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """A CloudFormation custom resource (by CDK's Provider); a Delete keeps every row."""
    if event.get("RequestType") == "Delete":
        return {}
    url = database.conninfo()
    applied = migrate.apply(url)
    with database.connect(url) as conn:
        suite_id = registry.register(conn, settings.current_suite())
    logger.info("migrated", applied=applied, suite_id=suite_id)
    return {"Data": {"SuiteId": str(suite_id)}}
