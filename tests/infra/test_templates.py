"""What must never change by accident in the synthesised templates."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple, get_args

import pytest
from aws_cdk import App
from aws_cdk.assertions import Match, Template

from infra.app import build
from infra.constructs.rest_api import GATEWAY_ERRORS
from infra.constructs.usage_plans import TIERS
from infra.data_stack import DataStack
from infra.routes import ROUTES
from infra.service_stack import ServiceStack
from infra.stages import STAGES, LocalServices
from onlineticket.api.codes import CODES
from onlineticket.domain.verifier_key import Tier
from onlineticket.dynamo import verifier_keys

LOCAL = LocalServices(
    db_url="postgresql://somebody@localhost/tickets",
    rpc_url="http://localhost:8545",
    contracts="{}",
)
pytestmark = pytest.mark.slow  # synthesising two stages takes ten seconds

FUNCTIONS = {
    "queries", "auth", "users", "organizer", "reports", "tickets", "verify", "verifier_auth",
    "indexer", "worker", "settle", "migrate", "swap", "docs", "consume",
    "rotate",
}  # fmt: skip


WITHOUT_RESOURCE = {
    ("settle", "dynamodb:ListStreams"),
    ("rotate", "secretsmanager:GetRandomPassword"),
}
"""Actions that know no resource; all else is granted on one."""
COPIES = ("RateLimits", "Cache")
"""Tables of which nothing is missed when they are lost."""


class Templates(NamedTuple):
    data: Template
    service: Template


def synthesise(stage: str) -> Templates:
    # No bundling: pip would fill every layer.
    app = App(context={"stage": stage, "aws:cdk:bundling-stacks": []})
    data, service = build(app, LOCAL)
    return Templates(Template.from_stack(data), Template.from_stack(service))


@pytest.fixture(scope="module")
def local() -> Templates:
    return synthesise("local")


@pytest.fixture(scope="module")
def prod() -> Templates:
    return synthesise("prod")


@pytest.fixture(params=["local", "prod"])
def both(request: pytest.FixtureRequest) -> Templates:
    found: Templates = request.getfixturevalue(request.param)
    return found


# The data stack


def test_every_table_that_holds_more_than_copies_can_be_restored(both: Templates) -> None:
    tables = resources(both.data, "AWS::DynamoDB::Table")
    assert len(tables) == 5
    for name, table in tables.items():
        restorable = not name.startswith(COPIES)
        assert table["PointInTimeRecoverySpecification"] == {
            "PointInTimeRecoveryEnabled": restorable
        }
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert table["KeySchema"] == [{"AttributeName": "pk", "KeyType": "HASH"}]


def test_redemptions_and_sessions_expire_and_verifier_keys_do_not(both: Templates) -> None:
    tables = resources(both.data, "AWS::DynamoDB::Table")
    expiring = {"AttributeName": "ttl", "Enabled": True}
    assert named(tables, "Redemptions")["TimeToLiveSpecification"] == expiring
    assert named(tables, "Sessions")["TimeToLiveSpecification"] == expiring
    assert named(tables, "RateLimits")["TimeToLiveSpecification"] == expiring
    assert named(tables, "Cache")["TimeToLiveSpecification"] == expiring
    assert "TimeToLiveSpecification" not in named(tables, "VerifierKeys")


def test_the_index_of_a_wallets_sessions_holds_keys_only(both: Templates) -> None:
    tables = resources(both.data, "AWS::DynamoDB::Table")
    [index] = named(tables, "Sessions")["GlobalSecondaryIndexes"]
    assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["owner", "created_at"]


def test_verifiers_are_listed_by_their_organizer(both: Templates) -> None:
    tables = resources(both.data, "AWS::DynamoDB::Table")
    [index] = named(tables, "VerifierKeys")["GlobalSecondaryIndexes"]
    assert index["IndexName"] == verifier_keys.INDEX
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["organizer", "created_at"]


def test_only_redemptions_has_a_stream_and_it_shows_both_images(both: Templates) -> None:
    tables = resources(both.data, "AWS::DynamoDB::Table")
    assert named(tables, "Redemptions")["StreamSpecification"] == {
        "StreamViewType": "NEW_AND_OLD_IMAGES"
    }
    assert "StreamSpecification" not in named(tables, "Sessions")
    assert "StreamSpecification" not in named(tables, "VerifierKeys")


def test_each_key_ring_is_generated_with_one_key_of_64_characters(both: Templates) -> None:
    secrets = resources(both.data, "AWS::SecretsManager::Secret")
    for name in ("JwtSecret", "QrSecret", "PepperSecret"):
        assert named(secrets, name)["GenerateSecretString"] == {
            "SecretStringTemplate": '{"id": "1"}',
            "GenerateStringKey": "secret",
            "PasswordLength": 64,
            "ExcludePunctuation": True,
        }


def test_what_holds_state_survives_its_stack_in_prod_and_not_in_local(
    local: Templates, prod: Templates
) -> None:
    for kind in ("AWS::DynamoDB::Table", "AWS::SecretsManager::Secret"):
        for name, resource in prod.data.find_resources(kind).items():
            if "Database" not in name:  # the cluster's own secret goes with the cluster
                assert resource["DeletionPolicy"] == "Retain", name
        for name, resource in local.data.find_resources(kind).items():
            assert resource["DeletionPolicy"] == "Delete", name


def test_the_database_of_prod_is_encrypted_backed_up_and_guarded(prod: Templates) -> None:
    prod.data.has_resource_properties(
        "AWS::RDS::DBCluster",
        {
            "StorageEncrypted": True,
            "DeletionProtection": True,
            "BackupRetentionPeriod": 14,
            "EnableIAMDatabaseAuthentication": True,
        },
    )
    prod.data.has_resource("AWS::RDS::DBCluster", {"DeletionPolicy": "Snapshot"})


def test_the_proxy_takes_iam_tokens_over_tls_and_holds_no_password(prod: Templates) -> None:
    prod.data.has_resource_properties(
        "AWS::RDS::DBProxy",
        {"DefaultAuthScheme": "IAM_AUTH", "RequireTLS": True, "Auth": Match.absent()},
    )


def test_dynamodb_and_s3_are_reached_without_the_nat(prod: Templates) -> None:
    endpoints = resources(prod.data, "AWS::EC2::VPCEndpoint")
    assert {endpoint["VpcEndpointType"] for endpoint in endpoints.values()} == {"Gateway"}
    services = {endpoint["ServiceName"]["Fn::Join"][1][-1] for endpoint in endpoints.values()}
    assert services == {".dynamodb", ".s3"}


def test_the_local_stage_has_neither_network_nor_database(local: Templates) -> None:
    kinds = {r["Type"] for t in local for r in t.to_json()["Resources"].values()}
    assert not {kind for kind in kinds if kind.startswith(("AWS::EC2::", "AWS::RDS::"))}


# The functions


def test_there_is_one_function_for_each_folder(both: Templates) -> None:
    assert {name for name, _ in functions(both)} == FUNCTIONS


def test_only_auth_and_consume_carry_the_chain_layer(both: Templates) -> None:
    for name, properties in functions(both):
        layers = [layer["Ref"] for layer in properties["Layers"]]
        assert sum(layer.startswith("LayersDeps") for layer in layers) == 1
        assert sum(layer.startswith("LayersShared") for layer in layers) == 1
        assert any(layer.startswith("LayersChain") for layer in layers) == (
            name in ("auth", "consume")
        )


def test_functions_run_on_arm_in_the_cloud(prod: Templates) -> None:
    for _, properties in functions(prod):
        assert properties["Architectures"] == ["arm64"]
        assert properties["Runtime"] == "python3.13"


def test_no_secret_stands_in_the_environment_of_a_function(prod: Templates) -> None:
    for name, properties in functions(prod):
        variables = properties["Environment"]["Variables"]
        assert not {"DB_URL", "RPC_URL"} & variables.keys(), name
        for variable, value in variables.items():
            if "SECRET" in variable:
                assert variable.endswith("_SECRET_ARN")
            assert "{{resolve:" not in json.dumps(value), f"{name} {variable}"


def test_the_local_functions_find_the_services_of_the_synthesising_process(
    local: Templates,
) -> None:
    environment = dict(functions(local))["indexer"]["Environment"]["Variables"]
    assert environment["DB_URL"] == LOCAL.db_url
    assert environment["RPC_URL"] == LOCAL.rpc_url
    assert environment["CONTRACTS"] == LOCAL.contracts


def test_the_contracts_of_a_cloud_stage_come_from_its_parameter_at_deploy(prod: Templates) -> None:
    parameters = prod.service.find_parameters(
        "*",
        {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/onlineticket/prod/contracts"},
    )
    [reference] = parameters
    for _, properties in functions(prod):
        assert properties["Environment"]["Variables"]["CONTRACTS"] == {"Ref": reference}


def test_what_runs_by_the_clock_and_migrate_go_past_the_proxy_and_the_others_do_not(
    prod: Templates,
) -> None:
    for name, properties in functions(prod):
        host = json.dumps(properties["Environment"]["Variables"].get("DB_HOST", ""))
        if name in ("verifier_auth", "docs", "rotate"):
            assert "VpcConfig" not in properties
        else:
            past = name in ("indexer", "worker", "migrate", "consume")
            assert ("Cluster" in host) == past, name
            assert ("Proxy" in host) == (not past), name
            assert "VpcConfig" in properties


def test_each_function_signs_in_to_the_database_as_the_user_it_needs(prod: Templates) -> None:
    users = {n: p["Environment"]["Variables"].get("DB_USER") for n, p in functions(prod)}
    assert users == {
        "queries": "reader", "swap": "reader", "reports": "reader", "tickets": "writer",
        "verify": "reader",
        "auth": "writer", "users": "writer", "organizer": "writer", "indexer": "writer",
        "worker": "writer", "settle": "writer", "consume": "writer",
        "migrate": "migrator", "verifier_auth": None, "docs": None, "rotate": None,
    }  # fmt: skip
    for name, user in users.items():
        allowed = [r for a, r in allowed_to(prod, name) if a == "rds-db:connect"]
        assert len(allowed) == (user is not None)
        assert not user or json.dumps(allowed).rstrip('"]} ').endswith(f"/{user}"), name


def test_auth_starts_from_a_snapshot_and_verify_is_kept_warm(prod: Templates) -> None:
    for name, properties in functions(prod):
        assert ("SnapStart" in properties) == (name == "auth")
    aliases = resources(prod.service, "AWS::Lambda::Alias")
    assert set(aliases) == {n for n in aliases if n.startswith(("AuthLive", "VerifyLive"))}
    warm = named(aliases, "VerifyLive")["ProvisionedConcurrencyConfig"]
    assert warm == {"ProvisionedConcurrentExecutions": 5}


def test_functions_that_need_the_tables_wait_for_the_migrations(both: Templates) -> None:
    found = both.service.find_resources("AWS::Lambda::Function")
    for resource in found.values():
        name = resource["Properties"]["Environment"]["Variables"].get("POWERTOOLS_SERVICE_NAME")
        waits = any(d.startswith("MigrationsSchema") for d in resource.get("DependsOn", []))
        without = {"migrate", "verifier_auth", "docs", "rotate"}
        assert waits == (name in FUNCTIONS - without), name


def test_the_migrations_run_again_when_they_or_the_contracts_change(both: Templates) -> None:
    both.service.has_resource_properties(
        "AWS::CloudFormation::CustomResource",
        {"migrations": Match.string_like_regexp("^[0-9a-f]{64}$"), "contracts": Match.any_value()},
    )


# Grants


def test_verify_may_touch_the_redemptions_the_qr_key_and_one_database_user(
    prod: Templates,
) -> None:
    assert {action for action, _ in allowed_to(prod, "verify")} == {
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "rds-db:connect",
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
    }


def test_auth_may_touch_sessions_and_limits_but_delete_nothing(prod: Templates) -> None:
    assert {action for action, _ in allowed_to(prod, "auth") if "dynamodb" in action} == {
        "dynamodb:BatchGetItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
    }


def test_no_function_is_granted_a_whole_service(both: Templates) -> None:
    for name in FUNCTIONS:
        for action, resource in allowed_to(both, name):
            assert "*" not in action, name
            assert resource != "*" or (name, action) in WITHOUT_RESOURCE, action


def test_only_the_signer_and_the_reader_of_a_key_may_see_it(prod: Templates) -> None:
    def readers(secret: str) -> set[str]:
        return {
            name
            for name in FUNCTIONS
            for action, resource in allowed_to(prod, name)
            if action == "secretsmanager:GetSecretValue" and secret in json.dumps(resource)
        }

    assert readers("JwtSecret") == {"auth", "tickets", "users", "organizer", "reports", "rotate"}
    assert readers("QrSecret") == {"tickets", "verify", "rotate"}
    assert readers("PepperSecret") == {"verifier_auth", "organizer"}
    assert readers("/onlineticket/prod/rpc") == {
        "queries", "swap", "auth", "users", "organizer", "reports", "indexer", "worker",
        "settle", "consume",
    }  # fmt: skip


def test_the_organizer_may_make_and_remove_api_keys_and_touch_no_other_part_of_the_gateway(
    prod: Templates,
) -> None:
    allowed = [
        (action, json.dumps(resource))
        for action, resource in allowed_to(prod, "organizer")
        if action.startswith("apigateway:")
    ]
    assert {action for action, _ in allowed} == {
        "apigateway:GET", "apigateway:POST", "apigateway:DELETE",
    }  # fmt: skip
    for action, resource in allowed:
        under_a_plan = '::/usageplans/", {"Ref": "UsagePlans' in resource and "/keys" in resource
        assert "::/apikeys" in resource or (action == "apigateway:POST" and under_a_plan), resource
    others = {a for name in FUNCTIONS - {"organizer"} for a, _ in allowed_to(prod, name)}
    assert not any(action.startswith("apigateway:") for action in others)


def test_the_authorizer_can_read_keys_and_change_none(prod: Templates) -> None:
    assert {a for a, _ in allowed_to(prod, "verifier_auth") if a.startswith("dynamodb:")} == {
        "dynamodb:GetItem"
    }


def test_tickets_are_used_on_chain_only_where_a_stage_says_so(both: Templates) -> None:
    assert not both.service.find_resources("AWS::KMS::Key")
    assert not any(action.startswith("kms:") for action, _ in allowed_to(both, "consume"))
    targets = json.dumps(both.service.find_resources("AWS::Events::Rule"))
    assert "ConsumeFunction" not in targets


def test_the_key_that_uses_tickets_is_an_ethereum_key_which_only_consume_may_use() -> None:
    app = App(context={"aws:cdk:bundling-stacks": []})
    on = replace(STAGES["local"], consume_on_chain=True)
    data = DataStack(app, "Data", stage=on)
    service = ServiceStack(app, "Service", stage=on, data=data, local=LOCAL)
    templates = Templates(Template.from_stack(data), Template.from_stack(service))
    [key] = resources(templates.service, "AWS::KMS::Key").values()
    assert (key["KeySpec"], key["KeyUsage"]) == ("ECC_SECG_P256K1", "SIGN_VERIFY")
    for name in FUNCTIONS:
        actions = {action for action, _ in allowed_to(templates, name)}
        wanted = {"kms:Sign", "kms:GetPublicKey"} if name == "consume" else set()
        assert {action for action in actions if action.startswith("kms:")} == wanted
    properties = dict(functions(templates))["consume"]
    assert properties["ReservedConcurrentExecutions"] == 1
    assert "CONSUME_KEY_ID" in properties["Environment"]["Variables"]
    assert "ConsumeFunction" in json.dumps(resources(templates.service, "AWS::Events::Rule"))


# Schedules and streams


def test_the_indexer_runs_every_minute_at_most_twice_at_once(both: Templates) -> None:
    both.service.has_resource_properties(
        "AWS::Events::Rule", {"ScheduleExpression": "rate(1 minute)", "State": "ENABLED"}
    )
    properties = dict(functions(both))["indexer"]
    assert properties["ReservedConcurrentExecutions"] == 2
    assert properties["Timeout"] == 90


@pytest.mark.parametrize(("name", "seconds"), [("Indexer", 60), ("Worker", 300)])
def test_a_run_that_missed_its_time_is_dropped_and_not_repeated(
    both: Templates, name: str, seconds: int
) -> None:
    rules = resources(both.service, "AWS::Events::Rule")
    [target] = named(rules, f"{name}Schedule")["Targets"]
    never_late = {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": seconds}
    assert target["RetryPolicy"] == never_late
    configs = resources(both.service, "AWS::Lambda::EventInvokeConfig").values()
    [config] = [c for c in configs if c["FunctionName"]["Ref"].startswith(f"{name}Function")]
    assert {key: config[key] for key in never_late} == never_late


def test_settle_follows_the_redemptions_and_loses_none(both: Templates) -> None:
    [source] = resources(both.service, "AWS::Lambda::EventSourceMapping").values()
    assert source["FunctionName"]["Ref"].startswith("SettleFunction")
    assert source["StartingPosition"] == "TRIM_HORIZON"
    assert source["BisectBatchOnFunctionError"] is True
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["MaximumRetryAttempts"] == 10
    assert source["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"][0].startswith(
        "SettleStreamDeadLetters"
    )
    [accepted] = source["FilterCriteria"]["Filters"]
    assert json.loads(accepted["Pattern"]) == {"eventName": ["INSERT", "MODIFY"]}


# The API


def test_the_gateway_serves_the_routes_of_the_index_and_no_other(both: Templates) -> None:
    routes = {(route.method, f"/v1{route.path}") for route in ROUTES}
    heads = {("HEAD", path) for method, path in routes if method == "GET"}
    served = {(method, path) for method, path, _ in methods(both.service)}
    # What no route takes is answered by the docs function.
    assert served == routes | heads | {("ANY", "/v1/{proxy+}")}


def test_only_what_terminals_call_has_the_authorizer(both: Templates) -> None:
    guarded = {path for _, path, p in methods(both.service) if p["AuthorizationType"] == "CUSTOM"}
    assert guarded == {f"/v1{route.path}" for route in ROUTES if route.caller == "verifier"}
    assert {f"/v1/verify/{name}" for name in ("scan", "scans", "undo", "manifest")} <= guarded


@pytest.mark.parametrize(
    ("stage", "sources"),
    [
        ("local", "method.request.header.x-api-key"),
        ("prod", "method.request.header.x-api-key,context.identity.sourceIp"),
    ],
)
def test_a_verdict_on_a_key_is_reused_for_at_most_30_seconds(
    stage: str, sources: str, request: pytest.FixtureRequest
) -> None:
    [authorizer] = resources(
        request.getfixturevalue(stage).service, "AWS::ApiGateway::Authorizer"
    ).values()
    assert authorizer["Type"] == "REQUEST"
    assert authorizer["AuthorizerResultTtlInSeconds"] <= 30
    assert authorizer["IdentitySource"] == sources


def test_the_gateway_counts_each_terminal_by_the_key_that_the_authorizer_names(
    prod: Templates,
) -> None:
    [api] = resources(prod.service, "AWS::ApiGateway::RestApi").values()
    assert api["ApiKeySourceType"] == "AUTHORIZER"
    counted = {path for _, path, p in methods(prod.service) if p.get("ApiKeyRequired")}
    assert counted == {f"/v1{route.path}" for route in ROUTES if route.caller == "verifier"}


def test_there_is_a_usage_plan_for_each_tier_of_terminals_on_this_api(both: Templates) -> None:
    plans = resources(both.service, "AWS::ApiGateway::UsagePlan")
    assert TIERS.keys() == set(get_args(Tier))
    for tier in TIERS:
        plan = named(plans, f"UsagePlans{tier.capitalize()}")
        assert plan["Throttle"]["RateLimit"] == TIERS[tier].rate
        assert plan["Throttle"]["BurstLimit"] == TIERS[tier].burst
        assert plan["Quota"] == {"Limit": TIERS[tier].per_day, "Period": "DAY"}
        assert len(plan["ApiStages"]) == 1
    assert len(plans) == len(TIERS)


def test_a_verdict_behind_cloudfront_is_reused_for_one_viewer_only() -> None:
    stage = replace(STAGES["prod"], source_address_header="CloudFront-Viewer-Address")
    app = App(context={"aws:cdk:bundling-stacks": []})
    data = DataStack(app, "Data", stage=stage)
    service = ServiceStack(app, "Service", stage=stage, data=data, local=LOCAL)
    [authorizer] = resources(Template.from_stack(service), "AWS::ApiGateway::Authorizer").values()
    assert authorizer["IdentitySource"] == (
        "method.request.header.x-api-key,context.identity.sourceIp,"
        "method.request.header.CloudFront-Viewer-Address"
    )


def test_the_gateway_throttles_and_logs_no_header(prod: Templates) -> None:
    [stage] = resources(prod.service, "AWS::ApiGateway::Stage").values()
    [settings] = stage["MethodSettings"]
    assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == (2000, 4000)
    assert not settings.get("DataTraceEnabled")
    assert "header" not in stage["AccessLogSetting"]["Format"]


def test_what_the_gateway_refuses_itself_has_the_shape_of_our_errors(both: Templates) -> None:
    answers = resources(both.service, "AWS::ApiGateway::GatewayResponse")
    found = {}
    for answer in answers.values():
        text = answer["ResponseTemplates"]["application/json"]
        body = json.loads(text)
        assert set(body) == {"error_code", "message", "details", "request_id"}
        assert body["message"] == CODES[body["error_code"]].en
        found[answer["ResponseType"]] = (body["error_code"], answer.get("StatusCode"))
    assert found == {
        "UNAUTHORIZED": ("UNAUTHORIZED", "401"),
        "INVALID_API_KEY": ("FORBIDDEN", "403"),
        "ACCESS_DENIED": ("FORBIDDEN", "403"),
        "EXPIRED_TOKEN": ("FORBIDDEN", "403"),
        "INVALID_SIGNATURE": ("FORBIDDEN", "403"),
        "WAF_FILTERED": ("REQUEST_BLOCKED", "403"),
        "MISSING_AUTHENTICATION_TOKEN": ("NO_SUCH_ROUTE", "404"),
        "RESOURCE_NOT_FOUND": ("NO_SUCH_ROUTE", "404"),
        "BAD_REQUEST_BODY": ("BAD_REQUEST", "400"),
        "BAD_REQUEST_PARAMETERS": ("BAD_REQUEST", "400"),
        "REQUEST_TOO_LARGE": ("BODY_TOO_LARGE", "413"),
        "UNSUPPORTED_MEDIA_TYPE": ("UNSUPPORTED_MEDIA_TYPE", "415"),
        "THROTTLED": ("TOO_MANY_REQUESTS", "429"),
        "QUOTA_EXCEEDED": ("QUOTA_EXCEEDED", "429"),
        "INTEGRATION_TIMEOUT": ("GATEWAY_TIMEOUT", "504"),
        "INTEGRATION_FAILURE": ("INTERNAL_ERROR", "500"),
        "API_CONFIGURATION_ERROR": ("INTERNAL_ERROR", "500"),
        "AUTHORIZER_FAILURE": ("INTERNAL_ERROR", "500"),
        "AUTHORIZER_CONFIGURATION_ERROR": ("INTERNAL_ERROR", "500"),
        "DEFAULT_4XX": ("BAD_REQUEST", None),
        "DEFAULT_5XX": ("INTERNAL_ERROR", None),
    }


def test_a_status_of_the_gateway_is_that_of_its_code() -> None:
    for status, code in GATEWAY_ERRORS.values():
        assert status in (CODES[code].status, None)


def test_browsers_may_use_every_method_of_the_index(both: Templates) -> None:
    text = json.dumps(resources(both.service, "AWS::ApiGateway::Method"))
    assert f"'{','.join(sorted({route.method for route in ROUTES} | {'HEAD'}))}'" in text


def test_the_local_api_keeps_its_id(local: Templates, prod: Templates) -> None:
    pinned = {"Key": "ms-custom-id", "Value": "onlineticket"}
    [api] = resources(local.service, "AWS::ApiGateway::RestApi").values()
    assert pinned in api["Tags"]
    [api] = resources(prod.service, "AWS::ApiGateway::RestApi").values()
    assert pinned not in api["Tags"]


# Reading templates


def resources(template: Template, kind: str) -> dict[str, dict[str, Any]]:
    return {name: r.get("Properties", {}) for name, r in template.find_resources(kind).items()}


def named(found: dict[str, dict[str, Any]], start: str) -> dict[str, Any]:
    [properties] = [p for name, p in found.items() if name.startswith(start)]
    return properties


def functions(templates: Templates) -> list[tuple[str, dict[str, Any]]]:
    """Ours, by folder; not those that CDK adds for its custom resources."""
    found = resources(templates.service, "AWS::Lambda::Function").values()
    named_ = [(p["Environment"]["Variables"].get("POWERTOOLS_SERVICE_NAME"), p) for p in found]
    return [(name, properties) for name, properties in named_ if name]


def allowed_to(templates: Templates, function: str) -> list[tuple[str, Any]]:
    """The function's inline statements, as pairs of an action and the resource it is allowed on."""
    role = dict(functions(templates))[function]["Role"]["Fn::GetAtt"][0]
    return [
        (action, resource)
        for policy in resources(templates.service, "AWS::IAM::Policy").values()
        if {"Ref": role} in policy["Roles"]
        for statement in policy["PolicyDocument"]["Statement"]
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    ]


def methods(service: Template) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every method but OPTIONS, with its whole path."""
    parents = {
        name: (p["ParentId"].get("Ref"), p["PathPart"])
        for name, p in resources(service, "AWS::ApiGateway::Resource").items()
    }

    def path(name: str | None) -> str:
        if name not in parents:
            return ""
        parent, part = parents[name]
        return f"{path(parent)}/{part}"

    for properties in resources(service, "AWS::ApiGateway::Method").values():
        if properties["HttpMethod"] != "OPTIONS":
            yield properties["HttpMethod"], path(properties["ResourceId"].get("Ref")), properties


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_answers_of_a_kilobyte_and_more_are_compressed(both: Templates) -> None:
    both.service.has_resource_properties(
        "AWS::ApiGateway::RestApi", {"MinimumCompressionSize": 1024}
    )


def test_browsers_may_ask_again_with_a_tag_and_use_every_method(both: Templates) -> None:
    preflights = [
        json.dumps(method["Properties"]["Integration"])
        for method in both.service.find_resources("AWS::ApiGateway::Method").values()
        if method["Properties"]["HttpMethod"] == "OPTIONS"
    ]
    assert preflights
    for preflight in preflights:
        assert "if-none-match" in preflight
        assert "HEAD" in preflight
