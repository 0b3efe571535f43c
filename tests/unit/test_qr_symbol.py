"""The pictures of codes, read back by a decoder that shares nothing with the one that drew them."""

import re
from base64 import b64decode
from io import BytesIO
from random import Random

import pytest
import zxingcpp
from PIL import Image, ImageDraw

from onlineticket.api import qr_symbol
from onlineticket.domain import qr
from tests.at_the_door import text

TEXTS = [text(), text(prefetched=True), *(qr.base45(Random(n).randbytes(51)) for n in range(5))]


def picture_of(png: str) -> Image.Image:
    return Image.open(BytesIO(b64decode(png, validate=True)))


def drawn(svg: str) -> Image.Image:
    """The SVG's one path of horizontal strokes (`M x y`, `h length`, `m dx dy`), eight pixels to
    the module.
    """
    assert re.search(r'viewBox="0 0 41 41"', svg)
    [strokes] = re.findall(r'stroke="#000" [^>]*d="(M[^"]+)"', svg)
    image = Image.new("L", (41 * 8, 41 * 8), 255)
    pen = ImageDraw.Draw(image)
    x = y = 0.0
    for command, numbers in re.findall(r"([Mmh])([^Mmh]+)", strokes):
        values = [float(each) for each in re.findall(r"-?[\d.]+", numbers)]
        if command == "h":
            top = 8 * (y - 0.5)
            pen.rectangle([8 * x, top, 8 * (x + values[0]) - 1, top + 7], fill=0)
            x += values[0]
        elif command == "M":
            x, y = values
        else:
            x, y = x + values[0], y + values[1]
    return image


def read(image: Image.Image) -> zxingcpp.Barcode:
    [found] = zxingcpp.read_barcodes(image)
    assert found.format == zxingcpp.BarcodeFormat.QRCode
    return found


@pytest.mark.parametrize("base45", TEXTS)
def test_another_decoder_reads_the_text_back_from_either_picture(base45: str) -> None:
    for image in (picture_of(qr_symbol.png(base45)), drawn(qr_symbol.svg(base45))):
        found = read(image.convert("L"))
        assert found.text == base45
        assert found.ec_level == "M"


@pytest.mark.parametrize("base45", TEXTS)
def test_a_symbol_is_of_version_4_with_its_quiet_zone(base45: str) -> None:
    image = picture_of(qr_symbol.png(base45)).convert("L")
    assert image.size == (41 * 8, 41 * 8)
    box = image.point(lambda value: 255 - value).getbbox()
    assert box == (4 * 8, 4 * 8, 37 * 8, 37 * 8)


def test_a_symbol_is_read_though_blurred_turned_and_small() -> None:
    image = picture_of(qr_symbol.png(TEXTS[0])).convert("L")
    small = image.resize((120, 120)).rotate(17, expand=True, fillcolor=255)
    assert read(small).text == TEXTS[0]
