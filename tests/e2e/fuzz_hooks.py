"""What the fuzz knows of the season: ids that exist (schemathesis loads this by itself).

FUZZ_IDS is JSON, `{"token_id": ["1", …], …}`. Half of the values that are well-formed become ones
that mean something, so that the code behind a refusal is reached; a malformed one stays what it is.
"""

import json
import os
import re
from typing import Any
from zlib import crc32

import schemathesis

KNOWN: dict[str, list[str]] = json.loads(os.environ["FUZZ_IDS"])
_ADDRESS = "0[xX][0-9a-fA-F]{40}"
_FORM = {"verifier_id": "[0-9a-f]{16}", "address": _ADDRESS}
_ETH = "0x" + "00" * 20


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: Any) -> Any:
    return {name: _known(name, value) for name, value in (path_parameters or {}).items()}


@schemathesis.hook
def map_query(context: Any, query: Any) -> Any:
    kept = dict(query or {})
    chance = crc32(str(kept).encode())
    # No token that is made up is that of a page; most requests shall see a first page instead.
    for token in ("page", "since"):
        if token in kept and chance % 8:
            del kept[token]
    pair = [str(kept.get(name)) for name in ("in_token", "out_token")]
    if all(re.fullmatch(_ADDRESS, each) for each in pair) and chance % 8:
        swap = [_ETH, KNOWN["platform_token"][0]]
        kept["in_token"], kept["out_token"] = swap if chance & 16 else reversed(swap)
    return kept


def _known(name: str, value: Any) -> Any:
    ids = KNOWN.get(name)
    if ids is None:
        return value
    if value is None:  # found in an answer, where it means that there is none
        return ids[0]
    chance = crc32(str(value).encode())
    if not re.fullmatch(_FORM.get(name, "0|[1-9][0-9]*"), str(value)) or chance % 2:
        return value
    return ids[chance // 2 % len(ids)]
