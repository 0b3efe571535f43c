"""Tickets of the season that are still good at the open doors, and who holds them."""

from dataclasses import dataclass

from infra.local import demo
from infra.local.api import Api
from infra.local.demo import Played
from infra.local.wallets import MINA, NOAH, OMAR, Wallet


@dataclass(frozen=True, slots=True)
class Held:
    """A ticket, and what its holder sends along."""

    token_id: int
    holder: dict[str, str]


def signed_in(api: Api, played: Played, wallet: Wallet) -> dict[str, str]:
    token = demo.sign_in(api, wallet.key, demo.chain_id(played.stack))
    return {"Authorization": f"Bearer {token}"}


def valid_tickets(api: Api, played: Played) -> list[Held]:
    """Those for the event whose doors are open; not the demo's own. Oldest first."""
    headers = {
        wallet.address: signed_in(api, played, wallet) for wallet in (MINA, NOAH, OMAR)
    }  # fmt: skip
    event_id = str(played.season.demo_event_id)
    found = []
    for token_id in played.season.token_ids:
        ticket = api.expect(200, api.get(f"/tickets/{token_id}"))
        owner = ticket["owner"].lower()
        if owner in headers and ticket["event_id"] == event_id and ticket["status"] == "valid":
            found.append(Held(token_id, headers[owner]))
    return found
