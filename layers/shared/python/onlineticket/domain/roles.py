"""What a wallet may do: its role with us (`users.role`), and its standing with EventManager.

* admin      `users.role`; or EventManager.owner(), who is the first admin by this rule alone.
* organizer  `users.role`; or authorizedOrganizers(wallet).
* user       everybody else who signed in.

This is what a wallet is told it is. To *write* as an organizer the chain's word is needed, at most
STANDING_SECONDS old: usecases/authorize_organizer.py.
"""

from dataclasses import dataclass

from onlineticket.domain.session import Role

STANDING_SECONDS = 300
"""How long the chain's word counts: an authorization taken away there ends here within that."""

REFUSAL_SECONDS = 15
"""How long its "no" counts: who has just been authorized need not wait for five minutes."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What EventManager says of a wallet: `owner()`, `authorizedOrganizers(wallet)`."""

    is_owner: bool
    is_authorized: bool

    @property
    def may_organize(self) -> bool:
        """EventManager's own rule for createEvent: authorized organizers, or the owner."""
        return self.is_authorized or self.is_owner

    @property
    def lifetime(self) -> int:
        """Seconds for which this may be believed."""
        return STANDING_SECONDS if self.may_organize else REFUSAL_SECONDS


def effective(stored: Role, standing: Standing | None) -> Role:
    """The higher of both; None: the chain could not be asked."""
    if stored == "admin" or (standing and standing.is_owner):
        return "admin"
    if stored == "organizer" or (standing and standing.is_authorized):
        return "organizer"
    return "user"
