"""Random resales, told by the logs alone, against a Marketplace that keeps its own books.

The books are the contract's: what it stores, it stores; what it logs, and in which order, and what
it does not log at all, is what the Ledger gets to see.
"""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from tests.folding import ALICE, BOB, CAROL, MARKET, Ledger

PEOPLE = (ALICE, BOB, CAROL)


@dataclass
class Market:
    """TicketManager's owners and Marketplace's listings, as the contracts would answer for them."""

    ledger: Ledger
    owner: dict[int, str] = field(default_factory=dict)
    moves: dict[int, int] = field(default_factory=dict)
    seller: dict[int, str] = field(default_factory=dict)
    token: dict[int, int] = field(default_factory=dict)
    status: dict[int, str] = field(default_factory=dict)
    token_to_listing: dict[int, int] = field(default_factory=dict)

    def mint(self, token: int, to: str) -> None:
        self.ledger.mint(token, to)
        self.owner[token], self.moves[token] = to, 0

    def move(self, token: int, to: str) -> None:
        self.ledger.log("Transfer", self.owner[token], to, token)
        self.owner[token] = to
        self.moves[token] += 1

    def list_ticket(self, token: int) -> None:
        seller, listing = self.owner[token], len(self.status) + 1
        self.move(token, MARKET)
        self.seller[listing], self.token[listing] = seller, token
        self.status[listing] = "active"
        self.token_to_listing[token] = listing
        self.ledger.log("ListingCreated", listing, token, seller, 5, 0, self.ledger.now + 9)

    def close(self, listing: int, status: str) -> int:
        self.status[listing] = status
        token = self.token[listing]
        del self.token_to_listing[token]
        return token

    def cancel(self, listing: int) -> None:
        self.move(self.close(listing, "cancelled"), self.seller[listing])
        self.ledger.log("ListingCancelled", listing)

    def cleanup(self, listing: int) -> None:
        self.move(self.close(listing, "expired"), self.seller[listing])

    def buy(self, listing: int, buyer: str, callback: str) -> None:
        token = self.close(listing, "sold")
        self.move(token, buyer)
        match callback:
            case "pass it on":
                self.move(token, CAROL)
            case "send it back":
                self.move(token, MARKET)
            case "list it again":
                self.list_ticket(token)
        self.ledger.log("TicketSold", listing, token, buyer, self.seller[listing], 5, True)


ACTIONS = ("list", "list", "buy", "buy", "cancel", "clean up", "send", "send to the market")
CALLBACKS = ("none", "pass it on", "send it back", "list it again")
STEPS = st.tuples(
    st.sampled_from(ACTIONS), st.integers(1, 3), st.sampled_from(PEOPLE), st.sampled_from(CALLBACKS)
)


def step(market: Market, action: str, token: int, who: str, callback: str) -> None:
    """One transaction, if the contracts would allow it."""
    market.ledger.mine()
    listing, in_escrow = market.token_to_listing.get(token), market.owner[token] == MARKET
    match action:
        case "send" if not in_escrow:
            market.move(token, who)
        case "send to the market" if not in_escrow:
            market.move(token, MARKET)
        case "list" if not in_escrow:
            market.list_ticket(token)
        case "cancel" if listing:
            market.cancel(listing)
        case "clean up" if listing:
            market.cleanup(listing)
        case "buy" if listing:
            market.buy(listing, who, callback)


@given(st.lists(STEPS, max_size=30))
def test_the_rows_are_the_contracts_own_books(steps: list[tuple[str, int, str, str]]) -> None:
    market = Market(Ledger())
    for token, who in enumerate(PEOPLE, 1):
        market.mint(token, who)
    for one in steps:
        step(market, *one)
    state = market.ledger.state
    listings, tickets = state.listings.rows, state.tickets.rows
    assert {key: row.status for key, row in listings.items()} == market.status
    assert {key: row.owner for key, row in tickets.items()} == market.owner
    assert {key: row.transfers for key, row in tickets.items()} == market.moves
    assert {
        key: row.listing_id for key, row in tickets.items() if row.listing_id is not None
    } == market.token_to_listing
    assert all((row.closed_at is None) == (row.status == "active") for row in listings.values())
    assert len(state.trades) == list(market.status.values()).count("sold")
    for listing, token in ((listing, token) for token, listing in market.token_to_listing.items()):
        assert tickets[token].holder == market.seller[listing]
