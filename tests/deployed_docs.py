"""The function `docs` as it is deployed: its handler beside the description made of all others."""

import shutil
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from infra.local.run import ROOT
from infra.openapi.__main__ import write
from onlineticket.api.http import Handler


def deploy(folder: Path) -> Handler:
    """The handler, from a folder that has what its asset has."""
    write(folder)
    shutil.copy(ROOT / "functions" / "docs" / "handler.py", folder)
    spec = spec_from_file_location("deployed_docs_handler", folder / "handler.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    handler: Handler = module.lambda_handler
    return handler


def ask(
    handler: Handler, path: str, method: str = "GET", stage: str = "", **headers: str
) -> tuple[int, str, dict[str, Any]]:
    """(status, body, headers) of a path below /v1; `stage` is what API Gateway has before that."""
    event = {
        "httpMethod": method,
        "path": f"/v1{path}",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "requestContext": {"requestId": "r-1", "stage": "test", "path": f"{stage}/v1{path}"},
        "body": None,
        "isBase64Encoded": False,
    }
    context: Any = SimpleNamespace(
        function_name="docs", memory_limit_in_mb=1, invoked_function_arn="", aws_request_id=""
    )
    answer = handler(event, context)
    return answer["statusCode"], answer["body"], answer["multiValueHeaders"]
