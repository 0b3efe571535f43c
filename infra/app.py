"""Entry point of `cdk synth` and `cdk deploy`: `-c stage=local` (the default), dev, staging, prod.

The stacks name no account or region, so a template can be written without either.
"""

from aws_cdk import App, Tags

from infra.data_stack import DataStack
from infra.service_stack import ServiceStack
from infra.stages import STAGES, LocalServices

# CDK would tag it, CloudFormation refuses it.
UNTAGGABLE = ["AWS::RDS::DBProxyTargetGroup"]


def build(app: App, local: LocalServices) -> tuple[DataStack, ServiceStack]:
    """The stacks of the stage that the app's context names."""
    name = app.node.try_get_context("stage") or "local"
    if name not in STAGES:
        raise SystemExit(f"There is no stage {name!r}; there are {', '.join(STAGES)}.")
    stage = STAGES[name]
    data = DataStack(app, f"OnlineTicket-{name}-Data", stage=stage)
    service = ServiceStack(app, f"OnlineTicket-{name}-Service", stage=stage, data=data, local=local)
    Tags.of(app).add("project", "onlineticket", exclude_resource_types=UNTAGGABLE)
    Tags.of(app).add("stage", name, exclude_resource_types=UNTAGGABLE)
    return data, service


if __name__ == "__main__":
    app = App()
    build(app, LocalServices.from_environment())
    app.synth()
