"""What the contracts say when asked, laid over what their logs said."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from onlineticket.domain.chain_log import LAST_SECOND, ChainLog
from onlineticket.domain.contract_read import ContractRead, Subject, apply_read
from onlineticket.domain.folding.state import State
from onlineticket.domain.types import UINT256_MAX
from tests.folding import ALICE, Ledger, fits, folded, histories, rows, snapshot

EVENT = {
    "name": "Now in 北京", "description": "Loud", "imageURI": "ipfs://1", "venue": "Hall",
    "startTime": 2_100_000_000, "endTime": 2_100_009_000, "requiresApproval": False,
}  # fmt: skip
TICKET_TYPE = {
    "ethPrice": UINT256_MAX, "presaleStart": 1, "saleStart": 2, "saleEnd": UINT256_MAX,
    "isTransferable": True, "presaleOnly": False,
}  # fmt: skip
TICKET = {
    "category": 3, "seatSection": "B", "validFrom": 4, "validUntil": UINT256_MAX,
    "isTransferable": False,
}  # fmt: skip
LISTING = {"acceptsEth": True}
SUBJECTS: dict[str, tuple[Subject, dict[str, Any]]] = {
    "event": (Subject("event", 1), EVENT),
    "ticket_type": (Subject("ticket_type", 1, 0), TICKET_TYPE),
    "ticket": (Subject("ticket", 1), TICKET),
    "listing": (Subject("listing", 1), LISTING),
}


def season() -> Ledger:
    """One of each: event 1, its type 0, ticket 1, listing 1."""
    ledger = Ledger()
    ledger.announce(1)
    ledger.add_type(1, 0)
    ledger.mint(1, ALICE)
    ledger.list_ticket(1, 1, ALICE)
    return ledger


def read(subject: Subject, values: dict[str, Any] | None, block: int = 500) -> ContractRead:
    return ContractRead(subject, block, "0x" + "ab" * 32, "0x", values)


def test_a_read_fills_what_no_log_of_an_event_says_and_renews_its_name_and_times() -> None:
    state = season().state
    apply_read(state, read(Subject("event", 1), EVENT))
    row = state.events.rows[1]
    assert (row.name, row.description, row.image_url, row.venue) == (
        "Now in 北京", "Loud", "ipfs://1", "Hall",
    )  # fmt: skip
    assert (row.start_time, row.end_time) == (2_100_000_000, 2_100_009_000)
    assert (row.requires_approval, row.read_block) == (False, 500)


def test_a_later_read_finds_what_update_event_changed_without_a_log() -> None:
    state = season().state
    apply_read(state, read(Subject("event", 1), EVENT))
    moved = EVENT | {"venue": "Park", "name": "Moved", "startTime": 2_200_000_000, "endTime": 5}
    apply_read(state, read(Subject("event", 1), moved, block=600))
    row = state.events.rows[1]
    assert (row.venue, row.name, row.start_time, row.end_time) == (
        "Park",
        "Moved",
        2_200_000_000,
        5,
    )
    assert row.read_block == 600


def test_times_past_the_year_9999_are_its_last_second() -> None:
    state = season().state
    far = EVENT | {"startTime": LAST_SECOND + 1, "endTime": UINT256_MAX}
    apply_read(state, read(Subject("event", 1), far))
    row = state.events.rows[1]
    assert row.start_time == row.end_time == LAST_SECOND


@pytest.mark.parametrize(
    ("requires_approval", "status", "approved"),
    [(False, "published", True), (True, "draft", False)],
)
def test_the_status_at_birth_follows_from_whether_approval_was_required(
    requires_approval: bool, status: str, approved: bool
) -> None:
    state = season().state
    apply_read(state, read(Subject("event", 1), EVENT | {"requiresApproval": requires_approval}))
    row = state.events.rows[1]
    assert (row.status, row.approved) == (status, approved)


@pytest.mark.parametrize("requires_approval", [True, False])
def test_a_status_or_approval_that_was_logged_outlives_every_read(requires_approval: bool) -> None:
    ledger = season()
    ledger.log("EventUpdated", 1, 1, 5)
    ledger.log("EventApproved", 1, requires_approval)
    values = EVENT | {"requiresApproval": requires_approval}
    apply_read(ledger.state, read(Subject("event", 1), values))
    row = ledger.state.events.rows[1]
    assert (row.status, row.approved) == ("cancelled", requires_approval)


def test_a_logged_status_does_not_hide_that_the_event_was_born_approved() -> None:
    ledger = season()
    ledger.log("EventUpdated", 1, 1, 3)
    apply_read(ledger.state, read(Subject("event", 1), EVENT))
    row = ledger.state.events.rows[1]
    assert (row.status, row.approved, row.approval_logged) == ("onsale", True, False)


def test_a_read_fills_what_no_log_of_a_ticket_type_says() -> None:
    state = season().state
    apply_read(state, read(Subject("ticket_type", 1, 0), TICKET_TYPE))
    row = state.ticket_types.rows[1, 0]
    assert (row.eth_price, row.presale_start, row.sale_start) == (UINT256_MAX, 1, 2)
    assert (row.sale_end, row.is_transferable, row.presale_only) == (LAST_SECOND, True, False)
    far = dict.fromkeys(("presaleStart", "saleStart"), UINT256_MAX)
    apply_read(state, read(Subject("ticket_type", 1, 0), TICKET_TYPE | far))
    assert row.presale_start == row.sale_start == LAST_SECOND


def test_a_read_fills_what_no_log_of_a_ticket_says() -> None:
    state = season().state
    apply_read(state, read(Subject("ticket", 1), TICKET))
    row = state.tickets.rows[1]
    assert (row.category, row.seat_section, row.is_transferable) == (3, "B", False)
    assert (row.valid_from, row.valid_until) == (4, LAST_SECOND)
    apply_read(state, read(Subject("ticket", 1), TICKET | {"validFrom": UINT256_MAX}))
    assert row.valid_from == LAST_SECOND


def test_a_read_says_whether_a_listing_takes_eth() -> None:
    state = season().state
    apply_read(state, read(Subject("listing", 1), LISTING))
    assert state.listings.rows[1].accepts_eth is True


@pytest.mark.parametrize("kind", SUBJECTS)
def test_a_call_that_the_contract_refused_leaves_all_but_the_block_so_it_is_not_asked_forever(
    kind: str,
) -> None:
    subject, _ = SUBJECTS[kind]
    state, untouched = season().state, season().state
    apply_read(state, read(subject, None, block=500))
    [row] = row_of(state, kind)
    [other] = row_of(untouched, kind)
    assert row.read_block == 500
    other.read_block = 500
    assert row == other


@pytest.mark.parametrize("kind", SUBJECTS)
@pytest.mark.parametrize("block", [1, 10**9])
def test_a_read_changes_its_own_row_alone_and_calls_it_dirty(kind: str, block: int) -> None:
    subject, values = SUBJECTS[kind]
    state = season().state
    for table in (state.events, state.ticket_types, state.tickets, state.listings):
        table.dirty.clear()
    before = snapshot(state)
    apply_read(state, read(subject, values, block))
    after = snapshot(state)
    name = {"event": "events", "ticket_type": "ticket_types"}.get(kind, f"{kind}s")
    changed = {each for each in before if before[each] != after[each]}
    assert changed == {name}
    [row] = row_of(state, kind)
    assert row.read_block == block
    assert after[name][2] == {(1, 0) if kind == "ticket_type" else 1}


@pytest.mark.parametrize("kind", SUBJECTS)
@pytest.mark.parametrize("refused", [True, False])
def test_a_read_of_what_a_reorg_has_undone_is_dropped(kind: str, refused: bool) -> None:
    subject, values = SUBJECTS[kind]
    state = folded([])
    before = snapshot(state)
    apply_read(state, read(subject, None if refused else values))
    assert snapshot(state) == before


@given(histories(), st.integers(0, 60), st.sampled_from(sorted(SUBJECTS)))
def test_a_read_gives_the_same_rows_before_or_after_the_logs_that_follow_its_subjects_birth(
    history: list[ChainLog], delay: int, kind: str
) -> None:
    # So a rebuild, which applies all logs first, ends with the rows that the tail had.
    born = [end for end in range(len(history) + 1) if row_of(folded(history[:end]), kind)]
    assume(born)
    at = born[0] + delay % len(born)
    subject, values = SUBJECTS[kind]
    early, late = folded(history[:at]), folded(history)
    apply_read(early, read(subject, values))
    for log in history[at:]:
        fits(early, log)
    apply_read(late, read(subject, values))
    assert rows(early) == rows(late)


def row_of(state: State, kind: str) -> list[Any]:
    """The row of `kind` that SUBJECTS names, if there is one."""
    found: list[Any] = [
        {
            "event": state.events.rows.get(1),
            "ticket_type": state.ticket_types.rows.get((1, 0)),
            "ticket": state.tickets.rows.get(1),
            "listing": state.listings.rows.get(1),
        }[kind]
    ]
    return [row for row in found if row is not None]
