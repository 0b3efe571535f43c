"""What an organizer is told about one event: what it sold, what was resold, who came in."""

from dataclasses import dataclass
from datetime import datetime

from onlineticket.domain.passage import Kind, Standing, TicketCheck
from onlineticket.domain.types import BlockNumber, EventId, Quantity, SuiteId, TokenId, TypeId, Wei


@dataclass(frozen=True, slots=True)
class TypeSales:
    """Of one ticket type, in the first sale."""

    type_id: TypeId
    name: str
    total_supply: Quantity
    sold: Quantity
    revenue_token: Wei
    revenue_eth: Wei


@dataclass(frozen=True, slots=True)
class Resales:
    """Of all its tickets. Volumes are whole prices, the platform's fee inside."""

    count: int
    volume_token: Wei
    volume_eth: Wei


@dataclass(frozen=True, slots=True)
class GateCount:
    """Entries: a ticket that came in twice, where the event allows it, counts twice."""

    gate: str | None
    admitted: int


@dataclass(frozen=True, slots=True)
class SlotCount:
    """Five minutes that begin at `from_time`; those in which nobody came are left out."""

    from_time: datetime
    gate: str | None
    admitted: int


@dataclass(frozen=True, slots=True)
class Report:
    suite_id: SuiteId
    event_id: EventId
    name: str
    as_of_block: BlockNumber | None
    total_supply: Quantity
    sold: Quantity
    revenue_token: Wei
    revenue_eth: Wei
    ticket_types: list[TypeSales]
    resales: Resales
    admitted: int
    """Tickets let in at the door, each counted once."""
    used_on_chain: int
    """Tickets that the chain calls used."""
    by_gate: list[GateCount]
    by_five_minutes: list[SlotCount]


@dataclass(frozen=True, slots=True)
class CheckIn:
    """A line of a ticket's journal at the door."""

    token_id: TokenId
    number: int
    """Of the line in the ticket's journal, from 1."""
    kind: Kind
    standing: Standing
    """regular counts; the others are kept to be looked at, or were undone."""
    admitted_at: datetime
    """When it happened."""
    gate: str | None
    ticket_check: TicketCheck
    """deferred: Postgres was away as the door opened."""
    offline: bool
    verifier_id: str
