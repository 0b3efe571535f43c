"""Networks a key may be used from: CIDR blocks of IPv4 and IPv6 (RFC 4632, RFC 4291).

An IPv4-mapped IPv6 address (::ffff:192.0.2.1) is the IPv4 address it maps, here and in blocks.
`ipaddress` is imported late: most keys have no blocks, and the authorizer starts often.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

_MAPPED_BITS = 96


def canonical(block: str) -> str:
    """The one way we write a block; a lone address is the block of it alone.

    Raises:
        ValueError: it is none, or has bits set behind its prefix.
    """
    return str(_network(block))


def contains(blocks: Collection[str], address: str | None) -> bool:
    """Whether one of these canonical blocks has the address; what is no address is in none."""
    found = _address(address or "")
    if found is None:
        return False
    return any(found in _network(block) for block in blocks)


def _network(block: str) -> "IPv4Network | IPv6Network":
    from ipaddress import IPv4Network, IPv6Network, ip_network

    if "%" in block or not block.isascii():  # a zone means nothing to anybody else
        raise ValueError(f"{block!r} is not a network")
    network = ip_network(block)
    if isinstance(network, IPv6Network):
        mapped = network.network_address.ipv4_mapped
        if mapped is not None and network.prefixlen >= _MAPPED_BITS:
            return IPv4Network((mapped, network.prefixlen - _MAPPED_BITS))
    return network


def _address(text: str) -> "IPv4Address | IPv6Address | None":
    from ipaddress import IPv6Address, ip_address

    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return None
        return address.ipv4_mapped or address
    return address
