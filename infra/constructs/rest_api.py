"""The REST API: one Lambda proxy for each line of infra/routes.py, under the resource `/v1`."""

import json
from collections.abc import Mapping

from aws_cdk import Duration, RemovalPolicy, Size, Tags
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs.ticket_function import TicketFunction
from infra.routes import PREFIX, ROUTES
from infra.stages import Stage
from onlineticket.api.codes import CODES

LOCAL_API_ID = "onlineticket"
"""Stage local's URLs stay the same from one deploy to the next (the emulator reads a tag)."""

VERDICT_TTL = Duration.seconds(30)
"""How long an authorizer's answer is reused, and so how long a revoked key may still be let in."""

_TYPE = apigateway.ResponseType
GATEWAY_ERRORS = {
    # What the gateway answers without asking a function: (status, code of api/codes.py). A default
    # keeps the status of whatever it stands for.
    _TYPE.UNAUTHORIZED: (401, "UNAUTHORIZED"),
    _TYPE.ACCESS_DENIED: (403, "FORBIDDEN"),
    _TYPE.INVALID_API_KEY: (403, "FORBIDDEN"),  # in no usage plan
    _TYPE.EXPIRED_TOKEN: (403, "FORBIDDEN"),
    _TYPE.INVALID_SIGNATURE: (403, "FORBIDDEN"),
    _TYPE.WAF_FILTERED: (403, "REQUEST_BLOCKED"),
    # It says so of any path or method that it does not know.
    _TYPE.MISSING_AUTHENTICATION_TOKEN: (404, "NO_SUCH_ROUTE"),
    _TYPE.RESOURCE_NOT_FOUND: (404, "NO_SUCH_ROUTE"),
    _TYPE.BAD_REQUEST_BODY: (400, "BAD_REQUEST"),
    _TYPE.BAD_REQUEST_PARAMETERS: (400, "BAD_REQUEST"),
    _TYPE.REQUEST_TOO_LARGE: (413, "BODY_TOO_LARGE"),
    _TYPE.UNSUPPORTED_MEDIA_TYPE: (415, "UNSUPPORTED_MEDIA_TYPE"),
    _TYPE.THROTTLED: (429, "TOO_MANY_REQUESTS"),
    _TYPE.QUOTA_EXCEEDED: (429, "QUOTA_EXCEEDED"),
    _TYPE.INTEGRATION_TIMEOUT: (504, "GATEWAY_TIMEOUT"),
    _TYPE.INTEGRATION_FAILURE: (500, "INTERNAL_ERROR"),
    _TYPE.API_CONFIGURATION_ERROR: (500, "INTERNAL_ERROR"),
    _TYPE.AUTHORIZER_FAILURE: (500, "INTERNAL_ERROR"),
    _TYPE.AUTHORIZER_CONFIGURATION_ERROR: (500, "INTERNAL_ERROR"),
    _TYPE.DEFAULT_4_XX: (None, "BAD_REQUEST"),
    _TYPE.DEFAULT_5_XX: (None, "INTERNAL_ERROR"),
}


ACCESS_LOG_FORMAT = apigateway.AccessLogFormat.json_with_standard_fields(
    caller=False,
    http_method=True,
    ip=True,
    protocol=True,
    request_time=True,
    resource_path=True,
    response_length=True,
    status=True,
    user=False,
)


class RestApi(Construct):
    """Routes, the terminals' authorizer, throttles, CORS and the errors the gateway answers itself.

    Access logs name the caller's address and never a header: the key travels in one.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        stage: Stage,
        functions: Mapping[str, TicketFunction],
        authorizer: TicketFunction,
    ) -> None:
        super().__init__(scope, id_)
        self.api = apigateway.RestApi(
            self,
            "Api",
            description=f"OnlineTicket {stage.name}",
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            # The terminals' usage plans count by the key that the authorizer names. The emulator
            # asks no authorizer for it and takes the header's.
            api_key_source_type=apigateway.ApiKeySourceType.AUTHORIZER if stage.in_cloud else None,
            cloud_watch_role=stage.in_cloud,
            deploy_options=self._deploy_options(stage),
            # A page of twenty is 10 kB, and a tenth of that as gzip.
            min_compression_size=Size.kibibytes(1),
            default_cors_preflight_options=apigateway.CorsOptions(
                allow_origins=list(stage.cors_origins),
                allow_methods=sorted({route.method for route in ROUTES} | {"HEAD"}),
                allow_headers=[
                    "authorization",
                    "content-type",
                    "accept-language",
                    "if-none-match",
                ],
                max_age=Duration.hours(1),
            ),
        )
        if not stage.in_cloud:
            Tags.of(self.api).add("ms-custom-id", LOCAL_API_ID)
        for type_, (status, code) in GATEWAY_ERRORS.items():
            self._error(type_, status, code, stage)
        self._route(functions, self._authorizer(authorizer, stage), counted=stage.in_cloud)

    def _deploy_options(self, stage: Stage) -> apigateway.StageOptions:
        access_log = self._access_log() if stage.in_cloud else None
        return apigateway.StageOptions(
            stage_name=stage.name,
            throttling_rate_limit=stage.requests_per_second,
            throttling_burst_limit=2 * stage.requests_per_second,
            metrics_enabled=stage.in_cloud,
            access_log_destination=access_log,
            access_log_format=ACCESS_LOG_FORMAT if access_log else None,
        )

    def _access_log(self) -> apigateway.LogGroupLogDestination:
        group = logs.LogGroup(
            self,
            "AccessLog",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )
        return apigateway.LogGroupLogDestination(group)

    def _authorizer(self, function: TicketFunction, stage: Stage) -> apigateway.RequestAuthorizer:
        """One cached answer for each key and address: a key's CIDRs are part of the question."""
        sources = [apigateway.IdentitySource.header("x-api-key")]
        if stage.in_cloud:  # the emulator knows no context.* sources
            sources.append(apigateway.IdentitySource.context("identity.sourceIp"))
            if stage.source_address_header:
                sources.append(apigateway.IdentitySource.header(stage.source_address_header))
        return apigateway.RequestAuthorizer(
            self,
            "Authorizer",
            handler=function.target,
            identity_sources=sources,
            results_cache_ttl=VERDICT_TTL,
        )

    def _route(
        self,
        functions: Mapping[str, TicketFunction],
        authorizer: apigateway.RequestAuthorizer,
        *,
        counted: bool,
    ) -> None:
        # One permission for a function and the whole API, not one a route: a function's policy has
        # room for about fifty.
        integrations = {
            name: apigateway.LambdaIntegration(function.target, scope_permission_to_method=False)
            for name, function in functions.items()
        }
        root = self.api.root.add_resource(PREFIX)
        for route in ROUTES:
            resource = root.resource_for_path(route.path.removeprefix("/"))
            for method in (route.method, "HEAD") if route.method == "GET" else (route.method,):
                resource.add_method(
                    method,
                    integrations[route.function],
                    authorizer=authorizer if route.caller == "verifier" else None,
                    api_key_required=counted and route.caller == "verifier",
                )

        # Whatever no route takes: the gateway by itself can't tell a wrong method (405, with those
        # that there are) from a wrong path, nor speak Chinese.
        rest = root.add_resource("{proxy+}")
        rest.add_method("ANY", integrations["docs"])

    def _error(
        self,
        type_: apigateway.ResponseType,
        status: int | None,
        code: str,
        stage: Stage,
    ) -> None:
        """As api/http.py answers: one shape, whoever refused."""
        body = {"error_code": code, "message": CODES[code].en, "details": {}}
        text = json.dumps(body)[:-1] + ', "request_id": "$context.requestId"}'
        headers = {"Access-Control-Allow-Origin": f"'{stage.cors_origins[0]}'"}
        if status == 429:
            headers["Retry-After"] = "'1'"
        self.api.add_gateway_response(
            type_.response_type,
            type=type_,
            status_code=str(status) if status else None,
            response_headers=headers,
            templates={"application/json": text},
        )
