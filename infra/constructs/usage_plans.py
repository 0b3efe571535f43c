"""How much a terminal may ask of us: a usage plan for each tier, enforced by the gateway."""

from dataclasses import dataclass

from aws_cdk import Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from constructs import Construct


@dataclass(frozen=True, slots=True)
class Tier:
    """Requests of one terminal: per second, at once, and per day."""

    rate: int
    burst: int
    per_day: int


TIERS = {
    # A gate lets in about one holder a second; five are people who try again.
    "standard": Tier(rate=5, burst=20, per_day=50_000),
    # A desk that sends what it scanned offline, or many scanners behind one key.
    "high": Tier(rate=50, burst=200, per_day=1_000_000),
}


class UsagePlans(Construct):
    """One plan a tier, and one API key a terminal, which the organizer function makes at run time.

    An account and region has 300 plans and 10,000 keys: hence tiers and not a plan for each
    terminal or organizer, and a bound on an organizer's keys (usecases/manage_verifiers.py).

    The plans' ids go into a parameter with a name known beforehand: a plan needs the deployment, it
    the function, and a function given the ids would close the circle. For the same reason the
    grants are a policy of their own, which the function does not wait for.
    """

    def __init__(
        self, scope: Construct, id_: str, *, api: apigateway.RestApi, parameter_name: str
    ) -> None:
        super().__init__(scope, id_)
        self._plans = {
            name: apigateway.UsagePlan(
                self,
                name.capitalize(),
                api_stages=[apigateway.UsagePlanPerApiStage(api=api, stage=api.deployment_stage)],
                throttle=apigateway.ThrottleSettings(rate_limit=tier.rate, burst_limit=tier.burst),
                quota=apigateway.QuotaSettings(limit=tier.per_day, period=apigateway.Period.DAY),
            )
            for name, tier in TIERS.items()
        }
        ids = {name: plan.usage_plan_id for name, plan in self._plans.items()}
        self._parameter = ssm.StringParameter(
            self,
            "Ids",
            parameter_name=parameter_name,
            string_value=Stack.of(self).to_json_string(ids),
        )

    def let_manage_keys(self, role: iam.IRole) -> None:
        """API keys carry no name of ours in their ARN, so `apikeys/*` is as narrow as it gets."""
        stack = Stack.of(self)

        def arn(path: str) -> str:
            return f"arn:{stack.partition}:apigateway:{stack.region}::{path}"

        plan_keys = [arn(f"/usageplans/{p.usage_plan_id}/keys") for p in self._plans.values()]
        allowed = {
            "apigateway:POST": [arn("/apikeys"), *plan_keys],
            "apigateway:GET": [arn("/apikeys")],
            "apigateway:DELETE": [arn("/apikeys/*")],
            "ssm:GetParameter": [self._parameter.parameter_arn],
        }
        iam.Policy(
            self,
            "ManageKeys",
            roles=[role],
            statements=[
                iam.PolicyStatement(actions=[action], resources=resources)
                for action, resources in allowed.items()
            ],
        )
