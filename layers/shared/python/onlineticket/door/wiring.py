"""What follows a scan, put together from the environment: for `settle`, the worker and people."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any

from onlineticket import resources, settings
from onlineticket.chain import owners
from onlineticket.chain.rpc import Node
from onlineticket.domain.passage import Journal
from onlineticket.domain.settlement import Recorded
from onlineticket.dynamo import sweeping
from onlineticket.store import owner_checks, settling, sweeps
from onlineticket.usecases.check_owners import Checked, check_owners
from onlineticket.usecases.redrive import Message, Redriven, redrive
from onlineticket.usecases.settle import Image, ReportFailure, settle
from onlineticket.usecases.sweep import Swept, sweep

if TYPE_CHECKING:
    from psycopg import Connection

SWEEP = "redemptions"
OWNER_CHECKS = 200
"""In one round: one request to the node."""
NODE_SECONDS = 2.0
"""For which a check-in's owner check waits for the node, which is asked once."""
NODE_REST_SECONDS = 30.0
ASKED_AGAIN = 60
"""Seconds after which a check that the node or the index left open is tried again: each try counts,
and the batches of a busy door must not use them up."""


@dataclass(frozen=True, slots=True)
class Door:
    """`report` hears of every item that could not be settled."""

    conn: "Connection[Any]"
    report: ReportFailure

    def settle(
        self, changes: Iterable[tuple[str, Image | None]]
    ) -> tuple[list[Recorded], list[str]]:
        """See usecases/settle.py."""
        return settle(
            changes, read=sweeping.read, write=partial(settling.write, self.conn),
            report=self.report,
        )  # fmt: skip

    def settle_items(self, items: Sequence[Image]) -> tuple[int, int]:
        """Those that Postgres lacks: how many lines that wrote, and how many items failed."""
        journals = {}
        changes: list[tuple[str, Image | None]] = []
        for item in items:
            name = item["pk"]["S"]
            try:
                found = sweeping.read(item)
            except Exception:
                found = None  # settling reports it, by its name
            if isinstance(found, Journal):
                journals[name] = (found, item)
            else:
                changes.append((name, item))
        unsettled = settling.unsettled(self.conn, [journal for journal, _ in journals.values()])
        wanted = {id(journal) for journal in unsettled}
        changes += [(name, item) for name, (one, item) in journals.items() if id(one) in wanted]
        recorded, failed = self.settle(changes)
        return len(recorded), len(failed)

    def sweep(self, keep_going: Callable[[], bool]) -> Swept:
        """See usecases/sweep.py."""
        return sweep(
            load=partial(sweeps.load, self.conn, SWEEP),
            keep=partial(sweeps.keep, self.conn, SWEEP),
            read_page=partial(sweeping.page, *redemptions()),
            settle_items=self.settle_items,
            keep_going=keep_going,
        )

    def check_owners(self, now: int, *, asked_again: int = ASKED_AGAIN) -> Checked:
        """See usecases/check_owners.py. A node that was silent is not asked again at once: the
        stream's next batches would all wait for it.
        """
        outage = resources.rpc_outage()
        if monotonic() < outage.until:
            return Checked()
        checked = self._check_owners(now, now - asked_again)
        if checked.unanswered:
            outage.until = monotonic() + NODE_REST_SECONDS
        return checked

    def _check_owners(self, now: int, asked_before: int) -> Checked:
        suite = settings.current_suite()
        node = Node(
            resources.rpc_url(), timeout_seconds=NODE_SECONDS, attempts=1,
            patience_seconds=NODE_SECONDS,
        )  # fmt: skip
        return check_owners(
            due=lambda: owner_checks.due(
                self.conn, resources.suite_id(), OWNER_CHECKS, asked_before=asked_before
            ),
            owners_of=partial(owners.owners_of, node, suite.ticket_manager),
            keep=lambda one, judged, owner: owner_checks.keep(self.conn, one, judged, owner, now),
            unanswered=lambda entered: owner_checks.unanswered(self.conn, entered, now),
        )


def open_door(report: ReportFailure) -> Door:
    """
    Raises:
        Unavailable: `DATABASE_UNAVAILABLE`.
    """
    return Door(resources.postgres(), report)


def redemptions() -> tuple[Any, str]:
    """The door's own store: a client, and the table's name."""
    return resources.dynamodb(), settings.required("REDEMPTIONS_TABLE")


def redrive_queue(door: Door, queue: Any, queue_url: str, streams: Any) -> Redriven:
    """See usecases/redrive.py. `queue` and `streams` are boto3's clients."""

    def receive() -> list[Message]:
        # Whoever fails stays hidden until this is over; a wait of a second asks every server of
        # the queue, so that none is passed over.
        answer = queue.receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=10, VisibilityTimeout=300, WaitTimeSeconds=1
        )
        return [Message(each["Body"], each["ReceiptHandle"]) for each in answer.get("Messages", [])]

    return redrive(
        receive=receive,
        delete=lambda message: queue.delete_message(
            QueueUrl=queue_url, ReceiptHandle=message.receipt
        ),
        items_of=partial(_items_of, streams),
        read_page=partial(sweeping.page, *redemptions()),
        settle_items=door.settle_items,
    )


def _items_of(streams: Any, body: str) -> list[Image] | None:
    try:
        keys = sweeping.keys_between(streams, json.loads(body)["DDBStreamBatchInfo"])
    except (ValueError, KeyError, TypeError):
        return None  # not of Lambda's form: the whole table will have what it meant
    if keys is None:
        return None
    unique = {key["pk"]["S"]: key for key in keys}
    found = [sweeping.get(*redemptions(), key) for key in unique.values()]
    return [item for item in found if item is not None]
