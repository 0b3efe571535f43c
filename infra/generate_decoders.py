"""`make decoders`: writes onlineticket/chain/decoders.py from the events in abis/*.json.

Generated, because slicing hex text is 15 times faster than a general ABI decoder; strict, because
a node may lie: a log decodes only if it is the canonical encoding (Solidity ABI specification) of
its arguments, to the last bit. The oracle is eth_abi, in tests/unit/test_decoders.py.
"""

import json
from pathlib import Path
from typing import Any

from eth_utils.crypto import keccak

# Logs of the suite that mean nothing to us, whichever contract emits them. Transfer means something
# from TicketManager alone: TokenSwap's is that of its liquidity token, an ERC-20.
MEANINGLESS = [
    "MetadataUpdate(uint256)",
    "BatchMetadataUpdate(uint256,uint256)",
    "Approval(address,address,uint256)",
    "ApprovalForAll(address,address,bool)",
    "Paused(address)",
    "Unpaused(address)",
    "OwnershipTransferred(address,address)",
    "TokensMinted(address,uint256)",
    "TokensBurned(address,uint256)",
    "EmergencyWithdraw(address,uint256)",
    "EIP712DomainChanged()",
]
MEANINGLESS_HERE = [("TokenSwap", "Transfer(address,address,uint256)")]
EMITTERS = ("EventManager", "TicketManager", "Marketplace", "TokenSwap")
"""PlatformToken is not here: all its logs mean nothing, so the indexer does not ask for them."""

OUTPUT = Path("layers/shared/python/onlineticket/chain/decoders.py")
HEADER = '''"""Decoders of our logs. Written by `make decoders` from abis/*.json; do not edit.

Each takes a log's topics (the first is the signature's hash) and its data, as lowercase 0x text,
and returns the arguments in the ABI's order, or raises Malformed.
"""

from collections.abc import Callable
from typing import Any

from onlineticket.chain.slices import Malformed, address, boolean, text, uint8

Decoder = Callable[[list[str], str], tuple[Any, ...]]


'''


def main() -> None:
    OUTPUT.write_text(generate(Path("abis")))


def generate(folder: Path) -> str:
    functions, decoders, selectors = [], [], []
    for path in sorted(folder.glob("*.json")):
        for entry in json.loads(path.read_text()):
            signature = f"{entry.get('name')}({','.join(_type(i) for i in entry['inputs'])})"
            if entry["type"] == "function":
                selector = "0x" + keccak(text=signature)[:4].hex()
                selectors.append(f'    ("{path.stem}", "{entry["name"]}"): "{selector}",\n')
            if entry["type"] != "event" or path.stem not in EMITTERS:
                continue
            name = f"_{path.stem}_{entry['name']}"
            functions.append(_function(name, entry["inputs"]))
            topics = 1 + sum(i["indexed"] for i in entry["inputs"])
            key = f'("{path.stem}", "{_topic(signature)}", {topics})'
            decoders.append(f'    {key}: (\n        "{entry["name"]}",\n        {name},\n    ),\n')
    meaningless = [(emitter, one) for emitter in EMITTERS for one in MEANINGLESS]
    pairs = "".join(
        f'    ("{emitter}", "{_topic(one)}"),\n'
        for emitter, one in [*meaningless, *MEANINGLESS_HERE]
    )
    return (
        HEADER
        + "\n".join(functions)
        + "\n\nDECODERS: dict[tuple[str, str, int], tuple[str, Decoder]] = {\n"
        + "".join(decoders)
        + '}\n"""By contract, topic 0, number of topics: the event and its decoder."""\n\n'
        + "TOPICS = frozenset((contract, topic) for contract, topic, _ in DECODERS)\n\n"
        + "MEANINGLESS = frozenset(\n    {\n"
        + "".join(f"    {line}\n" for line in pairs.splitlines())
        + "    }\n)\n\nSELECTORS = {\n"
        + "".join(sorted(set(selectors)))
        + '}\n"""By contract and function name: the first four bytes of its calldata."""\n'
    )


def _topic(signature: str) -> str:
    return "0x" + keccak(text=signature).hex()


def _type(parameter: dict[str, Any]) -> str:
    if not parameter["type"].startswith("tuple"):
        return str(parameter["type"])
    inner = ",".join(_type(component) for component in parameter["components"])
    return f"({inner}){parameter['type'][5:]}"


def _function(name: str, inputs: list[dict[str, Any]]) -> str:
    indexed = [i for i in inputs if i["indexed"]]
    in_data = [i for i in inputs if not i["indexed"]]
    strings = [i for i in in_data if i["type"] == "string"]
    size = 2 + 64 * len(in_data)
    lines = [f"def {name}(topics: list[str], data: str) -> tuple[Any, ...]:"]
    lines.append(f"    if len(topics) != {1 + len(indexed)}:")
    lines.append('        raise Malformed("topic count")')
    if not strings:
        lines.append(f"    if len(data) != {size}:")
        lines.append('        raise Malformed("data length")')
    else:
        lines.append(f"    end = {size}")
        for position, one in enumerate(in_data):
            if one["type"] == "string":
                lines.append(f"    {one['name']}, end = text(data, {2 + 64 * position}, end)")
        lines.append("    if len(data) != end:")
        lines.append('        raise Malformed("data length")')
    values, topic, position = [], 1, 0
    for one in inputs:
        if one["indexed"]:
            values.append(_value(str(one["type"]), f"topics[{topic}]", 2))
            topic += 1
        else:
            is_text = one["type"] == "string"
            values.append(
                str(one["name"]) if is_text else _value(str(one["type"]), "data", 2 + 64 * position)
            )
            position += 1
    body = "".join(f"        {value},\n" for value in values)
    return "\n".join(lines) + f"\n    return (\n{body}    )\n\n"


def _value(solidity_type: str, source: str, start: int) -> str:
    if solidity_type == "uint256":
        return f"int({source}[{start}:{start + 64}], 16)"
    readers = {"address": "address", "bool": "boolean", "uint8": "uint8"}
    return f"{readers[solidity_type]}({source}, {start})"


if __name__ == "__main__":
    main()
