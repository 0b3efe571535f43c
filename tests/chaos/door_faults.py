"""A door whose processes die, whose store loses requests and answers, and whose stream repeats
itself: all by one random generator, so that a seed names a run.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from typing import Any

import psycopg
from botocore.exceptions import ClientError, ReadTimeoutError

from onlineticket.domain import qr
from onlineticket.domain.door import Scan
from onlineticket.domain.errors import Refused, Unavailable
from onlineticket.domain.passage import Direction, Journal, TicketKey
from onlineticket.domain.ticket import Ticket
from onlineticket.domain.undo import Undo
from onlineticket.domain.upload import Upload
from onlineticket.domain.verifier import Verifier
from onlineticket.dynamo import redemptions, sweeping
from onlineticket.store import settling
from onlineticket.store.settling import Written
from onlineticket.usecases.scan import Answer, Door, scan
from onlineticket.usecases.settle import settle
from onlineticket.usecases.settle_offline import Settled, settle_offline
from onlineticket.usecases.undo_scan import Past, undo_scan
from tests.at_the_door import EVENT, KEYS, SUITE

FAULTS_WHILE_SETTLING = 0.03
WRITES = ("transact_write_items", "put_item")


class Killed(BaseException):
    """The process is gone, in the middle of what it did; nothing may catch it."""


@dataclass
class FaultyStore:
    """A DynamoDB client that fails at random: before a request took effect, or after, with an
    error or with the death of the process. It also keeps what the table's stream carries.
    """

    client: Any
    chance: Random
    rate: float
    stream: list[dict[str, Any]] = field(default_factory=list)
    faults: int = 0

    def __getattr__(self, name: str) -> Any:
        call = getattr(self.client, name)
        if name not in (*WRITES, "get_item"):
            return call
        return partial(self._faulty, name, call)

    def _faulty(self, name: str, call: Callable[..., Any], **request: Any) -> Any:
        before, after = self.chance.random() < self.rate, self.chance.random() < self.rate
        if before:
            self._fail(name, len(request.get("TransactItems", ())))
        answer = call(**request)
        if name == "transact_write_items":
            self._publish(request)
        if after:
            self._fail("", 0)
        return answer

    def _publish(self, request: dict[str, Any]) -> None:
        for part in request["TransactItems"]:
            write = part.get("Update") or part["Put"]
            key = write.get("Key") or {"pk": write["Item"]["pk"]}
            if key["pk"]["S"].startswith("ticket#"):
                found = self.client.get_item(
                    TableName=write["TableName"], Key=key, ConsistentRead=True
                )
                self.stream.append(found["Item"])

    def _fail(self, name: str, parts: int) -> None:
        """`name` is empty once the request took effect: then only its answer can be lost."""
        self.faults += 1
        if self.chance.random() < 0.3:
            raise Killed
        if name == "transact_write_items" and self.chance.random() < 0.5:
            code = self.chance.choice(["TransactionConflict", "ThrottlingError"])
            reasons = [{"Code": code}, *[{"Code": "None"}] * (parts - 1)]
            response: Any = {"Error": {"Code": "TransactionCanceledException", "Message": ""}}
            raise self.client.exceptions.TransactionCanceledException(
                response | {"CancellationReasons": reasons}, "x"
            )
        if name and self.chance.random() < 0.5:
            throttled: Any = {"Error": {"Code": "ThrottlingException", "Message": ""}}
            raise ClientError(throttled, "x")
        raise ReadTimeoutError(endpoint_url="x")


class FaultyConnection:
    """A Postgres connection that breaks at random, before or after a statement."""

    def __init__(self, conn: Any, chance: Random, rate: float) -> None:
        self._conn, self._chance, self._rate = conn, chance, rate

    def __getattr__(self, name: str) -> Any:
        return getattr(self._conn, name)

    def execute(self, *statement: Any) -> Any:
        if self._chance.random() < self._rate:
            raise psycopg.OperationalError("gone")
        done = self._conn.execute(*statement)
        if self._chance.random() < self._rate:
            raise psycopg.OperationalError("gone")
        return done


@dataclass
class FaultyDoor:
    """One ticket, some terminals, and a stream; every call is made again until it is answered, as
    a terminal does it, or given up.
    """

    store: FaultyStore
    table: str
    conn: Any
    ticket: Ticket
    chance: Random
    database_is_down: bool = False
    delivered: int = 0
    failed: set[int] = field(default_factory=set)

    def scan(
        self, scan_id: str, code: str, terminal: Verifier, direction: Direction, now: int
    ) -> Answer:
        asked = Scan(code, scan_id, "N1", direction)
        answer: Answer = self.answered(lambda: scan(asked, terminal, self._door(), now=now))
        return answer

    def undo(self, request: Undo, supervisor: Verifier, now: int) -> str:
        store = self.store, self.table
        past = Past(
            SUITE, partial(redemptions.find_undo, *store), partial(redemptions.find_scan, *store),
            partial(redemptions.find_upload, *store), partial(redemptions.find_journal, *store),
            partial(redemptions.take_back, *store, pause=_at_once),
        )  # fmt: skip
        try:
            self.answered(lambda: undo_scan(request, supervisor, past, now=now))
        except Refused as refused:
            return refused.code
        return "undone"

    def upload(self, uploads: list[Upload], terminal: Verifier, now: int) -> list[Settled]:
        """Sent whole, until nothing is left to retry."""
        store = self.store, self.table
        while True:
            told = self.answered(
                lambda: settle_offline(
                    uploads, terminal, self._door(), now=now,
                    find_ticket_then=lambda token_id, _: self._find(token_id),
                    find_upload=partial(redemptions.find_upload, *store),
                    keep_upload=partial(redemptions.keep_upload, *store, pause=_at_once),
                    may_go_on=lambda: self.chance.random() < 0.9,
                )
            )  # fmt: skip
            settled = [one for one in told if isinstance(one, Settled)]
            if len(settled) == len(uploads):
                return settled

    def answered(self, call: Callable[[], Any]) -> Any:
        while True:
            try:
                return call()
            except (Unavailable, Killed):
                continue

    def settle(self, rate: float) -> None:
        """What is new in the stream, what failed before, and some of the rest again, in any order,
        with a connection that breaks; what fails comes again.
        """
        owed = {*self.failed, *range(self.delivered, len(self.store.stream))}
        self.delivered = len(self.store.stream)
        batch = [*owed, *self.chance.sample(range(self.delivered), min(self.delivered, 2))]
        self.chance.shuffle(batch)
        conn: Any = FaultyConnection(self.conn, self.chance, rate)

        def write(journals: Any, refused: Any) -> Written:
            written = settling.write(conn, journals, refused)
            if self.chance.random() < rate:
                raise psycopg.OperationalError("gone after the commit")
            return written

        try:
            _, failed = settle(
                [(str(i), self.store.stream[i]) for i in batch],
                read=sweeping.read, write=write, report=lambda *_: None,
            )  # fmt: skip
        except psycopg.OperationalError:
            self.failed = set(batch)
        else:
            self.failed = {int(number) for number in failed}

    def settle_all(self) -> None:
        self.settle(FAULTS_WHILE_SETTLING)
        while self.failed:
            self.settle(FAULTS_WHILE_SETTLING)

    def journal(self) -> Journal | None:
        key = TicketKey(SUITE.chain_id, SUITE.ticket_manager, self.ticket.token_id)
        return redemptions.find_journal(self.store.client, self.table, key)

    def code(self, nonce: int, now: int) -> str:
        fresh = qr.QrCode(
            EVENT, self.ticket.token_id, self.ticket.transfers, now + qr.LIFETIME,
            nonce.to_bytes(8), False,
        )  # fmt: skip
        return qr.base45(qr.encode(fresh, KEYS, SUITE))

    def _door(self) -> Door:
        store = self.store, self.table
        return Door(
            KEYS, SUITE, self._find, partial(redemptions.let_pass, *store, pause=_at_once),
            partial(redemptions.find_journal, *store),
            partial(redemptions.keep_refusal, *store, pause=_at_once),
            partial(redemptions.find_scan, *store), admit_when_database_is_down=True,
        )  # fmt: skip

    def _find(self, token_id: int) -> Ticket:
        if self.database_is_down:
            raise Unavailable("DATABASE_UNAVAILABLE", "away")
        return replace(self.ticket)


def _at_once(_: float) -> None:
    """Nobody races here, so nobody waits."""
