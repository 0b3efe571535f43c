"""A small season on a fresh suite: all that the contracts can do, and each of their oddities.

The same steps in the same order every time, so ids are the same too; only times follow the clock.
On a chain whose head is `PAST_SECONDS` old or older it begins with a concert of last month: start
anvil with `--timestamp` that early. Either way the chain's clock is right when it ends.
"""

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from infra.local import aftermarket, first_sale
from infra.local.blocks import mined_by_hand
from infra.local.errors import LocalCloudError
from infra.local.stage import DAY, Stage
from infra.local.wallets import HOLDER
from onlineticket.chain.rpc import Node
from onlineticket.domain import suite

PAST_SECONDS = 40 * DAY


@dataclass(frozen=True, slots=True)
class Season:
    """What came into being, by its name in `first_sale` and `aftermarket`."""

    holder: str
    holder_key: str
    """The private key of the wallet that holds the demo's ticket."""
    demo_event_id: int
    """It starts in an hour, so its doors are open now."""
    demo_token_id: int
    events: dict[str, int]
    tickets: dict[str, int]
    """Those of note; `token_ids` are all."""
    listings: dict[str, int]
    token_ids: list[int]
    auction_id: int

    @property
    def event_ids(self) -> list[int]:
        return sorted(self.events.values())

    @property
    def listing_ids(self) -> list[int]:
        return sorted(self.listings.values())


def play(rpc_url: str, contracts_file_text: str) -> Season:
    """Play it on an anvil with its default accounts, on a suite that the first of them owns.

    Raises:
        LocalCloudError: a step reverted; or the node is no anvil, or not with its default accounts.
    """
    stage = Stage(Node(rpc_url), suite.parse(contracts_file_text), int(time.time()))
    with mined_by_hand(stage.node):
        has_past = stage.head_time() <= stage.now - PAST_SECONDS
        first_sale.found(stage)
        if has_past:
            first_sale.play_last_month(stage)
        first_sale.announce(stage)
        first_sale.put_on_sale(stage)
        first_sale.sell(stage)
        aftermarket.resell(stage)
        aftermarket.buy_as_contract(stage)
        aftermarket.use_and_revoke(stage)
        aftermarket.swap(stage)
        aftermarket.settle_up(stage)
    return Season(
        holder=HOLDER.address,
        holder_key=HOLDER.key,
        demo_event_id=stage.events["door"],
        demo_token_id=stage.tickets["demo"],
        events=stage.events,
        tickets=stage.tickets,
        listings=stage.listings,
        token_ids=sorted(stage.token_ids),
        auction_id=stage.view(
            stage.suite.marketplace, "tokenToAuction(uint256)", stage.tickets["auctioned"]
        ),
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.local.season", description=__doc__)
    parser.add_argument("--rpc-url", required=True)
    parser.add_argument("--contracts-file", required=True, type=Path)
    options = parser.parse_args()
    try:
        season = play(options.rpc_url, options.contracts_file.read_text())
    except LocalCloudError as error:
        sys.exit(str(error))
    for kind in ("events", "tickets", "listings"):
        print(f"{kind}: " + ", ".join(f"{n} {i}" for n, i in getattr(season, kind).items()))
    print(f"demo: ticket {season.demo_token_id} of event {season.demo_event_id}, {season.holder}")


if __name__ == "__main__":
    main()
