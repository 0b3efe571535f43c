"""Every route of the API: the function that serves it, and who may call it. Start here.

Paths are as the handlers declare them; API Gateway serves them under `/v1`.
tests/unit/test_routes.py holds this table and the handlers' decorators to each other.
"""

from dataclasses import dataclass
from typing import Literal

PREFIX = "v1"

Caller = Literal["all", "user", "holder", "organizer", "admin", "verifier"]
"""all: no credentials. user: a JWT, checked in the function. holder: a user who owns the ticket.
organizer, admin: a user who is that by usecases/authorize_organizer.py, of what the route names.
verifier: a terminal's x-api-key, checked by the authorizer `verifier_auth` before the function."""


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    path: str
    function: str
    caller: Caller


ROUTES = (
    Route("GET", "/health", "queries", "all"),
    Route("GET", "/events", "queries", "all"),
    Route("GET", "/events/{event_id}", "queries", "all"),
    Route("GET", "/events/{event_id}/tickets/types", "queries", "all"),
    Route("GET", "/events/{event_id}/report", "reports", "organizer"),
    Route("GET", "/events/{event_id}/check-ins", "reports", "organizer"),
    Route("GET", "/tickets/{token_id}", "queries", "all"),
    Route("GET", "/wallets/{address}/tickets", "queries", "all"),
    Route("GET", "/market/listings", "queries", "all"),
    Route("GET", "/market/listings/{listing_id}", "queries", "all"),
    Route("GET", "/market/auctions", "queries", "all"),
    Route("GET", "/market/trades", "queries", "all"),
    Route("GET", "/contracts", "queries", "all"),
    Route("GET", "/swap/quote", "swap", "all"),
    Route("GET", "/openapi.json", "docs", "all"),
    Route("GET", "/docs", "docs", "all"),
    Route("POST", "/auth/siwe/challenge", "auth", "all"),
    Route("POST", "/auth/siwe/verify", "auth", "all"),
    Route("POST", "/auth/refresh", "auth", "all"),
    Route("POST", "/auth/logout", "auth", "all"),
    Route("GET", "/auth/sessions", "auth", "user"),
    Route("DELETE", "/auth/sessions/{session_id}", "auth", "user"),
    Route("GET", "/users/me", "users", "user"),
    Route("PATCH", "/users/me", "users", "user"),
    Route("GET", "/admin/users", "users", "admin"),
    Route("PUT", "/admin/users/{wallet}/role", "users", "admin"),
    Route("GET", "/events/{event_id}/door-rules", "organizer", "organizer"),
    Route("PUT", "/events/{event_id}/door-rules", "organizer", "organizer"),
    Route("GET", "/verifiers", "organizer", "organizer"),
    Route("POST", "/verifiers", "organizer", "organizer"),
    Route("GET", "/verifiers/{verifier_id}", "organizer", "organizer"),
    Route("PATCH", "/verifiers/{verifier_id}", "organizer", "organizer"),
    Route("DELETE", "/verifiers/{verifier_id}", "organizer", "organizer"),
    Route("POST", "/verifiers/{verifier_id}/rotate", "organizer", "organizer"),
    Route("POST", "/tickets/{token_id}/qrcode", "tickets", "holder"),
    Route("POST", "/verify/scan", "verify", "verifier"),
    Route("POST", "/verify/scans", "verify", "verifier"),
    Route("POST", "/verify/undo", "verify", "verifier"),
    Route("GET", "/verify/manifest", "verify", "verifier"),
)
