"""Ask the chain who owns the tickets that somebody came in with. The check-in stands in any case:
a mismatch is flagged, and a node that is down only puts the question off.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from onlineticket.domain.errors import Unavailable
from onlineticket.domain.owner_check import Entered, Judged, judge
from onlineticket.domain.types import TokenId, WalletAddress

Due = Callable[[], list[Entered]]
OwnersOf = Callable[[Sequence[TokenId]], list[WalletAddress | None]]
"""ownerOf each, None for a token that does not exist. Raises Unavailable, soon."""
Keep = Callable[[Entered, Judged, WalletAddress | None], None]
Unanswered = Callable[[Sequence[Entered]], None]


@dataclass(slots=True)
class Checked:
    """`unchecked`: the chain, or the index, did not say yet. `unanswered`: it was the node."""

    matches: int = 0
    mismatches: int = 0
    unchecked: int = 0
    unanswered: bool = False


def check_owners(*, due: Due, owners_of: OwnersOf, keep: Keep, unanswered: Unanswered) -> Checked:
    """One round over what is due."""
    checked, entered = Checked(), due()
    if not entered:
        return checked
    try:
        owners = owners_of([one.token_id for one in entered])
    except Unavailable:
        unanswered(entered)
        return Checked(unchecked=len(entered), unanswered=True)
    for one, owner in zip(entered, owners, strict=True):
        judged = judge(one, owner)
        keep(one, judged, owner)
        checked.matches += judged.outcome == "match"
        checked.mismatches += judged.outcome == "mismatch"
        checked.unchecked += judged.outcome == "unchecked"
    return checked
