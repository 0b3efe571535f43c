"""What holders, traders and the door do in a random season."""

from dataclasses import replace
from itertools import pairwise

from infra.local.blocks import Transaction
from infra.local.stage import DAY, ETHER, HOUR, TOKEN
from infra.local.wallets import DOOR, MINA, NOAH, OMAR, PARTNER, PLATFORM, POOL
from tests.chaos.random_draw import BUYERS, FAR, NAMES, WALLETS, Act, Draw

UNANNOUNCED = 4_242
"""An event that only tickets know of."""


# -- Tickets ---------------------------------------------------------------------------------------


def give(draw: Draw) -> list[Transaction]:
    token_id, owner = draw.ticket()
    by = owner if draw.chance(0.9) else MINA
    return [draw.stage.give(by, draw.one(BUYERS).address, token_id)]


def pass_around(draw: Draw) -> list[Transaction]:
    """Several hands in one block."""
    token_id, owner = draw.ticket()
    hands = [owner, *draw.random.sample(BUYERS, 3)]
    return [draw.stage.give(by, to.address, token_id) for by, to in pairwise(hands)]


def strand(draw: Draw) -> list[Transaction]:
    token_id, owner = draw.ticket()
    return [draw.stage.give(owner, draw.stage.suite.marketplace, token_id)]


def use(draw: Draw) -> list[Transaction]:
    by = draw.one((DOOR, DOOR, DOOR, NOAH))
    return [draw.stage.on_tickets(by, "useTicket(uint256)", draw.any_ticket())]


def revoke(draw: Draw) -> list[Transaction]:
    signature = "cancelTicket(uint256,string)"
    return [draw.stage.on_tickets(PLATFORM, signature, draw.any_ticket(), draw.one(NAMES))]


def expire(draw: Draw) -> list[Transaction]:
    tickets = [draw.any_ticket() for _ in range(3)]
    return [draw.stage.on_tickets(PLATFORM, "expireTickets(uint256[])", tickets)]


def fix_silently(draw: Draw) -> list[Transaction]:
    signature = "setTicketTransferable(uint256,bool)"
    token_id = draw.any_ticket()
    return [draw.stage.on_tickets(PLATFORM, signature, token_id, draw.chance(0.5))]


def mint(draw: Draw, count: int = 0) -> list[Transaction]:
    event_id = draw.one((UNANNOUNCED, *draw.scene.organizers))
    guests = [draw.one(BUYERS).address for _ in range(count or draw.one((1, 2, 4)))]
    until = draw.stage.now + draw.one((-HOUR, DAY, FAR - draw.stage.now))
    return [
        draw.stage.on_tickets(
            PARTNER, "batchMintTickets(address[],uint256,uint256[],uint256,uint256,uint256,"
            "uint256,bool,string,string[])", guests, event_id, [0] * len(guests),
            draw.one((0, 9 * TOKEN, FAR)), draw.one((0, 1, 3)), draw.stage.now - DAY, until,
            draw.chance(0.9), draw.one(NAMES), ["ipfs://guest"] * len(guests),
        )
    ]  # fmt: skip


def pause(draw: Draw) -> list[Transaction]:
    return [
        draw.stage.on_tickets(PLATFORM, "pause()"),
        *give(draw),
        draw.stage.on_tickets(PLATFORM, "unpause()"),
    ]


def full_house(draw: Draw) -> list[Transaction]:
    """Nearly as many tickets as a block has room for."""
    return [replace(each, gas=28_000_000) for each in mint(draw, 70)]


# -- The market ------------------------------------------------------------------------------------


def offer(draw: Draw) -> list[Transaction]:
    token_id, owner = draw.ticket()
    price, in_eth = draw.one(((9 * TOKEN, ETHER // 90), (0, ETHER // 99), (TOKEN, 0), (0, 0)))
    duration = draw.one((HOUR, HOUR, DAY, 30 * DAY, 60))
    accepts_eth = draw.chance(0.8)
    return [draw.stage.offer(owner, token_id, price, in_eth, duration, accepts_eth=accepts_eth)]


def offer_and_buy(draw: Draw) -> list[Transaction]:
    """A ticket listed, bought, and listed and cancelled by its buyer, all in one block."""
    token_id, owner = draw.ticket()
    listing_id, buyer = draw.scene.last_listing + 1, draw.one(BUYERS)
    duration, market = DAY, draw.stage.on_market
    return [
        draw.stage.offer(owner, token_id, TOKEN, 0, duration),
        market(buyer, "buyTicket(uint256)", listing_id),
        draw.stage.offer(buyer, token_id, 2 * TOKEN, ETHER // 50, duration),
        market(buyer, "cancelListing(uint256)", listing_id + 1),
    ][: draw.one((2, 3, 4))]


def reprice(draw: Draw) -> list[Transaction]:
    listing_id, listing = draw.listing()
    return [
        draw.stage.on_market(
            WALLETS.get(listing.seller, MINA),
            "updateListing(uint256,uint256,uint256,uint256)", listing_id,
            draw.one((0, 3 * TOKEN)), draw.one((0, ETHER // 70)), draw.one((0, 0, DAY)),
        )
    ]  # fmt: skip


def cancel(draw: Draw) -> list[Transaction]:
    listing_id, listing = draw.listing()
    by = WALLETS.get(listing.seller, MINA) if draw.chance(0.9) else MINA
    return [draw.stage.on_market(by, "cancelListing(uint256)", listing_id)]


def buy_listing(draw: Draw) -> list[Transaction]:
    listing_id, listing = draw.listing()
    by = draw.one(BUYERS)
    if listing.price and draw.chance(0.5):
        return [draw.stage.on_market(by, "buyTicket(uint256)", listing_id)]
    value = listing.eth_price + draw.one((0, 0, 7))
    return [draw.stage.on_market(by, "buyTicketWithEth(uint256)", listing_id, value=value)]


def clean_up(draw: Draw) -> list[Transaction]:
    chosen = [each for each in draw.scene.listings if draw.chance(0.5)]
    return [draw.stage.on_market(OMAR, "cleanupExpiredListings(uint256[])", chosen)]


def auction(draw: Draw) -> list[Transaction]:
    token_id, owner = draw.ticket()
    return [
        draw.stage.on_market(
            owner, "createAuction(uint256,uint256,uint256,uint256,uint256,bool)",
            token_id, TOKEN, draw.one((0, ETHER)), 2 * TOKEN, DAY, draw.chance(0.5),
        )
    ]  # fmt: skip


# -- The pool --------------------------------------------------------------------------------------


def add_liquidity(draw: Draw) -> list[Transaction]:
    signature, tokens = "addLiquidity(uint256,uint256,uint256)", draw.one((100, 5_000)) * TOKEN
    return [draw.stage.on_swap(POOL, signature, tokens, 0, 0, value=ETHER)]


def remove_liquidity(draw: Draw) -> list[Transaction]:
    signature = "removeLiquidity(uint256,uint256,uint256)"
    return [draw.stage.on_swap(POOL, signature, draw.one((1, TOKEN)), 0, 0)]


def swap(draw: Draw) -> list[Transaction]:
    """With a minimum that fits the pool as it is now: a second swap in one block reverts."""
    by, tokens, eth = draw.one(BUYERS), draw.one((1, 30)) * TOKEN, ETHER // 50
    pool = draw.stage.suite.token_swap
    if draw.stage.view(pool, "reserveToken()") == 0:
        return [draw.stage.on_swap(by, "swapETHForTokens(uint256)", 1, value=eth)]
    if draw.chance(0.5):
        out = draw.stage.view(pool, "getTokenAmountOut(uint256)", eth)
        signature = "swapETHForTokens(uint256)"
        return [draw.stage.on_swap(by, signature, out * 95 // 100, value=eth)]
    out = draw.stage.view(pool, "getETHAmountOut(uint256)", tokens)
    signature = "swapTokensForETH(uint256,uint256)"
    return [draw.stage.on_swap(by, signature, tokens, out * 95 // 100)]


WEIGHTS: dict[Act, float] = {
    give: 4, pass_around: 2, strand: 1, use: 3, revoke: 1, expire: 2, fix_silently: 1, mint: 2,
    pause: 0.5,
    offer: 12, offer_and_buy: 4, reprice: 5, cancel: 4, buy_listing: 9, clean_up: 6, auction: 2,
    add_liquidity: 2, remove_liquidity: 1, swap: 3,
}  # fmt: skip
