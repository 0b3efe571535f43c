"""Marketplace: escrow, listings that expire in silence, auctions that never end."""

from infra.local.blocks import call, calldata
from infra.local.contracts import artifacts
from infra.local.stage import DAY, ETHER, HOUR
from infra.local.wallets import HOLDER, MINA, NOAH, PLATFORM
from tests.integration.contracts.theatre import ETH_PRICE, PRICE, Theatre, names_of

BUY, BUY_WITH_ETH = "buyTicket(uint256)", "buyTicketWithEth(uint256)"
UPDATE = "updateListing(uint256,uint256,uint256,uint256)"
AUCTION = "createAuction(uint256,uint256,uint256,uint256,uint256,bool)"
ACTIVE, SOLD, CANCELLED, EXPIRED = 0, 1, 2, 3


def test_a_listed_ticket_is_the_marketplaces_and_its_transfer_comes_first(theatre: Theatre) -> None:
    theatre.concert()
    token_id = theatre.bought()
    logs = theatre.do(theatre.offer(MINA, token_id, PRICE, ETH_PRICE, DAY))
    assert names_of(logs) == ["Transfer", "ListingCreated"]
    assert theatre.ask("TicketManager", "ownerOf", token_id) == theatre.suite.marketplace
    assert theatre.ask("Marketplace", "tokenToListing", token_id) == 1
    assert "acceptsEth" not in logs[1].args
    assert logs[1].args["expiresAt"] == theatre.ask("Marketplace", "getListingInfo", 1)["expiresAt"]


def test_a_sale_in_tokens_pays_the_seller_less_the_fee(theatre: Theatre) -> None:
    token_id = _listed(theatre)
    before = theatre.ask("PlatformToken", "balanceOf", MINA.address)
    logs = theatre.do(theatre.on_market(NOAH, BUY, 1))
    assert names_of(logs) == ["Transfer", "TicketSold"]
    assert logs[-1].args == {
        "listingId": 1, "tokenId": token_id, "buyer": NOAH.address, "seller": MINA.address,
        "price": PRICE, "paidWithEth": False,
    }  # fmt: skip
    gain = theatre.ask("PlatformToken", "balanceOf", MINA.address) - before
    rate = theatre.ask("Marketplace", "platformFeeRate")
    assert gain == PRICE * (10_000 - rate) // 10_000
    assert theatre.ask("Marketplace", "getListingInfo", 1)["status"] == SOLD
    assert theatre.refusal(theatre.on_market(NOAH, BUY, 1)) == "Marketplace: listing not active"


def test_a_cancelled_listing_gives_the_ticket_back_before_it_says_so(theatre: Theatre) -> None:
    token_id = _listed(theatre)
    cancel = "cancelListing(uint256)"
    assert theatre.refusal(theatre.on_market(NOAH, cancel, 1)) == "Marketplace: not seller"
    assert names_of(theatre.do(theatre.on_market(MINA, cancel, 1))) == [
        "Transfer", "ListingCancelled",
    ]  # fmt: skip
    assert theatre.ask("TicketManager", "ownerOf", token_id) == MINA.address
    assert theatre.ask("Marketplace", "getListingInfo", 1)["status"] == CANCELLED


def test_cleaning_up_expired_listings_logs_only_the_transfers_back(theatre: Theatre) -> None:
    token_id = _listed(theatre)
    cleanup = theatre.on_market(NOAH, "cleanupExpiredListings(uint256[])", [1, 99])
    assert theatre.do(cleanup) == []
    theatre.wait(DAY + 1)
    logs = theatre.do(cleanup)
    assert [(each.contract, each.event) for each in logs] == [("TicketManager", "Transfer")]
    assert logs[0].args["tokenId"] == token_id
    assert theatre.ask("Marketplace", "getListingInfo", 1)["status"] == EXPIRED
    assert theatre.ask("TicketManager", "ownerOf", token_id) == MINA.address


def test_an_expired_listing_is_active_unbuyable_and_can_be_revived(theatre: Theatre) -> None:
    _listed(theatre)
    theatre.wait(DAY + 1)
    assert theatre.ask("Marketplace", "getListingInfo", 1)["status"] == ACTIVE
    buy = theatre.on_market(NOAH, BUY, 1)
    assert theatre.refusal(buy) == "Marketplace: listing expired"
    in_eth = theatre.on_market(NOAH, BUY_WITH_ETH, 1, value=ETH_PRICE)
    assert theatre.refusal(in_eth) == "Marketplace: listing expired"
    theatre.do(theatre.on_market(MINA, UPDATE, 1, PRICE, 0, HOUR))
    assert "TicketSold" in names_of(theatre.do(buy))


def test_an_update_always_carries_the_expiry_in_force(theatre: Theatre) -> None:
    _listed(theatre)
    expires_at = theatre.ask("Marketplace", "getListingInfo", 1)["expiresAt"]
    (log,) = theatre.do(theatre.on_market(MINA, UPDATE, 1, 0, 2 * ETH_PRICE, 0))
    assert log.args == {
        "listingId": 1, "newPrice": 0, "newEthPrice": 2 * ETH_PRICE, "newExpiresAt": expires_at,
    }  # fmt: skip
    (log,) = theatre.do(theatre.on_market(MINA, UPDATE, 1, PRICE, 0, 5 * DAY))
    assert log.args["newExpiresAt"] == theatre.head_time() + 5 * DAY


def test_eth_is_taken_only_if_accepted_and_priced(theatre: Theatre) -> None:
    _listed(theatre, accepts_eth=False)
    in_eth = theatre.on_market(NOAH, BUY_WITH_ETH, 1, value=ETHER)
    assert theatre.refusal(in_eth) == "Marketplace: not for sale in ETH"
    token_id = theatre.bought()
    theatre.do(theatre.offer(MINA, token_id, PRICE, 0, DAY))
    in_eth = theatre.on_market(NOAH, BUY_WITH_ETH, 2, value=ETHER)
    assert theatre.refusal(in_eth) == "Marketplace: not for sale in ETH"


def test_either_price_may_be_0_but_not_both(theatre: Theatre) -> None:
    theatre.concert()
    token_id = theatre.bought()
    free = theatre.offer(MINA, token_id, 0, 0, DAY)
    assert theatre.refusal(free) == "Marketplace: invalid price"
    theatre.do(theatre.offer(MINA, token_id, 0, ETH_PRICE, DAY))
    in_tokens = theatre.on_market(NOAH, BUY, 1)
    assert theatre.refusal(in_tokens) == "Marketplace: not for sale in tokens"
    free = theatre.on_market(MINA, UPDATE, 1, 0, 0, 0)
    assert theatre.refusal(free) == "Marketplace: invalid price"


def test_a_listing_lasts_from_1_hour_to_30_days(theatre: Theatre) -> None:
    theatre.concert()
    token_id = theatre.bought()
    for duration in (HOUR - 1, 30 * DAY + 1):
        refused = theatre.refusal(theatre.offer(MINA, token_id, PRICE, 0, duration))
        assert refused == "Marketplace: invalid duration"
    assert theatre.do(theatre.offer(MINA, token_id, PRICE, 0, 30 * DAY))


def test_listing_needs_an_approval_and_ones_own_ticket(theatre: Theatre) -> None:
    theatre.concert()
    token_id = theatre.bought()
    revoke = "setApprovalForAll(address,bool)"
    theatre.do(theatre.on_tickets(MINA, revoke, theatre.suite.marketplace, False))
    offer = theatre.offer(MINA, token_id, PRICE, 0, DAY)
    assert theatre.refusal(offer) == "ERC721InsufficientApproval"
    offer = theatre.offer(NOAH, token_id, PRICE, 0, DAY)
    assert theatre.refusal(offer) == "Marketplace: not ticket owner"


def test_a_ticket_sent_straight_to_the_marketplace_is_held_without_a_listing(
    theatre: Theatre,
) -> None:
    theatre.concert()
    token_id = theatre.bought()
    logs = theatre.do(theatre.give(MINA, theatre.suite.marketplace, token_id))
    assert names_of(logs) == ["Transfer"]
    assert theatre.ask("Marketplace", "tokenToListing", token_id) == 0
    offer = theatre.offer(MINA, token_id, PRICE, 0, DAY)
    assert theatre.refusal(offer) == "Marketplace: not ticket owner"


def test_a_contract_buyer_may_pass_the_ticket_on_before_it_is_logged_as_sold(
    theatre: Theatre,
) -> None:
    token_id = _listed(theatre)
    wallet = theatre.create_wallet()
    purchase = bytes.fromhex(calldata(BUY_WITH_ETH, 1)[2:])
    logs = theatre.do(
        call(NOAH.address, wallet, "setPassOnTo(address)", HOLDER.address),
        call(
            NOAH.address, wallet, "execute(address,bytes)", theatre.suite.marketplace, purchase,
            value=ETH_PRICE,
        ),
    )  # fmt: skip
    assert names_of(logs) == ["Transfer", "Transfer", "TicketSold"]
    assert [each.args["to"] for each in logs[:2]] == [wallet, HOLDER.address]
    assert logs[2].args["buyer"] == wallet
    assert theatre.ask("TicketManager", "ownerOf", token_id) == HOLDER.address


def test_a_contract_wallet_can_not_sell_for_eth(theatre: Theatre) -> None:
    theatre.concert()
    token_id = theatre.bought()
    wallet, market = theatre.create_wallet(), theatre.suite.marketplace
    listing = calldata(
        "createListing(uint256,uint256,uint256,uint256,bool)", token_id, PRICE, ETH_PRICE, DAY, True
    )
    approval = calldata("setApprovalForAll(address,bool)", market, True)
    execute = "execute(address,bytes)"
    theatre.do(
        theatre.give(MINA, wallet, token_id),
        call(
            MINA.address, wallet, execute, theatre.suite.ticket_manager, bytes.fromhex(approval[2:])
        ),
        call(MINA.address, wallet, execute, market, bytes.fromhex(listing[2:])),
    )
    assert theatre.refusal(theatre.on_market(NOAH, BUY_WITH_ETH, 1, value=ETH_PRICE)) == ""
    assert "TicketSold" in names_of(theatre.do(theatre.on_market(NOAH, BUY, 1)))


def test_an_auctioned_ticket_never_leaves_escrow(theatre: Theatre) -> None:
    theatre.concert()
    token_id = theatre.bought()
    logs = theatre.do(
        theatre.on_market(MINA, AUCTION, token_id, PRICE, ETH_PRICE, 2 * PRICE, DAY, True)
    )
    assert names_of(logs) == ["Transfer", "AuctionCreated"]
    theatre.wait(2 * DAY)
    auction = theatre.ask("Marketplace", "auctions", 1)
    assert (auction["status"], auction["currentBid"], auction["seller"]) == (0, 0, MINA.address)
    assert theatre.ask("Marketplace", "tokenToAuction", token_id) == 1
    assert theatre.ask("TicketManager", "ownerOf", token_id) == theatre.suite.marketplace


def test_no_function_bids_or_ends_or_cancels_an_auction() -> None:
    functions = {
        each["name"] for each in artifacts()["Marketplace"].abi
        if each["type"] == "function" and each["stateMutability"] in ("payable", "nonpayable")
    }  # fmt: skip
    assert functions == {
        "buyTicket", "buyTicketWithEth", "cancelListing", "cleanupExpiredListings", "createAuction",
        "createListing", "onERC721Received", "renounceOwnership", "setPlatformFeeRate",
        "transferOwnership", "updateListing",
    }  # fmt: skip


def test_the_resale_fee_changes_without_a_log(theatre: Theatre) -> None:
    assert theatre.do(theatre.on_market(PLATFORM, "setPlatformFeeRate(uint256)", 100)) == []
    assert theatre.ask("Marketplace", "platformFeeRate") == 100


def _listed(theatre: Theatre, *, accepts_eth: bool = True) -> int:
    """A ticket of MINA's, in listing 1 for a day."""
    theatre.concert()
    token_id = theatre.bought()
    theatre.do(theatre.offer(MINA, token_id, PRICE, ETH_PRICE, DAY, accepts_eth=accepts_eth))
    return token_id
