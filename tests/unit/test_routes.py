from importlib import import_module

import pytest

from infra.routes import ROUTES

FUNCTIONS = sorted({route.function for route in ROUTES})


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_handler_serves_exactly_its_routes(function: str) -> None:
    app = import_module(f"functions.{function}.handler").app
    paths = app.get_openapi_schema(title="any").paths
    served = {(m.upper(), path) for path, item in paths.items() for m in item.model_fields_set}
    assert served == {(r.method, r.path) for r in ROUTES if r.function == function}


def test_no_route_is_listed_twice() -> None:
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)
