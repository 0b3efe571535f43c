"""What only a ticket's holder may have: its QR codes."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from time import time
from typing import Annotated

from annotated_types import Interval
from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.openapi.params import Body

from onlineticket import resources, settings
from onlineticket.api import qr_symbol, session
from onlineticket.api.http import http_app, logger, serve, source
from onlineticket.domain.types import NO_TRUTH, EventId, TokenId
from onlineticket.store import audit, door
from onlineticket.usecases.issue_qr import MOST, IssuedCode, issue_qr

app = http_app()


@dataclass(frozen=True, slots=True)
class CodesWanted:
    """`count` above 1 prefetches the codes of the next half minutes; `svg` and `png` add pictures
    of each.
    """

    count: Annotated[int, Interval(ge=1, le=MOST), NO_TRUTH] = 1
    svg: bool = False
    png: bool = False


@dataclass(frozen=True, slots=True)
class CodeAnswer:
    """The same code twice as text; base45 is what the pictures hold. `svg` is an XML element, `png`
    a file in base64.
    """

    not_before: datetime
    expires_at: datetime
    prefetched: bool
    text_base45: str
    text_base64url: str
    svg: str | None
    png: str | None


@dataclass(frozen=True, slots=True)
class CodesAnswer:
    token_id: TokenId
    event_id: EventId
    codes: list[CodeAnswer]


@app.post("/tickets/<token_id>/qrcode")
def issue(
    token_id: TokenId, wanted: Annotated[CodesWanted | None, Body()] = None
) -> Response[CodesAnswer]:
    caller = session.current(app)
    asked = wanted or CodesWanted()
    suite = settings.current_suite()
    issued = issue_qr(
        token_id,
        caller.wallet,
        count=asked.count,
        now=int(time()),
        keys=resources.key_ring("QR_SECRET_ARN"),
        suite=suite,
        suite_id=resources.suite_id(),
        source=source(app),
        find_ticket=partial(door.find_ticket, resources.postgres, suite),
        keep=lambda entry: audit.append(resources.postgres(), [entry]),
    )
    logger.info("qr codes issued", token_id=str(token_id), count=asked.count)
    codes = [_answer(code, asked) for code in issued.codes]
    return Response(
        200,
        content_types.APPLICATION_JSON,
        CodesAnswer(token_id, issued.event_id, codes),
        {"Cache-Control": "no-store"},
    )


def _answer(issued: IssuedCode, asked: CodesWanted) -> CodeAnswer:
    return CodeAnswer(
        datetime.fromtimestamp(issued.code.not_before, UTC),
        datetime.fromtimestamp(issued.code.expires_at, UTC),
        issued.code.prefetched,
        issued.base45,
        issued.base64url,
        qr_symbol.svg(issued.base45) if asked.svg else None,
        qr_symbol.png(issued.base45) if asked.png else None,
    )


lambda_handler = serve(app)
