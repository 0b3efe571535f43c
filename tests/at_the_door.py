"""A ticket, its event, a terminal and a store in memory: what tests of the door begin with."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any
from uuid import uuid4

from onlineticket.domain import qr, suite
from onlineticket.domain.door import NonceUsed, Scan, ScanRecord
from onlineticket.domain.errors import Refused, Unavailable
from onlineticket.domain.keyring import KeyRing
from onlineticket.domain.passage import Direction, Journal, Passage, TicketKey
from onlineticket.domain.qr import QrCode
from onlineticket.domain.ticket import Ticket
from onlineticket.domain.types import BlockNumber, EventId, Quantity, TokenId, WalletAddress
from onlineticket.domain.undo import UndoRecord
from onlineticket.domain.upload import UploadRecord
from onlineticket.domain.verifier import Verifier
from onlineticket.usecases.scan import Answer, Door, scan

NOW = 1_800_000_000
ALICE = WalletAddress("0x" + "a1" * 20)
BOB = WalletAddress("0x" + "b0" * 20)
MARKETPLACE = WalletAddress("0x" + "3c" * 20)
EVENT, TOKEN = EventId(7), TokenId(2**40 + 5)
SUITE = suite.Suite(
    31337, BlockNumber(0), *(WalletAddress("0x" + f"{n}c" * 20) for n in range(1, 6))
)
KEYS = KeyRing("1", {"1": sha256(b"now").digest(), "0": sha256(b"before").digest()})
TERMINAL = Verifier(
    "0" * 16, "North", frozenset({str(EVENT)}), frozenset({"N1", "N2"}), frozenset({"scan"})
)
TICKET = Ticket(
    token_id=TOKEN, event_id=EVENT, owner=ALICE, holder=ALICE, escrowed=False, transfers=3,
    status="valid", effective_status="valid", admitted_at=None, admitted_gate=None,
    seat_number=Quantity(12), seat_section="B", type_name="Stalls", event_status="onsale",
    event_starts_at=NOW + 3600, event_ends_at=NOW + 7200,
)  # fmt: skip
CODE = QrCode(EVENT, TOKEN, 3, NOW + qr.LIFETIME, b"nonce--8", False)
KEY = TicketKey(SUITE.chain_id, SUITE.ticket_manager, TOKEN)
LINE = Passage(
    "entry", NOW, NOW, TERMINAL.verifier_id, "scan-1", "N1", False, 3, CODE.nonce.hex(),
    CODE.expires_at, ALICE, "done", 1,
)  # fmt: skip
"""What a scan of CODE writes."""


def refusal_of(rule: Callable[[], object]) -> str:
    """The code with which a rule refuses, or `ok`."""
    try:
        rule()
    except Refused as refusal:
        return refusal.code
    return "ok"


def text(code: QrCode = CODE, **changes: Any) -> str:
    return qr.base45(qr.encode(replace(code, **changes), KEYS, SUITE))


@dataclass
class Redemptions:
    """As dynamo/redemptions.py, without DynamoDB."""

    nonces: set[str] = field(default_factory=set)
    journals: dict[TicketKey, Journal] = field(default_factory=dict)
    scans: dict[tuple[str, str], ScanRecord] = field(default_factory=dict)
    uploads: dict[tuple[str, str], UploadRecord] = field(default_factory=dict)
    undos: dict[tuple[str, str], UndoRecord] = field(default_factory=dict)
    down: bool = False

    def let_pass(
        self, journal: Journal, record: ScanRecord
    ) -> ScanRecord | Journal | NonceUsed | None:
        self._reach()
        key, nonce = (record.verifier_id, record.scan_id), journal.passages[-1].nonce
        standing = self.scans.get(key) or self._ahead(journal)
        if standing or nonce in self.nonces:
            return standing or NonceUsed()
        self.nonces.add(nonce)
        self.journals[journal.ticket] = journal
        self.scans[key] = record
        return None

    def keep_upload(
        self, upload: UploadRecord, journal: Journal | None, scan: ScanRecord | None
    ) -> UploadRecord | ScanRecord | Journal | None:
        self._reach()
        key = upload.record.verifier_id, upload.record.scan_id
        standing = (
            self.uploads.get(key)
            or (self.scans.get(key) if scan else None)
            or (self._ahead(journal) if journal else None)
        )
        if standing:
            return standing
        self.uploads[key] = upload
        if scan:
            self.scans[key] = scan
        if journal:
            self.nonces.add(journal.passages[-1].nonce)
            self.journals[journal.ticket] = journal
        return None

    def take_back(self, journal: Journal, record: UndoRecord) -> UndoRecord | Journal | None:
        self._reach()
        key, undone = (record.verifier_id, record.undone.undo_id), record.undone
        standing = self.undos.get(key) or self._ahead(journal)
        if standing:
            return standing
        self.undos[key] = record
        self.journals[journal.ticket] = journal
        scan_key = undone.verifier_id, undone.scan_id
        self.scans[scan_key] = replace(self.scans[scan_key], undone_at=undone.undone_at)
        return None

    def keep_refusal(self, record: ScanRecord) -> ScanRecord | None:
        self._reach()
        standing = self.scans.setdefault((record.verifier_id, record.scan_id), record)
        return None if standing is record else standing

    def find_scan(self, verifier_id: str, scan_id: str) -> ScanRecord | None:
        self._reach()
        return self.scans.get((verifier_id, scan_id))

    def find_upload(self, verifier_id: str, scan_id: str) -> UploadRecord | None:
        self._reach()
        return self.uploads.get((verifier_id, scan_id))

    def find_undo(self, verifier_id: str, undo_id: str) -> UndoRecord | None:
        self._reach()
        return self.undos.get((verifier_id, undo_id))

    def find_journal(self, ticket: TicketKey) -> Journal | None:
        self._reach()
        return self.journals.get(ticket)

    def journal(self) -> Journal:
        """That of the one ticket on record."""
        return self.journals[KEY]

    def _ahead(self, journal: Journal) -> Journal | None:
        """What is stored, unless `journal` is it and one line more."""
        stored = self.journals.get(journal.ticket)
        return stored if (stored.version if stored else 0) + 1 != journal.version else None

    def _reach(self) -> None:
        if self.down:
            raise Unavailable("DYNAMODB_UNAVAILABLE", "away")


@dataclass
class Gate:
    """A gate, with one ticket on record."""

    ticket: Ticket | None = TICKET
    terminal: Verifier = TERMINAL
    store: Redemptions = field(default_factory=Redemptions)
    database_is_down: bool = False
    admit_when_database_is_down: bool = True

    def scan(
        self,
        qr_text: str,
        scan_id: str = "",
        *,
        gate: str | None = "N1",
        direction: Direction = "entry",
        now: int = NOW,
        let_pass: Any = None,
    ) -> Answer:
        return scan(
            Scan(qr_text, scan_id or str(uuid4()), gate, direction),
            self.terminal,
            self.door(let_pass=let_pass or self.store.let_pass),
            now=now,
        )

    def door(self, **changes: Any) -> Door:
        return replace(
            Door(
                keys=KEYS,
                suite=SUITE,
                find_ticket=self._find,
                let_pass=self.store.let_pass,
                find_journal=self.store.find_journal,
                keep_refusal=self.store.keep_refusal,
                find_scan=self.store.find_scan,
                admit_when_database_is_down=self.admit_when_database_is_down,
            ),
            **changes,
        )

    def verdict(self, qr_text: str, scan_id: str = "", **how: Any) -> str:
        return self.scan(qr_text, scan_id, **how).verdict.refusal or "ADMITTED"

    def _find(self, token_id: TokenId) -> Ticket | None:
        if self.database_is_down:
            raise Unavailable("DATABASE_UNAVAILABLE", "away")
        return self.ticket if self.ticket and self.ticket.token_id == token_id else None
