from typing import Any

import pytest

from onlineticket.api.source_address import source_address, source_network

HEADER = "CloudFront-Viewer-Address"


def request(source_ip: Any, **headers: str) -> dict[str, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"headers": named, "requestContext": {"identity": {"sourceIp": source_ip}}}


def test_the_gateway_says_who_calls_whatever_the_headers_say() -> None:
    spoofed = request(
        "203.0.113.9", CloudFront_Viewer_Address="198.51.100.10:1", X_Forwarded_For="198.51.100.10"
    )
    assert source_address(spoofed) == "203.0.113.9"


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("198.51.100.10:46532", "198.51.100.10"),
        ("2001:db8::1:46532", "2001:db8::1"),
        ("[2001:DB8::1]:46532", "2001:db8::1"),
        ("::ffff:198.51.100.10:46532", "198.51.100.10"),
        ("nobody", None),
        ("", None),
    ],
)
def test_the_viewers_header_counts_where_the_stage_says_so(
    value: str, address: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_ADDRESS_HEADER", HEADER)
    forwarded = request("203.0.113.9", cloudfront_viewer_address=value)
    assert source_address(forwarded) == address
    assert source_address(request("203.0.113.9")) == "203.0.113.9"


@pytest.mark.parametrize("source_ip", [None, "", "test-invoke-source-ip", "1.2.3.4.5"])
def test_what_is_no_address_is_none(source_ip: Any) -> None:
    assert source_address(request(source_ip)) is None
    assert source_address({"headers": None, "requestContext": {}}) is None


def test_addresses_have_one_form() -> None:
    assert source_address(request("::FFFF:203.0.113.9")) == "203.0.113.9"
    assert source_address(request("2001:0DB8:0::1")) == "2001:db8::1"


def test_a_customers_whole_ipv6_prefix_is_one_caller() -> None:
    assert source_network("2001:db8:1:2:3::4") == source_network("2001:db8:1:2:ffff::") != ""
    assert source_network("2001:db8:1:2::") != source_network("2001:db8:1:3::")
    assert source_network("203.0.113.9") == "203.0.113.9"
