"""A QR code's picture (ISO/IEC 18004): version 4 at level M, 33 modules a side, and around them the
quiet zone of four that scanners need.
"""

from base64 import b64encode
from io import BytesIO
from typing import Any

QUIET_ZONE = 4
PIXELS_PER_MODULE = 8


def svg(base45: str) -> str:
    """A self-contained SVG, to be scaled at will."""
    out = BytesIO()
    _symbol(base45).save(
        out, kind="svg", border=QUIET_ZONE, xmldecl=False, nl=False, omitsize=True, light="#fff"
    )
    return out.getvalue().decode()


def png(base45: str) -> str:
    """A PNG of 328 x 328 pixels, black on white, as base64 (RFC 4648, section 4): put
    `data:image/png;base64,` before it and it is an image's URL.
    """
    out = BytesIO()
    _symbol(base45).save(out, kind="png", border=QUIET_ZONE, scale=PIXELS_PER_MODULE)
    return b64encode(out.getvalue()).decode()


def _symbol(base45: str) -> Any:
    import segno

    return segno.make(base45, version=4, error="m", mode="alphanumeric", boost_error=False)
