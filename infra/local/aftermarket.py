"""The season's second half: resale, tickets used and revoked, swaps, and the fees of it all."""

from infra.local.blocks import call, calldata
from infra.local.contracts import artifacts
from infra.local.stage import DAY, ETHER, HOUR, TOKEN, Stage
from infra.local.wallets import ARIA, DOOR, HOLDER, MINA, NOAH, OMAR, PARTNER, PLATFORM, POOL

UNANNOUNCED_EVENT_ID = 4_242
"""An event that no EventCreated told of, for which an authorized minter mints."""


def resell(stage: Stage) -> None:
    ticket = stage.tickets
    listed = stage.play(
        stage.offer(MINA, ticket["floor_1"], 22 * TOKEN, 12 * ETHER // 1000, 30 * DAY),
        stage.offer(MINA, ticket["floor_2"], 0, 15 * ETHER // 1000, 20 * DAY),
        stage.offer(MINA, ticket["floor_3"], 30 * TOKEN, 0, 7 * DAY, accepts_eth=False),
        stage.offer(OMAR, ticket["floor_4"], 21 * TOKEN, 0, DAY),
        stage.offer(OMAR, ticket["floor_5"], 24 * TOKEN, 0, 10 * DAY),
        stage.offer(NOAH, ticket["balcony"], 0, ETHER // 40, 10 * DAY),
        stage.offer(OMAR, ticket["rained_off_1"], 4 * TOKEN, 0, 10 * DAY),
        stage.offer(OMAR, ticket["passed_on"], 0, ETHER // 50, 10 * DAY),
        age=3 * DAY,
    )
    stage.name_listings(
        listed, "in_both", "in_eth", "updated", "cancelled", "sold_in_token", "sold_in_eth",
        "blocked", "sold_to_contract",
    )  # fmt: skip
    ids, market = stage.listings, stage.on_market
    stage.play(
        # A duration of 0 keeps the expiry; ETH is still not taken, whatever its price.
        market(
            MINA, "updateListing(uint256,uint256,uint256,uint256)",
            ids["updated"], 25 * TOKEN, ETHER // 100, 0,
        ),
        market(OMAR, "cancelListing(uint256)", ids["cancelled"]),
        market(NOAH, "buyTicket(uint256)", ids["sold_in_token"]),
        market(MINA, "buyTicketWithEth(uint256)", ids["sold_in_eth"], value=ETHER // 40),
        market(
            OMAR, "createAuction(uint256,uint256,uint256,uint256,uint256,bool)",
            ticket["auctioned"], 10 * TOKEN, ETHER // 100, 20 * TOKEN, 9 * DAY, True,
        ),
        stage.give(OMAR, stage.suite.marketplace, ticket["stranded"]),
        # Its ticket can never leave escrow again, so the listing stays ACTIVE.
        stage.on_tickets(
            PLATFORM, "cancelTicket(uint256,string)", ticket["rained_off_1"], "Event called off"
        ),
        stage.on_tickets(
            PLATFORM, "cancelTicket(uint256,string)", ticket["rained_off_2"], "因雨取消"
        ),
        age=2 * DAY,
    )  # fmt: skip
    listed = stage.play(
        stage.offer(NOAH, ticket["floor_5"], 40 * TOKEN, 0, 5 * DAY), age=2 * DAY - HOUR
    )
    stage.name_listings(listed, "relisted")


def buy_as_contract(stage: Stage) -> None:
    """The buyer passes each ticket on while it is handed over, before it is logged as sold.

    One ticket is new, the other a resale; both end with HOLDER.
    """
    (created,) = stage.play(artifacts()["ContractWallet"].creation(PARTNER.address), age=DAY + HOUR)
    assert created.contract is not None
    wallet, seats = created.contract, [0]
    orders = (
        (stage.suite.event_manager, ETHER // 100, calldata(
            "purchaseTicketsWithEth(uint256,uint256,uint256,uint256[])",
            stage.events["door"], 0, len(seats), seats,
        )),
        (stage.suite.marketplace, ETHER // 50, calldata(
            "buyTicketWithEth(uint256)", stage.listings["sold_to_contract"]
        )),
    )  # fmt: skip
    _, (handed_on,), _ = stage.mint(
        call(PARTNER.address, wallet, "setPassOnTo(address)", HOLDER.address),
        *(
            call(
                PARTNER.address, wallet, "execute(address,bytes)", target,
                bytes.fromhex(order[2:]), value=price,
            )
            for target, price, order in orders
        ),
        age=DAY,
    )  # fmt: skip
    stage.tickets["handed_on"] = handed_on


def use_and_revoke(stage: Stage) -> None:
    """Tickets for an event that nobody announced, minted by an authorized minter."""
    now, event_id = stage.now, UNANNOUNCED_EVENT_ID
    guests = [MINA.address, NOAH.address, OMAR.address]
    (used,), (expired, revoked, fixed) = stage.mint(
        stage.on_tickets(
            PARTNER,
            "mintTicket(address,uint256,uint256,uint256,uint256,uint256,uint256,bool,string,string)",
            HOLDER.address, event_id, 1, 9 * TOKEN, 3, now - 30 * DAY, now + 30 * DAY,
            True, "Backstage", "ipfs://bafyguest",
        ),
        stage.on_tickets(
            PARTNER,
            "batchMintTickets(address[],uint256,uint256[],uint256,uint256,uint256,uint256,bool,string,string[])",
            guests, event_id, [2, 3, 4], 9 * TOKEN, 3, now - 30 * DAY, now - 10 * DAY,
            True, "Backstage", ["ipfs://bafyguest"] * len(guests),
        ),
        age=20 * HOUR,
    )  # fmt: skip
    stage.play(
        stage.on_tickets(DOOR, "useTicket(uint256)", used),
        stage.on_tickets(PLATFORM, "expireTickets(uint256[])", [expired]),
        stage.on_tickets(PLATFORM, "cancelTicket(uint256,string)", revoked, "Minted by mistake"),
        stage.on_tickets(PLATFORM, "setTicketTransferable(uint256,bool)", fixed, False),
        age=18 * HOUR,
    )
    stage.tickets |= {"used": used, "expired": expired, "revoked": revoked, "fixed": fixed}


def swap(stage: Stage) -> None:
    add, pool = "addLiquidity(uint256,uint256,uint256)", stage.suite.token_swap
    stage.play(stage.on_swap(POOL, add, 100_000 * TOKEN, 0, 0, value=50 * ETHER), age=16 * HOUR)
    out = stage.view(pool, "getTokenAmountOut(uint256)", ETHER)
    stage.play(
        stage.on_swap(HOLDER, "swapETHForTokens(uint256)", out * 99 // 100, value=ETHER),
        age=14 * HOUR,
    )
    out = stage.view(pool, "getETHAmountOut(uint256)", 1_000 * TOKEN)
    stage.play(
        stage.on_swap(MINA, "swapTokensForETH(uint256,uint256)", 1_000 * TOKEN, out * 99 // 100),
        stage.on_swap(PLATFORM, "setFeeRates(uint256,uint256)", 25, 10),
        stage.on_swap(POOL, add, 10_000 * TOKEN, 0, 0, value=50 * ETHER),
        stage.on_swap(POOL, "removeLiquidity(uint256,uint256,uint256)", 200 * TOKEN, 0, 0),
        age=12 * HOUR,
    )


def settle_up(stage: Stage) -> None:
    stage.play(
        stage.on_events(ARIA, "withdrawRevenue(bool)", False),
        stage.on_events(ARIA, "withdrawRevenue(bool)", True),
        stage.on_events(PLATFORM, "setPlatformFeeRate(uint256)", 300),
        stage.on_market(PLATFORM, "setPlatformFeeRate(uint256)", 200),
        stage.on_events(PLATFORM, "emergencyWithdraw(bool)", True),
        stage.on_tickets(PLATFORM, "pause()"),
        stage.on_tickets(PLATFORM, "unpause()"),
        age=0,  # and so the node's clock is right again
    )
