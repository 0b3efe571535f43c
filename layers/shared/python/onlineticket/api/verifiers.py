"""How the API takes and shows terminals; their keys only where they are made."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from annotated_types import Interval, Len
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel, ConfigDict, PlainSerializer, StringConstraints, WithJsonSchema

from onlineticket.api.instants import Instant
from onlineticket.domain.address import checksum
from onlineticket.domain.types import NO_TRUTH, WalletAddress
from onlineticket.domain.verifier import ANY, MOST_CIDRS, MOST_EVENTS, MOST_GATES
from onlineticket.domain.verifier_key import LONGEST_OVERLAP, Status, Tier, VerifierKey

DEFAULT_LIFE = 30 * 86_400
"""Seconds that a key lasts whose maker does not say."""

Scope = Literal["scan", "undo", "manifest"]
Text = Annotated[str, StringConstraints(max_length=128)]
EventIds = Annotated[list[Text], Len(1, MOST_EVENTS)]
Gates = Annotated[list[Text], Len(1, MOST_GATES)]
Scopes = Annotated[list[Scope], Len(1, 3)]
Cidrs = Annotated[list[Text], Len(0, MOST_CIDRS)]

VerifierId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
Organizer = Annotated[WalletAddress | Literal["*"] | None, Query()]
WalletOrAny = Annotated[
    str,
    PlainSerializer(lambda whose: whose if whose == ANY else checksum(whose), return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^(\*|0[xX][0-9a-fA-F]{40})$"}),
]


class VerifierWanted(BaseModel):
    """`events`: decimal ids of one organizer, or `["*"]` for all, which only an admin may; `gates`:
    names, or `["*"]`; the scope `undo` is a supervisor's; `cidrs`: networks of IPv4 or IPv6 that it
    may call from, anywhere if empty; `expires_at`: in 30 days if left out, in 400 at the latest.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Text
    events: EventIds
    gates: Gates = ["*"]
    scopes: Scopes = ["scan"]
    cidrs: Cidrs = []
    tier: Tier = "standard"
    expires_at: Instant | None = None

    def expiry(self, now: int) -> int:
        return int(self.expires_at.timestamp()) if self.expires_at else now + DEFAULT_LIFE


class VerifierChange(BaseModel):
    """What is absent stays as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # The defaults stand for "absent" and are never read.
    name: Text = ""
    events: EventIds = []
    gates: Gates = []
    scopes: Scopes = []
    cidrs: Cidrs = []
    expires_at: Instant = datetime.max.replace(tzinfo=UTC)

    def changes(self) -> dict[str, Any]:
        """What was sent, by its name in VerifierKey or Verifier; times in Unix seconds."""
        sent = self.model_dump(exclude_unset=True)
        return {
            name: int(value.timestamp()) if isinstance(value, datetime) else value
            for name, value in sent.items()
        }


class Rotation(BaseModel):
    """For how long the terminal's last key goes on working beside the new one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    overlap_seconds: Annotated[int, Interval(ge=0, le=LONGEST_OVERLAP), NO_TRUTH] = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierAnswer:
    """A terminal. `organizer` is whose events these are, `*` for a key to all of them. An earlier
    key works until `overlap_ends_at`, if that is not null. `needs_rotation`: it was hashed with a
    pepper that is on its way out.
    """

    verifier_id: str
    status: Status
    name: str
    events: list[str]
    gates: list[str]
    scopes: list[str]
    cidrs: list[str]
    tier: Tier
    organizer: WalletOrAny
    created_by: WalletOrAny
    created_at: datetime
    expires_at: datetime
    rotated_at: datetime | None
    overlap_ends_at: datetime | None
    revoked_at: datetime | None
    needs_rotation: bool


@dataclass(frozen=True, slots=True)
class VerifierWithKey:
    """`key` is what the terminal sends as x-api-key. It is shown this once: we do not keep it. The
    gateway may take a minute to learn of a new verifier, and answers 403 until then.
    """

    key: str
    verifier: VerifierAnswer


def answer(key: VerifierKey, *, pepper_id: str, now: int) -> VerifierAnswer:
    """`pepper_id`: the current one's."""
    terminal, ends = key.verifier, [each.until for each in key.secrets]
    overlap_ends_at = max((end for end in ends if end is not None and end > now), default=None)
    return VerifierAnswer(
        verifier_id=terminal.verifier_id,
        status=key.status(now),
        name=terminal.name,
        events=sorted(terminal.events),
        gates=sorted(terminal.gates),
        scopes=sorted(terminal.scopes),
        cidrs=sorted(terminal.cidrs),
        tier=key.tier,
        organizer=key.organizer,
        created_by=key.created_by,
        created_at=_time(key.created_at),
        expires_at=_time(key.expires_at),
        rotated_at=_optional_time(key.rotated_at),
        overlap_ends_at=_optional_time(overlap_ends_at),
        revoked_at=_optional_time(key.revoked_at),
        needs_rotation=key.secrets[0].pepper_id != pepper_id,
    )


def _optional_time(unix_seconds: int | None) -> datetime | None:
    return None if unix_seconds is None else _time(unix_seconds)


def _time(unix_seconds: int) -> datetime:
    return datetime.fromtimestamp(unix_seconds, UTC)
