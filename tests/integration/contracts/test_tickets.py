"""TicketManager: mints, statuses, and what they do to a ticket in escrow."""

import pytest

from infra.local.blocks import Transaction, call, calldata
from infra.local.stage import DAY, HOUR, TOKEN
from infra.local.wallets import ARIA, DOOR, HOLDER, MINA, NOAH, PARTNER, PLATFORM
from tests.integration.contracts.theatre import ETH_PRICE, PRICE, Theatre, names_of

CANCEL, EXPIRE, USE = (
    "cancelTicket(uint256,string)",
    "expireTickets(uint256[])",
    "useTicket(uint256)",
)
MINT = "mintTicket(address,uint256,uint256,uint256,uint256,uint256,uint256,bool,string,string)"
BATCH = (
    "batchMintTickets(address[],uint256,uint256[],uint256,uint256,uint256,uint256,bool,string,"
    "string[])"
)
VALID, USED, REVOKED, EXPIRED = 0, 1, 2, 3


def test_a_mint_logs_transfer_metadata_update_and_ticket_minted_before_the_purchase(
    theatre: Theatre,
) -> None:
    event_id = theatre.concert()
    logs = theatre.do(theatre.buy_with_eth(MINA, "concert", 0, [4, 5], 2 * ETH_PRICE))
    one = ["Transfer", "MetadataUpdate", "TicketMinted"]
    assert names_of(logs) == [*one, *one, "TicketPurchased"]
    assert logs[0].args == {"from": "0x" + "00" * 20, "to": MINA.address, "tokenId": 1}
    # The price is the type's in tokens, though ETH was paid.
    assert logs[2].args == {
        "tokenId": 1, "eventId": event_id, "buyer": MINA.address, "seatNumber": 4, "price": PRICE,
    }  # fmt: skip
    assert logs[-1].args == {
        "eventId": event_id, "typeId": 0, "buyer": MINA.address, "quantity": 2,
        "totalCost": 2 * ETH_PRICE, "paidWithEth": True,
    }  # fmt: skip


def test_a_bought_ticket_takes_category_section_and_validity_from_its_sale(
    theatre: Theatre,
) -> None:
    event_id = theatre.concert(transferable=False)
    theatre.do(theatre.add_type(ARIA, "concert", "Box", 30 * TOKEN, 0, 5))
    theatre.do(theatre.buy(MINA, "concert", 1, [9]))
    ticket = theatre.ask("TicketManager", "getTicketInfo", 1)
    event = theatre.ask("EventManager", "getEventInfo", event_id)
    assert (ticket["category"], ticket["seatSection"], ticket["seatNumber"]) == (1, "Box", 9)
    assert (ticket["validFrom"], ticket["validUntil"]) == (event["startTime"], event["endTime"])
    assert (ticket["originalBuyer"], ticket["originalPrice"]) == (MINA.address, 30 * TOKEN)


def test_a_minter_may_mint_for_an_event_that_was_never_announced(theatre: Theatre) -> None:
    authorize = "setMinterAuthorization(address,bool)"
    mint = theatre.on_tickets(
        PARTNER, MINT, HOLDER.address, 777, 1, TOKEN, 3, 0, 2**256 - 1, True, "Pit", "ipfs://x"
    )
    assert theatre.refusal(mint) == "TicketManager: not authorized minter"
    (log,) = theatre.do(theatre.on_tickets(PLATFORM, authorize, PARTNER.address, True))
    assert (log.event, log.args) == (
        "MinterAuthorized", {"account": PARTNER.address, "authorized": True},
    )  # fmt: skip
    assert names_of(theatre.do(mint)) == ["Transfer", "MetadataUpdate", "TicketMinted"]
    assert theatre.ask("TicketManager", "getTicketInfo", 1)["eventId"] == 777
    assert theatre.ask("TicketManager", "isTicketValid", 1) is True
    assert theatre.ask("TicketManager", "tokenURI", 1) == "ipfs://x"


def test_a_batch_has_100_tickets_at_most(theatre: Theatre) -> None:
    theatre.do(
        theatre.on_tickets(PLATFORM, "setMinterAuthorization(address,bool)", PARTNER.address, True)
    )

    def batch(size: int) -> Transaction:
        many = [HOLDER.address] * size, 7, [0] * size, TOKEN, 0, 0, 9, True, "A", [""] * size
        raw = theatre.on_tickets(PARTNER, BATCH, *many)
        return Transaction(raw.sender, raw.to, raw.data, gas=16_000_000)

    assert theatre.refusal(batch(101)) == "TicketManager: batch too large"
    assert len(theatre.do(batch(50))) == 150


def test_a_purchase_limit_counts_per_buyer_and_is_set_without_a_log(theatre: Theatre) -> None:
    event_id = theatre.concert()
    limit = "setEventPurchaseLimit(uint256,uint256)"
    assert theatre.do(theatre.on_tickets(PLATFORM, limit, event_id, 2)) == []
    theatre.do(theatre.buy(MINA, "concert", 0, [0, 0]))
    refused = theatre.refusal(theatre.buy(MINA, "concert", 0, [0]))
    assert refused == "TicketManager: purchase limit exceeded"
    assert theatre.do(theatre.buy(NOAH, "concert", 0, [0]))


def test_a_ticket_can_be_used_only_by_a_verifier_and_not_before_the_event(theatre: Theatre) -> None:
    theatre.concert()
    token_id = theatre.bought()
    use = theatre.on_tickets(DOOR, USE, token_id)
    assert theatre.refusal(use) == "TicketManager: not authorized verifier"
    _authorize_door(theatre)
    assert theatre.refusal(use) == "TicketManager: outside validity period"
    theatre.wait(2 * DAY + HOUR)
    logs = theatre.do(use)
    assert names_of(logs) == ["TicketStatusChanged", "TicketUsed"]
    assert logs[0].args == {"tokenId": token_id, "oldStatus": VALID, "newStatus": USED}
    assert theatre.refusal(use) == "TicketManager: ticket not valid"


def test_a_cancelled_ticket_logs_its_reason_and_its_status(theatre: Theatre) -> None:
    event_id = theatre.concert()
    token_id = theatre.bought()
    assert theatre.refusal(theatre.on_tickets(MINA, CANCEL, token_id, "")) == (
        "OwnableUnauthorizedAccount"
    )
    logs = theatre.do(theatre.on_tickets(PLATFORM, CANCEL, token_id, "因雨取消"))
    assert names_of(logs) == ["TicketStatusChanged", "TicketCancelled"]
    assert logs[1].args == {"tokenId": token_id, "eventId": event_id, "reason": "因雨取消"}


def test_expired_tickets_log_their_status_only(theatre: Theatre) -> None:
    theatre.concert()
    token_id = theatre.bought()
    theatre.wait(3 * DAY)
    logs = theatre.do(theatre.on_tickets(PLATFORM, EXPIRE, [token_id]))
    assert [(each.event, each.args["newStatus"]) for each in logs] == [
        ("TicketStatusChanged", EXPIRED)
    ]


def test_only_a_valid_transferable_ticket_moves(theatre: Theatre) -> None:
    theatre.concert(transferable=False)
    fixed = theatre.give(MINA, NOAH.address, theatre.bought())
    assert theatre.refusal(fixed) == "TicketManager: ticket not transferable"
    theatre.concert()
    token_id = theatre.bought()
    theatre.do(theatre.on_tickets(PLATFORM, CANCEL, token_id, ""))
    for attempt in (
        theatre.give(MINA, NOAH.address, token_id),
        theatre.offer(MINA, token_id, PRICE, 0, DAY),
    ):
        assert theatre.refusal(attempt) == "TicketManager: ticket not valid"


def test_tickets_that_are_not_there_or_not_ones_own_are_erc_721_errors(theatre: Theatre) -> None:
    theatre.concert()
    token_id = theatre.bought()
    move = "safeTransferFrom(address,address,uint256)"
    strange = theatre.on_tickets(NOAH, move, MINA.address, NOAH.address, token_id)
    assert theatre.refusal(strange) == "ERC721InsufficientApproval"
    wrong = theatre.on_tickets(MINA, move, HOLDER.address, NOAH.address, token_id)
    assert theatre.refusal(wrong) == "ERC721IncorrectOwner"
    for what in ("getTicketInfo(uint256)", "ownerOf(uint256)"):
        assert theatre.refusal(theatre.on_tickets(MINA, what, 99)) == "ERC721NonexistentToken"


@pytest.mark.parametrize("blow", ["use", "cancel", "expire", "fix"])
def test_a_blow_to_an_escrowed_ticket_freezes_its_listing_for_good(
    theatre: Theatre, blow: str
) -> None:
    theatre.concert()
    struck, healthy = theatre.bought(), theatre.bought()
    theatre.do(
        theatre.offer(MINA, struck, PRICE, ETH_PRICE, 10 * DAY),
        theatre.offer(MINA, healthy, PRICE, ETH_PRICE, 10 * DAY),
    )
    _authorize_door(theatre)
    theatre.wait(2 * DAY + HOUR if blow == "use" else 3 * DAY)
    theatre.do(
        {
            "use": theatre.on_tickets(DOOR, USE, struck),
            "cancel": theatre.on_tickets(PLATFORM, CANCEL, struck, ""),
            "expire": theatre.on_tickets(PLATFORM, EXPIRE, [struck]),
            "fix": theatre.on_tickets(
                PLATFORM, "setTicketTransferable(uint256,bool)", struck, False
            ),
        }[blow]
    )
    what = "transferable" if blow == "fix" else "valid"
    stuck = f"TicketManager: ticket not {what}"
    market = theatre.on_market
    assert theatre.refusal(market(NOAH, "buyTicket(uint256)", 1)) == stuck
    assert theatre.refusal(market(NOAH, "buyTicketWithEth(uint256)", 1, value=ETH_PRICE)) == stuck
    assert theatre.refusal(market(MINA, "cancelListing(uint256)", 1)) == stuck
    theatre.wait(10 * DAY)
    cleanup = "cleanupExpiredListings(uint256[])"
    assert theatre.refusal(market(NOAH, cleanup, [2, 1])) == stuck
    assert theatre.do(market(NOAH, cleanup, [2]))
    assert theatre.ask("Marketplace", "getListingInfo", 1)["status"] == 0


def test_a_contract_that_buys_may_pass_the_ticket_on_before_it_is_logged_as_minted(
    theatre: Theatre,
) -> None:
    event_id = theatre.concert()
    wallet = theatre.create_wallet()
    order = calldata(
        "purchaseTicketsWithEth(uint256,uint256,uint256,uint256[])", event_id, 0, 1, [0]
    )
    logs = theatre.do(
        call(NOAH.address, wallet, "setPassOnTo(address)", HOLDER.address),
        call(
            NOAH.address, wallet, "execute(address,bytes)", theatre.suite.event_manager,
            bytes.fromhex(order[2:]), value=ETH_PRICE,
        ),
    )  # fmt: skip
    assert names_of(logs) == [
        "Transfer", "Transfer", "MetadataUpdate", "TicketMinted", "TicketPurchased",
    ]  # fmt: skip
    assert logs[3].args["buyer"] == wallet
    assert theatre.ask("TicketManager", "ownerOf", 1) == HOLDER.address


def test_making_a_ticket_fixed_logs_nothing(theatre: Theatre) -> None:
    theatre.concert()
    fix = "setTicketTransferable(uint256,bool)"
    assert theatre.do(theatre.on_tickets(PLATFORM, fix, theatre.bought(), False)) == []


def _authorize_door(theatre: Theatre) -> None:
    authorize = "setVerifierAuthorization(address,bool)"
    (log,) = theatre.do(theatre.on_tickets(PLATFORM, authorize, DOOR.address, True))
    assert log.args == {"account": DOOR.address, "authorized": True}
    assert theatre.ask("TicketManager", "authorizedVerifiers", DOOR.address) is True
