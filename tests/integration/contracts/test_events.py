"""EventManager: what it logs, and above all what it does not."""

import pytest

from infra.local.blocks import call, calldata
from infra.local.stage import CANCELLED, DAY, ETHER, ONSALE, PRESALE, PUBLISHED, TOKEN
from infra.local.wallets import ARIA, BO, HOLDER, MINA, NOAH, PLATFORM
from tests.integration.contracts.theatre import ETH_PRICE, PRICE, Theatre, names_of

DRAFT, SOLD_OUT = 0, 4
APPROVE = "approveEvent(uint256,bool)"
UPDATE = "updateEvent(uint256,string,string,string,string,uint256,uint256)"
BUY_WITH_ETH = "purchaseTicketsWithEth(uint256,uint256,uint256,uint256[])"
WHITELIST = "addToPresaleWhitelist(uint256,uint256,address[])"
MOVES = {0: {1, 5}, 1: {2, 3, 5}, 2: {3, 4, 5}, 3: {4, 5, 6}, 4: {5, 6}, 5: set(), 6: {7}, 7: set()}
WAYS: dict[int, list[int]] = {
    0: [], 1: [1], 2: [1, 2], 3: [1, 3], 4: [1, 3, 4], 5: [5], 6: [1, 3, 6], 7: [1, 3, 6, 7],
}  # fmt: skip


def test_event_without_approval_is_published_at_once_and_no_log_says_so(theatre: Theatre) -> None:
    logs = theatre.do(theatre.announce(ARIA, "Concert", "Hall", DAY))
    assert names_of(logs) == ["EventCreated"]
    assert set(logs[0].args) == {"eventId", "organizer", "name", "startTime", "endTime"}
    event = theatre.ask("EventManager", "getEventInfo", logs[0].args["eventId"])
    assert (event["status"], event["isApproved"], event["venue"]) == (PUBLISHED, True, "Hall")


def test_event_that_requires_approval_begins_as_an_unapproved_draft(theatre: Theatre) -> None:
    event_id = theatre.concert(requires_approval=True, status=DRAFT)
    event = theatre.ask("EventManager", "getEventInfo", event_id)
    assert (event["status"], event["isApproved"], event["requiresApproval"]) == (DRAFT, False, True)


def test_ids_of_events_start_at_1_and_of_types_at_0(theatre: Theatre) -> None:
    assert theatre.concert() == 1
    (log,) = theatre.do(theatre.add_type(ARIA, "concert", "Box", PRICE, 0, 5))
    assert (log.args["eventId"], log.args["typeId"]) == (1, 1)
    assert theatre.ask("EventManager", "getEventInfo", 1)["totalTicketTypes"] == 2


def test_updating_an_event_changes_everything_and_logs_nothing(theatre: Theatre) -> None:
    event_id = theatre.concert(status=PUBLISHED)
    times = theatre.now + 9 * DAY, theatre.now + 10 * DAY
    texts = ["音乐会", "New.", "ipfs://new", "Elsewhere"]
    assert theatre.do(theatre.on_events(ARIA, UPDATE, event_id, *texts, *times)) == []
    event = theatre.ask("EventManager", "getEventInfo", event_id)
    assert [event[each] for each in ("name", "description", "imageURI", "venue")] == texts
    assert (event["startTime"], event["endTime"]) == times


def test_an_empty_text_in_an_update_keeps_the_old_one(theatre: Theatre) -> None:
    event_id = theatre.concert(status=PUBLISHED)
    before = theatre.ask("EventManager", "getEventInfo", event_id)
    theatre.do(theatre.on_events(ARIA, UPDATE, event_id, "", "", "", "", 0, 0))
    assert theatre.ask("EventManager", "getEventInfo", event_id) == before


def test_an_update_can_put_the_end_before_the_start(theatre: Theatre) -> None:
    event_id = theatre.concert(status=PUBLISHED)
    before = theatre.ask("EventManager", "getEventInfo", event_id)
    theatre.do(theatre.on_events(ARIA, UPDATE, event_id, "", "", "", "", 1, 2))
    event = theatre.ask("EventManager", "getEventInfo", event_id)
    assert (event["startTime"], event["endTime"]) == (before["startTime"], 2)


def test_an_event_can_be_updated_only_as_draft_or_published(theatre: Theatre) -> None:
    event_id = theatre.concert(status=ONSALE)
    update = theatre.on_events(ARIA, UPDATE, event_id, "Other", "", "", "", 0, 0)
    assert theatre.refusal(update) == "EventManager: event not editable"


def test_withdrawn_approval_closes_the_sale_and_leaves_the_status(theatre: Theatre) -> None:
    event_id = theatre.concert()
    logs = theatre.do(theatre.on_events(PLATFORM, APPROVE, event_id, False))
    assert names_of(logs) == ["EventApproved"]
    assert logs[0].args == {"eventId": event_id, "approved": False}
    assert theatre.ask("EventManager", "getEventInfo", event_id)["status"] == ONSALE
    refused = theatre.refusal(theatre.buy(MINA, "concert", 0, [0]))
    assert refused == "EventManager: event not approved"


def test_an_organizer_may_publish_and_open_a_draft_that_nobody_approved(theatre: Theatre) -> None:
    event_id = theatre.concert(requires_approval=True, status=ONSALE)
    event = theatre.ask("EventManager", "getEventInfo", event_id)
    assert (event["status"], event["isApproved"]) == (ONSALE, False)
    refused = theatre.refusal(theatre.buy(MINA, "concert", 0, [0]))
    assert refused == "EventManager: event not approved"


@pytest.mark.parametrize("status", list(MOVES))
def test_only_the_allowed_moves_between_statuses_are_made(theatre: Theatre, status: int) -> None:
    event_id = theatre.concert(requires_approval=True, status=DRAFT)
    for step in WAYS[status]:
        theatre.do(theatre.move(ARIA, "concert", step))
    for target in range(8):
        move = theatre.move(ARIA, "concert", target)
        if target not in MOVES[status]:
            assert theatre.refusal(move) == "EventManager: invalid status transition"
            continue
        snapshot = theatre.node.call("evm_snapshot")
        (log,) = theatre.do(move)
        assert log.args == {"eventId": event_id, "oldStatus": status, "newStatus": target}
        theatre.node.call("evm_revert", [snapshot])


def test_losing_the_authorization_takes_no_right_over_events_already_made(theatre: Theatre) -> None:
    theatre.concert(status=PUBLISHED)
    organize = "authorizeOrganizer(address,bool)"
    (log,) = theatre.do(theatre.on_events(PLATFORM, organize, ARIA.address, False))
    assert log.args == {"organizer": ARIA.address, "authorized": False}
    assert names_of(theatre.do(theatre.move(ARIA, "concert", ONSALE))) == ["EventUpdated"]
    another = theatre.announce(ARIA, "Another", "Hall", DAY)
    assert theatre.refusal(another) == "EventManager: not authorized organizer"


def test_the_owner_may_do_all_that_organizers_may_and_others_nothing(theatre: Theatre) -> None:
    event_id = theatre.concert(status=PUBLISHED)
    assert theatre.do(theatre.announce(PLATFORM, "The owner's", "Hall", DAY))
    assert theatre.do(theatre.move(PLATFORM, "concert", ONSALE))
    for attempt in (
        theatre.move(BO, "concert", CANCELLED),
        theatre.on_events(BO, UPDATE, event_id, "Mine", "", "", "", 0, 0),
        theatre.add_type(BO, "concert", "Mine", PRICE, 0, 1),
        theatre.on_events(BO, WHITELIST, event_id, 0, [BO.address]),
    ):
        assert theatre.refusal(attempt) == "EventManager: not event organizer"
    for attempt in (
        theatre.on_events(ARIA, APPROVE, event_id, True),
        theatre.on_events(ARIA, "setPlatformFeeRate(uint256)", 0),
    ):
        assert theatre.refusal(attempt) == "OwnableUnauthorizedAccount"


def test_a_ticket_type_can_not_be_free_in_tokens(theatre: Theatre) -> None:
    theatre.concert()
    free = theatre.add_type(ARIA, "concert", "Free", 0, ETH_PRICE, 10)
    assert theatre.refusal(free) == "EventManager: invalid price"


def test_a_new_type_logs_neither_eth_price_nor_windows_nor_transferability(
    theatre: Theatre,
) -> None:
    theatre.concert()
    (log,) = theatre.do(theatre.add_type(ARIA, "concert", "Box", PRICE, ETH_PRICE, 10))
    assert set(log.args) == {"eventId", "typeId", "name", "price", "totalSupply"}


def test_an_eth_price_of_0_means_not_for_sale_in_eth(theatre: Theatre) -> None:
    theatre.concert(eth_price=0)
    refused = theatre.refusal(theatre.buy_with_eth(MINA, "concert", 0, [0], ETHER))
    assert refused == "EventManager: not for sale in ETH"


def test_selling_out_in_tokens_sets_the_status_and_logs_it_last(theatre: Theatre) -> None:
    event_id = theatre.concert(supply=2)
    logs = theatre.do(theatre.buy(MINA, "concert", 0, [0, 0]))
    assert names_of(logs)[-2:] == ["TicketPurchased", "EventUpdated"]
    assert logs[-1].args == {"eventId": event_id, "oldStatus": ONSALE, "newStatus": SOLD_OUT}


def test_selling_out_in_eth_changes_no_status(theatre: Theatre) -> None:
    event_id = theatre.concert(supply=2)
    logs = theatre.do(theatre.buy_with_eth(MINA, "concert", 0, [0, 0], 2 * ETH_PRICE))
    assert "EventUpdated" not in names_of(logs)
    assert theatre.ask("EventManager", "getEventInfo", event_id)["status"] == ONSALE
    assert theatre.ask("EventManager", "getTicketTypeInfo", event_id, 0)["sold"] == 2
    refused = theatre.refusal(theatre.buy(MINA, "concert", 0, [0]))
    assert refused == "EventManager: insufficient supply"


def test_one_type_sold_out_of_two_leaves_the_event_on_sale(theatre: Theatre) -> None:
    theatre.concert(supply=1)
    theatre.do(theatre.add_type(ARIA, "concert", "Box", PRICE, 0, 5))
    assert "EventUpdated" not in names_of(theatre.do(theatre.buy(MINA, "concert", 0, [0])))


def test_too_few_seats_panic_in_the_eth_path_alone(theatre: Theatre) -> None:
    event_id = theatre.concert()
    short = theatre.on_events(MINA, BUY_WITH_ETH, event_id, 0, 2, [1], value=2 * ETH_PRICE)
    assert theatre.refusal(short) == "Panic(0x32)"
    in_tokens = "purchaseTickets(uint256,uint256,uint256,uint256[])"
    for seats in ([1], [1, 2, 3]):
        refused = theatre.refusal(theatre.on_events(MINA, in_tokens, event_id, 0, 2, seats))
        assert refused == "EventManager: seat count mismatch"


def test_too_many_seats_are_cut_in_the_eth_path(theatre: Theatre) -> None:
    event_id = theatre.concert()
    logs = theatre.do(
        theatre.on_events(MINA, BUY_WITH_ETH, event_id, 0, 1, [7, 8, 9], value=ETH_PRICE)
    )
    assert [each.args["seatNumber"] for each in logs if each.event == "TicketMinted"] == [7]


def test_a_seat_is_sold_once_per_event_and_seat_0_any_number_of_times(theatre: Theatre) -> None:
    theatre.concert()
    theatre.do(theatre.buy(MINA, "concert", 0, [7, 0, 0]))
    again = theatre.buy_with_eth(NOAH, "concert", 0, [7], ETH_PRICE)
    assert theatre.refusal(again) == "TicketManager: seat already taken"
    theatre.concert()
    assert theatre.do(theatre.buy(NOAH, "concert", 0, [7]))


def test_an_overpaid_wallet_gets_the_rest_back(theatre: Theatre) -> None:
    theatre.concert()
    before = theatre.balance(MINA)
    theatre.do(theatre.buy_with_eth(MINA, "concert", 0, [0], ETHER))
    spent = before - theatre.balance(MINA)
    assert ETH_PRICE <= spent < ETH_PRICE + ETHER // 100  # the gas


def test_a_contract_wallet_that_overpays_is_refused_with_no_data(theatre: Theatre) -> None:
    event_id = theatre.concert()
    wallet = theatre.create_wallet()
    purchase = bytes.fromhex(calldata(BUY_WITH_ETH, event_id, 0, 1, [0])[2:])

    def paying(value: int) -> str | None:
        order = call(
            NOAH.address, wallet, "execute(address,bytes)", theatre.suite.event_manager, purchase,
            value=value,
        )  # fmt: skip
        if value > ETH_PRICE:
            return theatre.refusal(order)
        return "bought" if "TicketPurchased" in names_of(theatre.do(order)) else None

    assert paying(ETH_PRICE + 1) == ""
    assert paying(ETH_PRICE) == "bought"


def test_too_little_eth_is_refused(theatre: Theatre) -> None:
    theatre.concert()
    refused = theatre.refusal(theatre.buy_with_eth(MINA, "concert", 0, [0], ETH_PRICE - 1))
    assert refused == "EventManager: insufficient ETH"


@pytest.mark.parametrize(
    ("status", "sale", "presale_only", "whitelisted", "expected"),
    [
        (PRESALE, (-DAY, DAY, 2 * DAY), False, True, None),
        (PRESALE, (-DAY, DAY, 2 * DAY), True, True, None),
        (PRESALE, (-DAY, DAY, 2 * DAY), False, False, "EventManager: not in presale whitelist"),
        (ONSALE, (-DAY, DAY, 2 * DAY), False, True, "EventManager: presale not open"),
        (PRESALE, (-2 * DAY, -DAY, DAY), False, False, None),
        (ONSALE, (-2 * DAY, -DAY, DAY), False, False, None),
        (ONSALE, (-2 * DAY, -DAY, DAY), True, True, "EventManager: presale only"),
        (PUBLISHED, (-2 * DAY, -DAY, DAY), False, True, "EventManager: sale not open"),
        (ONSALE, (DAY, 2 * DAY, 3 * DAY), False, True, "EventManager: sale not open"),
        (ONSALE, (-3 * DAY, -2 * DAY, -DAY), False, True, "EventManager: sale not open"),
    ],
)
def test_a_sale_needs_its_window_and_its_status(
    theatre: Theatre,
    status: int,
    sale: tuple[int, int, int],
    presale_only: bool,
    whitelisted: bool,
    expected: str | None,
) -> None:
    event_id = theatre.concert(sale=sale, presale_only=presale_only, status=status)
    if whitelisted:
        assert theatre.do(theatre.on_events(ARIA, WHITELIST, event_id, 0, [MINA.address])) == []
    order = theatre.buy(MINA, "concert", 0, [0])
    if expected is None:
        assert "TicketPurchased" in names_of(theatre.do(order))
    else:
        assert theatre.refusal(order) == expected


def test_the_fee_is_inside_the_price_and_changes_without_a_log(theatre: Theatre) -> None:
    event_id = theatre.concert()
    assert theatre.do(theatre.on_events(PLATFORM, "setPlatformFeeRate(uint256)", 500)) == []
    logs = theatre.do(theatre.buy(MINA, "concert", 0, [0, 0]))
    assert logs[-1].args["totalCost"] == 2 * PRICE
    assert theatre.ask("EventManager", "getEventInfo", event_id)["totalRevenue"] == 2 * PRICE
    logs = theatre.do(theatre.on_events(ARIA, "withdrawRevenue(bool)", False))
    net = 2 * PRICE * 95 // 100
    assert logs[-1].args == {"organizer": ARIA.address, "amount": net, "isEth": False}


def test_token_shortfalls_are_the_tokens_own_errors(theatre: Theatre) -> None:
    theatre.concert(price=2_000 * TOKEN)
    assert theatre.refusal(theatre.buy(HOLDER, "concert", 0, [0])) == "ERC20InsufficientBalance"
    manager = theatre.suite.event_manager
    theatre.do(theatre.on_token(HOLDER, "approve(address,uint256)", manager, 5))
    assert theatre.refusal(theatre.buy(HOLDER, "concert", 0, [0])) == "ERC20InsufficientAllowance"


def test_token_and_tickets_pause_apart_and_both_say_enforced_pause(theatre: Theatre) -> None:
    theatre.concert()
    in_tokens = theatre.buy(MINA, "concert", 0, [0])
    in_eth = theatre.buy_with_eth(MINA, "concert", 0, [0], ETH_PRICE)
    theatre.do(theatre.on_token(PLATFORM, "pause()"))
    assert theatre.refusal(in_tokens) == "EnforcedPause"
    assert theatre.do(in_eth)
    theatre.do(theatre.on_token(PLATFORM, "unpause()"), theatre.on_tickets(PLATFORM, "pause()"))
    assert theatre.refusal(in_tokens) == theatre.refusal(in_eth) == "EnforcedPause"
    assert theatre.ask("EventManager", "paused") is False
