"""The HTTP side of GET /health: load balancers and monitors look at the status alone."""

from http import HTTPStatus

from onlineticket.usecases.check_health import Outcome

STATUS: dict[Outcome, HTTPStatus] = {
    "ok": HTTPStatus.OK,
    "unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
}
