"""The HTTP side of GET /health: load balancers and monitors look at the status alone."""

from http import HTTPStatus

STATUS = {"ok": HTTPStatus.OK, "unavailable": HTTPStatus.SERVICE_UNAVAILABLE}
"""By what usecases/check_health.py found."""
