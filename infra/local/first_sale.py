"""The season's first half: rights and money, events and ticket types, the first sale.

Ages are seconds before now: a chain that began in the past has these blocks at those times.
"""

from infra.local.stage import (
    CANCELLED,
    DAY,
    ENDED,
    ETHER,
    HOUR,
    ONSALE,
    PRESALE,
    PUBLISHED,
    SETTLED,
    TOKEN,
    Stage,
)
from infra.local.wallets import ARIA, BO, DOOR, HOLDER, MINA, NOAH, OMAR, PARTNER, PLATFORM, POOL

_MANY = 2**256 - 1


def found(stage: Stage) -> None:
    """Rights, money, allowances."""
    age = 39 * DAY
    organize, mint, verify = (
        "authorizeOrganizer(address,bool)",
        "setMinterAuthorization(address,bool)",
        "setVerifierAuthorization(address,bool)",
    )
    stage.play(
        stage.on_events(PLATFORM, organize, ARIA.address, True),
        stage.on_events(PLATFORM, organize, BO.address, True),
        stage.on_events(PLATFORM, organize, PARTNER.address, True),
        stage.on_events(PLATFORM, organize, PARTNER.address, False),
        stage.on_tickets(PLATFORM, mint, PARTNER.address, True),
        stage.on_tickets(PLATFORM, verify, DOOR.address, True),
        stage.on_tickets(PLATFORM, verify, NOAH.address, True),
        stage.on_tickets(PLATFORM, verify, NOAH.address, False),
        age=age,
    )
    buyers, approve = (HOLDER, MINA, NOAH, OMAR), "approve(address,uint256)"
    spenders = (stage.suite.event_manager, stage.suite.marketplace, stage.suite.token_swap)
    market = stage.suite.marketplace
    stage.play(
        *(
            stage.on_token(PLATFORM, "transfer(address,uint256)", each.address, amount * TOKEN)
            for each, amount in [*((buyer, 10_000) for buyer in buyers), (POOL, 200_000)]
        ),
        *(
            stage.on_token(each, approve, spender, _MANY)
            for each in (*buyers, POOL)
            for spender in spenders
        ),
        *(
            stage.on_tickets(each, "setApprovalForAll(address,bool)", market, True)
            for each in buyers
        ),
        stage.on_token(PLATFORM, "pause()"),
        stage.on_token(PLATFORM, "unpause()"),
        age=age - HOUR,
    )


def play_last_month(stage: Stage) -> None:
    """A concert from its announcement to its settlement; a listing that was left to expire."""
    created = stage.play(
        stage.announce(ARIA, "Winter Gala", "Old Opera", -10 * DAY, lasts=4 * HOUR), age=30 * DAY
    )
    stage.name_events(created, "winter")
    stage.play(
        stage.add_type(ARIA, "winter", "Stalls", 25 * TOKEN, ETHER // 50, 6),
        stage.move(ARIA, "winter", ONSALE),
        age=29 * DAY,
    )
    (admitted, missed), (cleaned, stuck), (revived,) = stage.mint(
        stage.buy(HOLDER, "winter", 0, [1, 2]),
        stage.buy_with_eth(MINA, "winter", 0, [3, 4], ETHER // 25),
        stage.buy(NOAH, "winter", 0, [5]),
        age=28 * DAY,
    )
    listed = stage.play(
        stage.offer(MINA, cleaned, 30 * TOKEN, 0, DAY),
        stage.offer(MINA, stuck, 30 * TOKEN, 0, DAY),
        stage.offer(NOAH, revived, 30 * TOKEN, 0, DAY),
        age=25 * DAY,
    )
    stage.name_listings(listed, "cleaned_up", "expired_in_escrow", "revived")
    ids = stage.listings
    stage.play(
        stage.on_market(OMAR, "cleanupExpiredListings(uint256[])", [ids["cleaned_up"]]),
        stage.on_market(
            NOAH, "updateListing(uint256,uint256,uint256,uint256)",
            ids["revived"], 28 * TOKEN, 0, 2 * DAY,
        ),
        age=20 * DAY,
    )  # fmt: skip
    stage.play(stage.on_market(OMAR, "buyTicket(uint256)", ids["revived"]), age=19 * DAY)
    stage.play(
        stage.on_tickets(DOOR, "useTicket(uint256)", admitted),
        stage.on_tickets(DOOR, "useTicket(uint256)", revived),
        age=10 * DAY - HOUR,
    )
    stage.play(
        stage.move(ARIA, "winter", ENDED),
        stage.on_tickets(PLATFORM, "expireTickets(uint256[])", [missed, cleaned, stuck]),
        age=9 * DAY,
    )
    stage.play(
        stage.move(ARIA, "winter", SETTLED),
        stage.on_events(ARIA, "withdrawRevenue(bool)", False),
        stage.on_events(ARIA, "withdrawRevenue(bool)", True),
        age=8 * DAY,
    )
    stage.tickets |= {"winter_admitted": admitted, "winter_missed": missed, "winter_stuck": stuck}


def announce(stage: Stage) -> None:
    created = stage.play(
        stage.announce(ARIA, "Night of Open Doors", "Harbour Hall", HOUR, lasts=3 * HOUR),
        stage.announce(BO, "山水音乐节 🎶", "上海世博公园", 60 * DAY, requires_approval=True),
        stage.announce(BO, "Never Approved", "Somewhere", 20 * DAY, requires_approval=True),
        stage.announce(ARIA, "Rain Check", "Open Air Stage", 10 * DAY),
        stage.announce(ARIA, "Working Title", "To Be Announced", 30 * DAY),
        stage.announce(BO, "Upside Down", "Hall of Mirrors", 15 * DAY),
        stage.announce(ARIA, "Chamber Music for Two", "Salon", 5 * DAY),
        stage.announce(BO, "Trio", "Cellar", 6 * DAY),
        stage.announce(BO, "Under Review", "Arena", 40 * DAY),
        stage.announce(PLATFORM, "Endless", "Grüne Bühne, Saal „Ω“", 50 * DAY),
        age=6 * DAY,
    )
    stage.name_events(
        created, "door", "mountains", "draft", "called_off", "renamed", "upside_down",
        "sold_out", "sold_out_in_eth", "suspended", "endless",
    )  # fmt: skip


def put_on_sale(stage: Stage) -> None:
    presale = (-40 * DAY, 20 * DAY, 59 * DAY)
    forever = (-stage.now, -stage.now, _MANY - stage.now)
    update = "updateEvent(uint256,string,string,string,string,uint256,uint256)"
    stage.play(
        stage.on_events(PLATFORM, "approveEvent(uint256,bool)", stage.events["mountains"], True),
        stage.move(BO, "mountains", PUBLISHED),
        # No log tells of these two. The second ends before it starts: only 2 > 1 was checked.
        stage.on_events(
            ARIA, update, stage.events["renamed"],
            "爵士之夜 (formerly Working Title)", "", "", "Blue Room", stage.now + 31 * DAY,
            stage.now + 31 * DAY + 5 * HOUR,
        ),
        stage.on_events(BO, update, stage.events["upside_down"], "", "Mind the end.", "", "", 1, 2),
        stage.add_type(ARIA, "door", "Floor", 20 * TOKEN, ETHER // 100, 200),
        stage.add_type(ARIA, "door", "Balcony", 35 * TOKEN, 0, 50),
        stage.add_type(ARIA, "door", "Members", 5 * TOKEN, ETHER // 500, 20, transferable=False),
        stage.add_type(BO, "mountains", "早鸟票", 88 * TOKEN, ETHER // 20, 100, sale=presale),
        stage.add_type(
            BO, "mountains", "VIP", 300 * TOKEN, ETHER // 5, 10, sale=presale, presale_only=True
        ),
        stage.add_type(BO, "draft", "Standard", 12 * TOKEN, ETHER // 200, 80),
        stage.add_type(ARIA, "called_off", "Meadow", 10 * TOKEN, ETHER // 200, 30),
        stage.add_type(ARIA, "renamed", "Table", 40 * TOKEN, ETHER // 40, 25),
        stage.add_type(BO, "upside_down", "Seat", 9 * TOKEN, ETHER // 250, 15),
        stage.add_type(ARIA, "sold_out", "Chair", 15 * TOKEN, ETHER // 100, 2),
        stage.add_type(BO, "sold_out_in_eth", "Barrel", 15 * TOKEN, ETHER // 100, 3),
        stage.add_type(BO, "suspended", "Ring", 10 * TOKEN, 0, 40),
        stage.add_type(PLATFORM, "endless", "∞", 2**255, 2**200, _MANY, sale=forever),
        stage.move(BO, "mountains", PRESALE),
        *(stage.move(ARIA, each, ONSALE) for each in ("door", "called_off", "sold_out")),
        *(stage.move(BO, each, ONSALE) for each in ("upside_down", "sold_out_in_eth", "suspended")),
        stage.move(PLATFORM, "endless", ONSALE),
        *(
            stage.on_events(
                BO, "addToPresaleWhitelist(uint256,uint256,address[])",
                stage.events["mountains"], type_id, [HOLDER.address, MINA.address],
            )
            for type_id in (0, 1)
        ),
        age=5 * DAY,
    )  # fmt: skip


def sell(stage: Stage) -> None:
    price = ETHER // 100
    sold = stage.mint(
        stage.buy(NOAH, "door", 1, [12, 13]),
        stage.buy_with_eth(MINA, "door", 0, [0, 0, 0], 3 * price),
        stage.buy_with_eth(OMAR, "door", 0, [0, 0], 5 * price),  # too much: the rest comes back
        stage.buy(NOAH, "door", 2, [0]),
        stage.buy(HOLDER, "door", 0, [0]),
        stage.buy(HOLDER, "mountains", 0, [7]),
        stage.buy_with_eth(MINA, "mountains", 1, [1], ETHER // 5),
        stage.buy_with_eth(OMAR, "called_off", 0, [0, 0], ETHER // 100),
        stage.buy(MINA, "sold_out", 0, [1]),
        stage.buy(NOAH, "sold_out", 0, [2]),
        stage.buy_with_eth(OMAR, "sold_out_in_eth", 0, [1, 2, 3], 3 * price),
        stage.buy(HOLDER, "suspended", 0, [0]),
        stage.buy(HOLDER, "upside_down", 0, [99]),
        age=4 * DAY,
    )
    names = (
        ("demo", "balcony"), ("floor_1", "floor_2", "floor_3"), ("floor_4", "floor_5"),
        ("members",), ("floor_6",), ("early_bird",), ("vip",), ("rained_off_1", "rained_off_2"),
        ("chair_1",), ("chair_2",), ("auctioned", "stranded", "passed_on"), ("ring",), ("upside",),
    )  # fmt: skip
    for group, ids in zip(names, sold, strict=True):
        stage.tickets |= dict(zip(group, ids, strict=True))
    stage.play(
        stage.on_events(PLATFORM, "approveEvent(uint256,bool)", stage.events["suspended"], False),
        stage.move(ARIA, "called_off", CANCELLED),
        stage.on_tickets(
            PLATFORM, "setEventPurchaseLimit(uint256,uint256)", stage.events["door"], 50
        ),
        stage.give(NOAH, HOLDER.address, stage.tickets["demo"]),
        stage.give(MINA, NOAH.address, stage.tickets["chair_1"]),
        stage.give(NOAH, OMAR.address, stage.tickets["chair_1"]),
        age=4 * DAY - HOUR,
    )
