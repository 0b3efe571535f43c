"""What no log says, read from the contracts by eth_call: a second input of the fold.

A read is made at one block, stored with that block's hash, and falls with it in a reorg.
"""

from dataclasses import dataclass
from typing import Any

from onlineticket.domain.chain_log import clamp_time
from onlineticket.domain.folding.state import State


@dataclass(frozen=True, slots=True)
class Subject:
    """What to read: `kind` event, ticket_type, ticket or listing; `sub_id` is a type's id."""

    kind: str
    id: int
    sub_id: int = 0


@dataclass(frozen=True, slots=True)
class ContractRead:
    """`result`: the call's return data as 0x text, "0x" when the contract refused the call;
    `values`: what it decodes to, under the contract's own names, None when refused.
    """

    subject: Subject
    block_number: int
    block_hash: str
    result: str
    values: dict[str, Any] | None


def apply_read(state: State, read: ContractRead) -> None:
    """Fill the row's read columns. A row that is not there any more (a reorg) is left alone."""
    _APPLY[read.subject.kind](state, read)


def _event(state: State, read: ContractRead) -> None:
    if read.subject.id not in state.events.rows:
        return
    row = state.events.change(read.subject.id)
    row.read_block = read.block_number
    values = read.values
    if values is None:
        return
    # updateEvent logs nothing: name and times, too, are what the newest read says.
    row.name, row.description = values["name"], values["description"]
    row.image_url, row.venue = values["imageURI"], values["venue"]
    row.start_time = clamp_time(values["startTime"])
    row.end_time = clamp_time(values["endTime"])
    row.requires_approval = values["requiresApproval"]
    # Without approval an event is born PUBLISHED and approved, and no log says so.
    if not row.status_logged:
        row.status = "draft" if row.requires_approval else "published"
    if not row.approval_logged:
        row.approved = not row.requires_approval


def _ticket_type(state: State, read: ContractRead) -> None:
    key = (read.subject.id, read.subject.sub_id)
    if key not in state.ticket_types.rows:
        return
    row = state.ticket_types.change(key)
    row.read_block = read.block_number
    values = read.values
    if values is None:
        return
    row.eth_price = values["ethPrice"]
    row.presale_start = clamp_time(values["presaleStart"])
    row.sale_start = clamp_time(values["saleStart"])
    row.sale_end = clamp_time(values["saleEnd"])
    row.is_transferable, row.presale_only = values["isTransferable"], values["presaleOnly"]


def _ticket(state: State, read: ContractRead) -> None:
    if read.subject.id not in state.tickets.rows:
        return
    row = state.tickets.change(read.subject.id)
    row.read_block = read.block_number
    values = read.values
    if values is None:
        return
    row.category, row.seat_section = values["category"], values["seatSection"]
    row.valid_from = clamp_time(values["validFrom"])
    row.valid_until = clamp_time(values["validUntil"])
    row.is_transferable = values["isTransferable"]


def _listing(state: State, read: ContractRead) -> None:
    if read.subject.id not in state.listings.rows:
        return
    row = state.listings.change(read.subject.id)
    row.read_block = read.block_number
    if read.values is not None:
        row.accepts_eth = read.values["acceptsEth"]


_APPLY = {"event": _event, "ticket_type": _ticket_type, "ticket": _ticket, "listing": _listing}
