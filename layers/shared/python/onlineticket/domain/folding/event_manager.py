"""EventManager: events, ticket types, primary sales, organizers."""

from typing import Any

from onlineticket.domain.chain_log import ChainLog, clamp_time
from onlineticket.domain.folding.state import Keys, Kind, State, named, total
from onlineticket.domain.rows import EventRow, OrganizerRow, TicketTypeRow, TradeRow

EVENT_STATUS = (
    "draft", "published", "presale", "onsale", "sold_out", "cancelled", "ended", "settled"
)  # fmt: skip


def _event_created(
    state: State, log: ChainLog, event_id: int, organizer: str, name: str, start: int, end: int
) -> None:
    row = EventRow(
        event_id, organizer, name, clamp_time(start), clamp_time(end),
        # Until requiresApproval is read: the more careful of the two states it can be in.
        status="draft", approved=False, revenue_token=0, revenue_eth=0,
        created_block=log.block_number, created_at=log.block_time, updated_block=log.block_number,
    )  # fmt: skip
    state.events.add(event_id, row)


def _event_updated(state: State, log: ChainLog, event_id: int, _old: int, new: int) -> None:
    status = named(EVENT_STATUS, new)
    row = state.events.change(event_id)
    row.status, row.status_logged, row.updated_block = status, True, log.block_number


def _event_approved(state: State, log: ChainLog, event_id: int, approved: bool) -> None:
    row = state.events.change(event_id)
    row.approved, row.approval_logged, row.updated_block = approved, True, log.block_number


def _ticket_type_added(
    state: State, log: ChainLog, event_id: int, type_id: int, name: str, price: int, supply: int
) -> None:
    row = TicketTypeRow(
        event_id, type_id, name, price, supply, sold=0,
        created_block=log.block_number, updated_block=log.block_number,
    )  # fmt: skip
    state.ticket_types.add((event_id, type_id), row)


def _ticket_purchased(
    state: State, log: ChainLog, event_id: int, type_id: int, buyer: str,
    quantity: int, cost: int, in_eth: bool,
) -> None:  # fmt: skip
    event, ticket_type = state.events.find(event_id), state.ticket_types.find((event_id, type_id))
    sold = total(ticket_type.sold, quantity)
    if in_eth:
        event.revenue_eth = total(event.revenue_eth, cost)
    else:
        event.revenue_token = total(event.revenue_token, cost)
    state.events.change(event_id).updated_block = log.block_number
    row = state.ticket_types.change((event_id, type_id))
    row.sold, row.updated_block = sold, log.block_number
    state.trades.append(
        TradeRow(
            log.block_number,
            log.log_index,
            "primary",
            event_id,
            type_id,
            quantity,
            None,
            None,
            buyer,
            event.organizer,
            cost,
            in_eth,
            log.block_time,
            log.tx_hash,
        )
    )


def _organizer_authorized(state: State, log: ChainLog, wallet: str, authorized: bool) -> None:
    row = _organizer(state, log, wallet)
    row.authorized = authorized


def _revenue_withdrawn(state: State, log: ChainLog, wallet: str, amount: int, in_eth: bool) -> None:
    known = state.organizers.rows.get(wallet)
    token, eth = (known.withdrawn_token, known.withdrawn_eth) if known else (0, 0)
    if in_eth:
        eth = total(eth, amount)
    else:
        token = total(token, amount)
    row = _organizer(state, log, wallet)
    row.withdrawn_token, row.withdrawn_eth = token, eth


def _organizer(state: State, log: ChainLog, wallet: str) -> OrganizerRow:
    # The contract's owner may organize, and withdraw, without ever being authorized.
    if wallet not in state.organizers.rows:
        state.organizers.add(wallet, OrganizerRow(wallet, False, 0, 0, log.block_number))
    row = state.organizers.change(wallet)
    row.updated_block = log.block_number
    return row


def _event_keys(keys: Keys, args: tuple[Any, ...]) -> None:
    keys.events.add(args[0])


def _type_keys(keys: Keys, args: tuple[Any, ...]) -> None:
    keys.events.add(args[0])
    keys.ticket_types.add(args[:2])


def _organizer_keys(keys: Keys, args: tuple[Any, ...]) -> None:
    keys.organizers.add(args[0])


KINDS = {
    "EventCreated": Kind(_event_created, _event_keys),
    "EventUpdated": Kind(_event_updated, _event_keys),
    "EventApproved": Kind(_event_approved, _event_keys),
    "TicketTypeAdded": Kind(_ticket_type_added, _type_keys),
    "TicketPurchased": Kind(_ticket_purchased, _type_keys),
    "OrganizerAuthorized": Kind(_organizer_authorized, _organizer_keys),
    "RevenueWithdrawn": Kind(_revenue_withdrawn, _organizer_keys),
}
