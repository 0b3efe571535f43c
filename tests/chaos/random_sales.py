"""What organizers, buyers of new tickets and the platform do in a random season."""

from infra.local.blocks import Transaction, calldata
from infra.local.stage import DAY, HOUR, TOKEN
from infra.local.wallets import ARIA, BO, DOOR, HOLDER, MINA, NOAH, PARTNER, PLATFORM
from tests.chaos.random_draw import BUYERS, FAR, NAMES, ORGANIZERS, WALLETS, Act, Draw, eth_price

MOVES = {0: (1, 5), 1: (2, 3, 5), 2: (3, 4, 5), 3: (4, 5, 6), 4: (5, 6), 6: (7,)}
"""The changes of an event's status that the contract allows."""


# -- Events ----------------------------------------------------------------------------------------


def announce(draw: Draw) -> list[Transaction]:
    by, starts_in = draw.one((*ORGANIZERS, MINA)), draw.one((30, HOUR, DAY, 20 * DAY))
    lasts = draw.one((60, HOUR, DAY, FAR - draw.stage.now - starts_in))
    return [
        draw.stage.announce(
            by, draw.one(NAMES), draw.one(NAMES), starts_in,
            lasts=lasts, requires_approval=draw.chance(0.5),
        )
    ]  # fmt: skip


def open_sale(draw: Draw) -> list[Transaction]:
    """All that is needed to sell, in one block."""
    event_id, by = draw.event()
    approve = draw.stage.on_events(PLATFORM, "approveEvent(uint256,bool)", event_id, True)
    moves = [draw.stage.move(by, str(event_id), status) for status in (1, 3)]
    return [*add_type(draw, event_id), approve, *moves]


def approve(draw: Draw) -> list[Transaction]:
    event_id, _ = draw.event()
    by = PLATFORM if draw.chance(0.9) else ARIA
    signature = "approveEvent(uint256,bool)"
    return [draw.stage.on_events(by, signature, event_id, draw.chance(0.7))]


def move(draw: Draw) -> list[Transaction]:
    event_id, by = draw.event()
    fitting = MOVES.get(draw.scene.statuses.get(event_id, draw.one((0, 1))), ())
    status = draw.one(fitting if fitting and draw.chance(0.8) else range(8))
    return [draw.stage.move(by, str(event_id), status)]


def update_silently(draw: Draw) -> list[Transaction]:
    still = [each for each in draw.scene.organizers if each not in draw.scene.statuses]
    event_id, by = draw.event(still if draw.chance(0.8) else None)
    starts = draw.stage.now + draw.one((-DAY, HOUR, 2 * DAY))
    return [
        draw.stage.on_events(
            by, "updateEvent(uint256,string,string,string,string,uint256,uint256)", event_id,
            draw.one(("", *NAMES)), draw.one(("", *NAMES)), draw.one(("", "ipfs://new")),
            draw.one(("", *NAMES)), draw.one((1, starts)), draw.one((2, starts + DAY)),
        )
    ]  # fmt: skip


def add_type(draw: Draw, event_id: int | None = None) -> list[Transaction]:
    if event_id is None:
        event_id, _ = draw.event()
    by = WALLETS[draw.scene.organizers[event_id]]
    price = draw.one((*(7 * TOKEN + 1, 9 * TOKEN + 7, 20 * TOKEN) * 3, 0, 2**255 + 1))
    sale = draw.one(((-DAY, -DAY, FAR),) * 6 + ((-DAY, DAY, 2 * DAY), (0, HOUR, FAR)))
    times = [min(draw.stage.now + each, FAR) - draw.stage.now for each in sale]
    return [
        draw.stage.add_type(
            by, str(event_id), draw.one(NAMES), price, eth_price(price),
            draw.one((1, 2, 9, 50, 50, FAR)), sale=(times[0], times[1], times[2]),
            transferable=draw.chance(0.85), presale_only=draw.chance(0.1),
        )
    ]  # fmt: skip


def invite(draw: Draw) -> list[Transaction]:
    event_id, type_id = draw.ticket_type()
    by = WALLETS[draw.scene.organizers[event_id]]
    signature = "addToPresaleWhitelist(uint256,uint256,address[])"
    guests = [each.address for each in BUYERS]
    return [draw.stage.on_events(by, signature, event_id, type_id, guests)]


def withdraw(draw: Draw) -> list[Transaction]:
    in_eth = draw.chance(0.5)
    return [draw.stage.on_events(by, "withdrawRevenue(bool)", in_eth) for by in ORGANIZERS]


# -- The first sale --------------------------------------------------------------------------------


def buy(draw: Draw) -> list[Transaction]:
    event_id, type_id = draw.ticket_type()
    return [draw.stage.buy(draw.one(BUYERS), str(event_id), type_id, draw.seats())]


def buy_with_eth(draw: Draw) -> list[Transaction]:
    event_id, type_id = draw.ticket_type()
    seats, excess = draw.seats(), draw.one((0, 0, 5, -1))
    value = draw.eth_cost(event_id, type_id, len(seats)) + excess
    by = draw.one(BUYERS)
    return [draw.stage.buy_with_eth(by, str(event_id), type_id, seats, max(value, 0))]


def buy_as_contract(draw: Draw) -> list[Transaction]:
    """The contract may pass the ticket on before it is told to have bought it."""
    event_id, type_id = draw.ticket_type()
    heir = draw.one((HOLDER.address, draw.stage.suite.marketplace, "0x" + "00" * 20))
    order = calldata(
        "purchaseTicketsWithEth(uint256,uint256,uint256,uint256[])", event_id, type_id, 1, [0]
    )
    price = draw.eth_cost(event_id, type_id, 1)
    bought = draw.as_contract(heir, draw.stage.suite.event_manager, order, price)
    if not draw.scene.listings:
        return bought
    listing_id, listing = draw.listing()
    order = calldata("buyTicketWithEth(uint256)", listing_id)
    market = draw.stage.suite.marketplace
    return bought + draw.as_contract(heir, market, order, listing.eth_price)


# -- The platform ----------------------------------------------------------------------------------


def authorize(draw: Draw) -> list[Transaction]:
    whom, given = draw.one((NOAH, PARTNER, BO, DOOR)).address, draw.chance(0.7)
    authorize_on, signature = draw.one(
        (
            (draw.stage.on_events, "authorizeOrganizer(address,bool)"),
            (draw.stage.on_tickets, "setMinterAuthorization(address,bool)"),
            (draw.stage.on_tickets, "setVerifierAuthorization(address,bool)"),
        )
    )
    return [authorize_on(PLATFORM, signature, whom, given)]


def set_rates(draw: Draw) -> list[Transaction]:
    rates, fees = draw.one(((25, 10), (100, 0), (2_000, 0))), "setFeeRates(uint256,uint256)"
    return [
        draw.stage.on_swap(PLATFORM, fees, *rates),
        draw.stage.on_market(PLATFORM, "setPlatformFeeRate(uint256)", draw.one((0, 300))),
    ]


WEIGHTS: dict[Act, float] = {
    announce: 2, open_sale: 4, approve: 1, move: 2, update_silently: 2, add_type: 2, invite: 1,
    withdraw: 1, buy: 7, buy_with_eth: 6, buy_as_contract: 2, authorize: 1, set_rates: 1,
}  # fmt: skip
