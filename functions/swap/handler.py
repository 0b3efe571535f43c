"""What the pool would pay for a swap now."""

from dataclasses import dataclass
from datetime import UTC, datetime
from time import time
from typing import Annotated

from annotated_types import Interval
from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.openapi.params import Query

from onlineticket import resources, settings
from onlineticket.api.http import http_app, serve
from onlineticket.chain import pool as chain_pool
from onlineticket.domain import quote as quotes
from onlineticket.domain.quote import BASIS, Pool
from onlineticket.domain.types import BlockNumber, WalletAddress, Wei
from onlineticket.store import pool as indexed_pool
from onlineticket.usecases.quote_swap import quote_swap

app = http_app()

KEPT_SECONDS = 5
"""A browser may repeat a quote for as long as even an old one is valid."""

Amount = Annotated[str, Query(pattern=r"^(0|[1-9][0-9]{0,77})$")]
BasisPoints = Annotated[int, Interval(ge=0, le=BASIS), Query()]


@dataclass(frozen=True, slots=True)
class QuoteAnswer:
    """The zero address is ETH. `fee` is in `in_token`, and inside `amount_in`."""

    in_token: WalletAddress
    out_token: WalletAddress
    amount_in: Wei
    amount_out: Wei
    minimum_out: Wei
    """`amount_out` less the slippage asked for: what the transaction should insist on."""
    slippage_bps: int
    max_slippage_bps: int | None
    """A lower minimum makes the contract refuse; null while the chain can't be asked."""
    fee: Wei
    fee_bps: int
    price_impact_bps: int
    """By how much the swap itself worsens the price, apart from the fee; rounded up."""
    as_of_block: BlockNumber
    valid_until: datetime


@app.get("/swap/quote")
def show_quote(
    in_token: Annotated[WalletAddress, Query()],
    out_token: Annotated[WalletAddress, Query()],
    amount: Amount,
    slippage_bps: BasisPoints = 50,
) -> Response[QuoteAnswer]:
    suite, now = settings.current_suite(), int(time())
    quoted = quote_swap(
        int(amount),
        for_eth=quotes.is_for_eth(in_token, out_token, suite),
        of=f"{suite.chain_id}:{suite.token_swap}",
        now=now,
        cache=resources.cache(),
        indexed_pool=_indexed_pool,
        chain_pool=lambda: chain_pool.read(resources.node(), suite.token_swap),
        max_slippage=lambda: chain_pool.max_slippage_bps(resources.node(), suite.token_swap),
    )
    answer = QuoteAnswer(
        in_token=in_token,
        out_token=out_token,
        amount_in=Wei(quoted.amount_in),
        amount_out=Wei(quoted.amount_out),
        minimum_out=Wei(quotes.minimum_out(quoted, slippage_bps)),
        slippage_bps=slippage_bps,
        max_slippage_bps=quoted.max_slippage_bps,
        fee=Wei(quoted.fee),
        fee_bps=quoted.fee_bps,
        price_impact_bps=quoted.price_impact_bps,
        as_of_block=quoted.as_of_block,
        valid_until=datetime.fromtimestamp(quoted.valid_until, UTC),
    )
    headers: dict[str, str | list[str]] = {"Cache-Control": f"public, max-age={KEPT_SECONDS}"}
    return Response(200, content_types.APPLICATION_JSON, answer, headers)


def _indexed_pool() -> tuple[Pool, int] | None:
    return indexed_pool.find(resources.postgres(), resources.suite_id())


lambda_handler = serve(app)
