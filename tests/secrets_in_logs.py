"""What must never be in a log line, known by its form."""

import re
from collections.abc import Iterable, Iterator

FORMS = {
    "access token": re.compile(r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"),
    "refresh token": re.compile(r"otr_[0-9a-f]{32}\.[0-9]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{20,}"),
    "verifier's key": re.compile(r"otv_[0-9A-Za-z]+_[A-Za-z0-9_-]{16,}"),
    # r and s of an account's signature, or a contract wallet's; a hash or a log's data is shorter
    # or does not end the line of 65 bytes.
    "signature": re.compile(r"(?<![0-9a-fA-F])(?:0x)?[0-9a-fA-F]{130}(?![0-9a-fA-F])"),
    "wrapped signature": re.compile(r"(?:6492){16}"),
}
_BASE45 = re.compile(r"(?=([0-9A-Z $%*+\-./:]{77}))")
_BASE64URL = re.compile(r"(?=([A-Za-z0-9_-]{68}))")


def found(lines: Iterable[str], *known: str) -> Iterator[str]:
    """A sentence for each line that holds a secret, by its form or one of the `known` ones."""
    for line in lines:
        for name, form in FORMS.items():
            if form.search(line):
                yield f"{name}: {line}"
        for secret in known:
            if secret in line:
                yield f"a secret of the run: {line}"


def code_like(line: str) -> Iterator[str]:
    """Every part of a line that could be a QR code's text, in either form."""
    for form in (_BASE45, _BASE64URL):
        yield from (match[1] for match in form.finditer(line))
