"""GET requests to the queries handler in this process, on rows written by hand."""

import json
from datetime import UTC, datetime
from time import time
from types import SimpleNamespace
from typing import Any

import pytest

from functions.queries.handler import lambda_handler
from onlineticket import resources
from onlineticket.domain import search
from onlineticket.store import tickets

NOW = int(time())
HOUR, DAY = 3600, 86_400
HUGE = 2**255
MARKET = "0x" + "33" * 20
ORGANIZER = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"
ORGANIZER_WRITTEN = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
ALICE = "0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359"
ALICE_WRITTEN = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
BOB = "0xdbf03b407c01e7cd3cbea99509d93f8dddc8c6fb"
BOB_WRITTEN = "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB"
"""EIP-55's own test vectors."""
CONTRACTS = json.dumps({
    "chain_id": 31337,
    "contracts": {
        name: "0x" + f"{number:040x}"
        for number, name in enumerate(
            ("EventManager", "TicketManager", "Marketplace", "TokenSwap", "PlatformToken"), 1
        )
    },
})  # fmt: skip


def at(unix_seconds: int) -> datetime:
    return datetime.fromtimestamp(unix_seconds, UTC)


def written(unix_seconds: int) -> str:
    return at(unix_seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


class Rows:
    """Writes rows of suite 1 (or another), with ordinary values for what a test does not say."""

    def __init__(self, conn: Any) -> None:
        self.conn = conn

    def insert(self, table: str, row: dict[str, Any]) -> None:
        names, holes = ", ".join(row), ", ".join(f"%({name})s" for name in row)
        self.conn.execute(f"INSERT INTO {table} ({names}) VALUES ({holes})", row)

    def event(self, event_id: int, **values: Any) -> None:
        row = {
            "suite_id": 1, "event_id": event_id, "organizer": ORGANIZER, "name": "夜曲 Nocturne",
            "start_time": at(NOW + DAY), "end_time": at(NOW + 2 * DAY), "status": "onsale",
            "approved": True, "revenue_token": HUGE, "revenue_eth": 0, "created_block": 5,
            "created_at": at(NOW - DAY), "updated_block": 6, "status_logged": True,
            "approval_logged": True, "read_block": 6, "description": "d", "image_url": "ipfs://i",
            "venue": "Hall", "requires_approval": True,
        }  # fmt: skip
        row |= values
        self.insert("events", row | {"grams": list(search.of_event(row["name"], row["venue"]))})

    def ticket_type(self, event_id: int, type_id: int, **values: Any) -> None:
        row = {
            "suite_id": 1, "event_id": event_id, "type_id": type_id, "name": "Floor", "price": 10,
            "total_supply": 100, "sold": 40, "created_block": 5, "updated_block": 6,
            "read_block": 6, "eth_price": HUGE, "presale_start": at(NOW - 2 * DAY),
            "sale_start": at(NOW - DAY), "sale_end": at(NOW + DAY), "is_transferable": True,
            "presale_only": False,
        }  # fmt: skip
        self.insert("ticket_types", row | values)

    def ticket(self, token_id: int, **values: Any) -> None:
        row = {
            "suite_id": 1, "token_id": token_id, "event_id": 1, "owner": ALICE, "holder": ALICE,
            "escrowed": False, "transfers": 0, "status": "valid", "seat_number": 0,
            "original_price": 10, "original_buyer": ALICE, "minted_block": 7,
            "minted_at": at(NOW - HOUR), "updated_block": 7, "read_block": 7, "category": 0,
            "seat_section": "A", "valid_from": at(NOW + DAY), "valid_until": at(NOW + 2 * DAY),
            "is_transferable": True,
        }  # fmt: skip
        self.insert("tickets", row | values)

    def listing(self, listing_id: int, token_id: int, **values: Any) -> None:
        row = {
            "suite_id": 1, "listing_id": listing_id, "token_id": token_id, "seller": ALICE,
            "price": 20, "eth_price": 0, "expires_at": at(NOW + DAY), "status": "active",
            "created_block": 8, "created_at": at(NOW - HOUR), "updated_block": 8, "read_block": 8,
            "accepts_eth": False,
        }  # fmt: skip
        self.insert("market_listings", row | self._event_of(token_id) | values)

    def auction(self, auction_id: int, token_id: int, **values: Any) -> None:
        row = {
            "suite_id": 1, "auction_id": auction_id, "token_id": token_id, "seller": ALICE,
            "starting_price": 5, "eth_starting_price": 0, "reserve_price": 9,
            "end_time": at(NOW + DAY), "status": "active", "created_block": 8,
            "created_at": at(NOW - HOUR), "updated_block": 8,
        }  # fmt: skip
        self.insert("auctions", row | self._event_of(token_id) | values)

    def bid(self, auction_id: int, block: int, **values: Any) -> None:
        row = {
            "suite_id": 1, "block_number": block, "log_index": 0, "auction_id": auction_id,
            "bidder": BOB, "amount": block, "in_eth": False, "bid_at": at(NOW - HOUR),
        }  # fmt: skip
        self.insert("bids", row | values)

    def sale(self, block: int, **values: Any) -> None:
        """Of two tickets, by the organizer."""
        row = {
            "suite_id": 1, "block_number": block, "log_index": 0, "side": "primary", "event_id": 1,
            "type_id": 0, "quantity": 2, "buyer": ALICE, "seller": ORGANIZER, "amount": 20,
            "in_eth": False, "traded_at": at(NOW - HOUR), "tx_hash": bytes([block] * 32),
        }  # fmt: skip
        self.insert("trades", row | values)

    def resale(self, block: int, token_id: int, **values: Any) -> None:
        row = {
            "suite_id": 1, "block_number": block, "log_index": 0, "side": "secondary",
            "quantity": 1, "listing_id": 7, "token_id": token_id, "buyer": BOB, "seller": ALICE,
            "amount": 30, "in_eth": True, "traded_at": at(NOW - HOUR),
            "tx_hash": bytes([block] * 32),
        }  # fmt: skip
        self.insert("trades", row | self._event_of(token_id) | values)

    def move(self, token_id: int, block: int, sender: str, receiver: str) -> None:
        """The raw log of an ERC-721 Transfer."""
        token, topics = token_id.to_bytes(32, "big"), [tickets.TRANSFER]
        topics += [bytes(12) + bytes.fromhex(one[2:]) for one in (sender, receiver)]
        row = {
            "suite_id": 1, "block_number": block, "block_hash": bytes([block] * 32),
            "block_time": NOW - HOUR, "tx_hash": bytes([block] * 32), "log_index": 3,
            "contract": "TicketManager", "address": b"a", "event_sig": tickets.TRANSFER,
            "subject": token, "topics": [*topics, token], "data": b"", "processed": True,
        }  # fmt: skip
        self.insert("events_raw", row)

    def _event_of(self, token_id: int) -> dict[str, Any]:
        """As the indexer does it: what is listed or sold is of its ticket's event."""
        found = self.conn.execute("SELECT event_id FROM tickets WHERE token_id = %s", [token_id])
        return {"event_id": next((row[0] for row in found), None)}

    def check_in(self, token_id: int) -> None:
        row = {
            "suite_id": 1, "verifier_id": "v", "scan_id": "00000000-0000-0000-0000-000000000001",
            "token_id": token_id, "event_id": 1, "ticket_check": "done", "admitted_at": at(NOW),
        }  # fmt: skip
        self.insert("check_ins", row)

    def indexed(self, block: int, suite_id: int = 1) -> None:
        row = {
            "suite_id": suite_id, "chain_id": 31337, "block_number": block, "block_hash": b"h",
            "block_time": at(NOW),
        }  # fmt: skip
        self.insert("blocks_processed", row)


def call(
    path: str, headers: dict[str, str] | None = None, *, method: str = "GET", **query: Any
) -> dict[str, Any]:
    """What a process answers that has kept nothing from earlier requests."""
    resources.cache.cache_clear()
    return call_warm(path, headers, method=method, **query)


def call_warm(
    path: str, headers: dict[str, str] | None = None, *, method: str = "GET", **query: Any
) -> dict[str, Any]:
    texts = {name.rstrip("_"): str(value) for name, value in query.items()}
    event = {
        "httpMethod": method,
        "path": f"/v1{path}",
        "headers": headers or {},
        "multiValueHeaders": {name: [value] for name, value in (headers or {}).items()},
        "queryStringParameters": texts or None,
        "multiValueQueryStringParameters": {k: [v] for k, v in texts.items()} or None,
        "requestContext": {"requestId": "r-1", "stage": "test"},
        "body": None,
        "isBase64Encoded": False,
    }
    context: Any = SimpleNamespace(
        function_name="queries", memory_limit_in_mb=1, invoked_function_arn="", aws_request_id=""
    )
    return lambda_handler(event, context)


def get(path: str, **query: Any) -> Any:
    answer = call(path, **query)
    assert answer["statusCode"] == 200, answer["body"]
    return json.loads(answer["body"])


def refusal(path: str, **query: Any) -> tuple[int, str]:
    answer = call(path, **query)
    body = json.loads(answer["body"])
    assert body.keys() == {"error_code", "message", "details", "request_id"}
    return answer["statusCode"], body["error_code"]


def ids(path: str, name: str, **query: Any) -> list[int]:
    return [int(item[name]) for item in get(path, **query)["items"]]


def without_a_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """DynamoDB is away: it slows, and breaks nothing."""
    monkeypatch.setenv("CACHE_TABLE", "away")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
