"""Networks of IPv4 and IPv6, and that an address has one meaning however it is written."""

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis.strategies import integers, ip_addresses, text

from onlineticket.domain import network


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("192.0.2.0/24", "192.0.2.0/24"),
        ("192.0.2.7", "192.0.2.7/32"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("2001:DB8:0::/32", "2001:db8::/32"),
        ("2001:db8::1", "2001:db8::1/128"),
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ("::ffff:192.0.2.7", "192.0.2.7/32"),
        ("::/0", "::/0"),
    ],
)
def test_a_block_has_one_form(written: str, kept: str) -> None:
    assert network.canonical(written) == kept


@pytest.mark.parametrize(
    "text",
    ["", "hall", "192.0.2.1/24", "192.0.2.0/33", "192.0.2.0/-1", "2001:db8::1/64", "192.0.2",
     "fe80::1%eth0", "192.0.2.0/24,10.0.0.0/8", "١٩٢.0.2.0/24", "010.0.0.1", "1.2.3.4/0.0.0.255 "],
)  # fmt: skip
def test_what_is_no_block_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        network.canonical(text)


@pytest.mark.parametrize(
    ("block", "address", "inside"),
    [
        ("192.0.2.0/24", "192.0.2.255", True),
        ("192.0.2.0/24", "192.0.3.0", False),
        ("192.0.2.0/24", "::ffff:192.0.2.7", True),
        ("192.0.2.0/24", "::ffff:c000:207", True),
        ("192.0.2.0/24", "::192.0.2.7", False),
        ("0.0.0.0/0", "2001:db8::1", False),
        ("::/0", "192.0.2.7", False),
        ("::/0", "::ffff:192.0.2.7", False),
        ("2001:db8::/32", "2001:db8:ffff::1", True),
        ("2001:db8::/32", "2001:db9::1", False),
        ("fe80::/10", "fe80::1%eth0", False),
        ("192.0.2.0/24", "192.0.2.7:443", False),
        ("192.0.2.0/24", "192.0.2.7, 10.0.0.1", False),
        ("192.0.2.0/24", "", False),
        ("192.0.2.0/24", None, False),
    ],
)
def test_an_address_is_in_a_block_or_not(block: str, address: str | None, inside: bool) -> None:
    assert network.contains([block], address) is inside
    assert network.contains(["203.0.113.0/24", block], address) is inside
    assert not network.contains([], address)


@given(ip_addresses(), integers(0, 32), ip_addresses(v=4))
def test_a_block_says_of_every_address_what_ipaddress_says(
    address: IPv4Address | IPv6Address, prefix: int, base: IPv4Address
) -> None:
    block = ip_network((base, prefix), strict=False)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    meant = mapped or address
    assert network.contains([network.canonical(str(block))], str(address)) == (meant in block)


@given(text())
def test_no_text_in_a_header_breaks_the_check(sent: str) -> None:
    assert network.contains(["203.0.113.0/24"], sent) in (True, False)
