"""The contract views that fill what logs leave out, called in batches at one block (EIP-1898)."""

import re
from collections.abc import Sequence
from functools import partial
from typing import Any

from onlineticket.chain.decoders import SELECTORS
from onlineticket.chain.rpc import Call, Node
from onlineticket.chain.rpc_errors import RetryableRpcError, RpcError, UnknownBlock
from onlineticket.domain.chain_log import Cursor
from onlineticket.domain.contract_read import ContractRead, Subject
from onlineticket.domain.deployments import Deployments

CALLS_PER_REQUEST = 200

_RETURN_DATA = re.compile("0x(?:[0-9a-fA-F]{2})*")

_VIEWS: dict[str, tuple[str, str, str]] = {
    # kind: contract, view, and its return values as `type name`; "(" = wrapped in one tuple
    "event": (
        "EventManager",
        "getEventInfo",
        "string name, string description, string imageURI, string venue, address organizer, "
        "uint startTime, uint endTime, uint status, uint createdAt, uint totalTicketTypes, "
        "uint totalRevenue, uint totalEthRevenue, bool requiresApproval, bool isApproved",
    ),
    "ticket_type": (
        "EventManager",
        "getTicketTypeInfo",
        "string name, uint price, uint ethPrice, uint totalSupply, uint sold, uint presaleStart, "
        "uint saleStart, uint saleEnd, bool isTransferable, bool presaleOnly",
    ),
    "ticket": (
        "TicketManager",
        "getTicketInfo",
        "(uint eventId, uint seatNumber, uint originalPrice, uint category, uint validFrom, "
        "uint validUntil, uint status, address originalBuyer, uint purchaseTime, "
        "bool isTransferable, string seatSection, uint verificationHash",
    ),
    "listing": (
        "Marketplace",
        "getListingInfo",
        "uint tokenId, address seller, uint price, uint ethPrice, uint createdAt, uint expiresAt, "
        "uint status, bool acceptsEth",
    ),
}


def read(
    node: Node, contracts: Deployments, subjects: Sequence[Subject], at: Cursor
) -> list[ContractRead]:
    """Read every subject at the block `at`, each from the contract that knows it there.

    Raises:
        RpcError: the node refuses, and not by a revert.
        Unavailable: `RPC_UNAVAILABLE`; it does not have that block's state, or what it answers is
            not what the views return.
    """
    reads: list[ContractRead] = []
    for start in range(0, len(subjects), CALLS_PER_REQUEST):
        part = subjects[start : start + CALLS_PER_REQUEST]
        reads += node.persist(partial(_read, node, contracts, part, at))
    return reads


def _read(
    node: Node, contracts: Deployments, subjects: Sequence[Subject], at: Cursor
) -> list[ContractRead]:
    answers = node.try_batch([_call(contracts, subject, at) for subject in subjects])
    return [_parse(*pair, at) for pair in zip(subjects, answers, strict=True)]


def decode(kind: str, result: str) -> dict[str, Any] | None:
    """Return data (0x text) as values by name; None if it is empty: the contract refused.

    Raises:
        ValueError: it is not what the view returns.
    """
    if not _RETURN_DATA.fullmatch(result):
        raise ValueError("not hexadecimal")
    data = result[2:].lower()
    if not data:
        return None
    signature = _VIEWS[kind][2]
    base = 0
    if signature.startswith("("):
        base = int(data[:64], 16) * 2
    values: dict[str, Any] = {}
    for position, one in enumerate(signature.strip("(").split(", ")):
        type_, name = one.split(" ")
        start = base + 64 * position
        word = data[start : start + 64]
        if len(word) < 64:
            raise ValueError(f"{name} is missing")
        values[name] = _text(data, base, word) if type_ == "string" else _plain(type_, word)
    return values


def _call(contracts: Deployments, subject: Subject, at: Cursor) -> Call:
    contract, view, _ = _VIEWS[subject.kind]
    address, id_ = contracts.on_chain(contract, subject.id, at.number)
    arguments = [id_, subject.sub_id] if subject.kind == "ticket_type" else [id_]
    calldata = SELECTORS[contract, view] + "".join(f"{one:064x}" for one in arguments)
    block = {"blockHash": at.hash}
    return ("eth_call", [{"to": address, "data": calldata}, block])


def _parse(subject: Subject, answer: Any, at: Cursor) -> ContractRead:
    if isinstance(answer, UnknownBlock):
        raise RetryableRpcError(str(answer))
    if isinstance(answer, RpcError):
        # Only a revert is an answer about the subject; all else is one about the node.
        if answer.code != 3 and "revert" not in answer.message.lower():
            raise answer
        return parse(subject, at.number, at.hash, "0x")
    if answer == "0x":
        # A view returns something or reverts: this node does not see the contract there.
        raise RetryableRpcError("a view that returned nothing")
    try:
        return parse(subject, at.number, at.hash, answer)
    except (TypeError, ValueError) as error:
        raise RetryableRpcError("not what the view returns") from error


def parse(subject: Subject, block_number: int, block_hash: str, result: str) -> ContractRead:
    """A stored read, decoded again."""
    return ContractRead(subject, block_number, block_hash, result, decode(subject.kind, result))


def _plain(type_: str, word: str) -> Any:
    if type_ == "address":
        return "0x" + word[24:]
    number = int(word, 16)
    return number != 0 if type_ == "bool" else number


def _text(data: str, base: int, word: str) -> str:
    start = base + int(word, 16) * 2
    length = int(data[start : start + 64], 16) * 2
    content = data[start + 64 : start + 64 + length]
    if len(data) < start + 64 + length:
        raise ValueError("a string is cut short")
    return bytes.fromhex(content).decode(errors="replace")
