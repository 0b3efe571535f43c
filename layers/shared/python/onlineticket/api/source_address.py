"""The network address a request came from, as far as it can be believed.

API Gateway writes `requestContext.identity.sourceIp` itself. Behind CloudFront that is CloudFront's
address, and the viewer's is in a header that CloudFront overwrites on every request; but whoever
reaches the gateway past it can write any header. So it counts only where the stage says that there
is no other way in, by naming it in SOURCE_ADDRESS_HEADER (infra/stages.py).
"""

from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from onlineticket import settings

IPV6_PREFIX = 64
"""Bits of an IPv6 address that name one customer: the rest is theirs to change at will."""


def source_address(event: Mapping[str, Any]) -> str | None:
    """The caller's address in its canonical form, an IPv4-mapped one as IPv4; None if the gateway
    gives none, as in a test call of its console. `event`: of a REST proxy or REQUEST authorizer.
    """
    header = settings.optional("SOURCE_ADDRESS_HEADER", "").lower()
    if header:
        for name, value in (event.get("headers") or {}).items():
            if name.lower() == header:
                return _read(_without_port(value))
    identity = (event.get("requestContext") or {}).get("identity") or {}
    return _read(identity.get("sourceIp") or "")


def source_network(address: str) -> str:
    """What limits count as one caller: an IPv4 address, or the /64 of an IPv6 one."""
    if ":" not in address:
        return address
    return str(ip_network(f"{address}/{IPV6_PREFIX}", strict=False))


def _without_port(text: str) -> str:
    """CloudFront-Viewer-Address is `198.51.100.10:46532` or `2001:db8::1:46532`."""
    host, _, port = text.strip().rpartition(":")
    return host.strip("[]") if port.isdecimal() else text.strip()


def _read(text: str) -> str | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)
