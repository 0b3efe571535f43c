"""A ticket, its event, a terminal and a store in memory: what tests of the door begin with."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any
from uuid import uuid4

from onlineticket.domain import qr, suite
from onlineticket.domain.door import Admission, NonceUsed, Scan, ScanRecord
from onlineticket.domain.errors import Refused, Unavailable
from onlineticket.domain.keyring import KeyRing
from onlineticket.domain.qr import QrCode
from onlineticket.domain.ticket import Ticket
from onlineticket.domain.types import BlockNumber, EventId, Quantity, TokenId, WalletAddress
from onlineticket.domain.verifier import Verifier
from onlineticket.usecases.scan import Answer, scan

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
    tickets: dict[int, Admission] = field(default_factory=dict)
    scans: dict[tuple[str, str], ScanRecord] = field(default_factory=dict)
    down: bool = False

    def admit(
        self, admission: Admission, record: ScanRecord
    ) -> ScanRecord | Admission | NonceUsed | None:
        self._reach()
        key = record.verifier_id, record.scan_id
        if key in self.scans:
            return self.scans[key]
        if admission.token_id in self.tickets:
            return self.tickets[admission.token_id]
        if admission.nonce in self.nonces:
            return NonceUsed()
        self.nonces.add(admission.nonce)
        self.tickets[admission.token_id] = admission
        self.scans[key] = record
        return None

    def keep_refusal(self, record: ScanRecord) -> ScanRecord | None:
        self._reach()
        standing = self.scans.setdefault((record.verifier_id, record.scan_id), record)
        return None if standing is record else standing

    def find_scan(self, verifier_id: str, scan_id: str) -> ScanRecord | None:
        self._reach()
        return self.scans.get((verifier_id, scan_id))

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
        now: int = NOW,
        admit: Any = None,
    ) -> Answer:
        return scan(
            Scan(qr_text, scan_id or str(uuid4()), gate),
            self.terminal,
            now=now,
            keys=KEYS,
            suite=SUITE,
            find_ticket=self._find,
            admit=admit or self.store.admit,
            keep_refusal=self.store.keep_refusal,
            find_scan=self.store.find_scan,
            admit_when_database_is_down=self.admit_when_database_is_down,
        )

    def verdict(self, qr_text: str, scan_id: str = "", **how: Any) -> str:
        return self.scan(qr_text, scan_id, **how).verdict.refusal or "ADMITTED"

    def _find(self, token_id: TokenId) -> Ticket | None:
        if self.database_is_down:
            raise Unavailable("DATABASE_UNAVAILABLE", "away")
        return self.ticket if self.ticket and self.ticket.token_id == token_id else None
