"""Which address a request counts for."""

import pytest

from service.access.addresses import ClientAddresses, is_loopback

PROXY, OTHER, CLIENT = "10.0.0.7", "192.0.2.1", "203.0.113.9"


@pytest.mark.parametrize(
    ("peer", "forwarded", "counted"),
    [
        (CLIENT, None, CLIENT),
        (CLIENT, "198.51.100.1", CLIENT),  # not a proxy of ours: it may say what it likes
        (PROXY, CLIENT, CLIENT),
        (PROXY, f"1.2.3.4, {CLIENT}", CLIENT),  # what the client itself made up comes first
        (PROXY, f"{CLIENT}, 10.1.2.3", CLIENT),  # two proxies of ours
        (PROXY, "", PROXY),
        (PROXY, "unknown", PROXY),
        (PROXY, f"{CLIENT}, nonsense", PROXY),
        (PROXY, f"{CLIENT}:4711", CLIENT),
        (PROXY, "[2001:db8:1:2:3::4]:80", "2001:db8:1:2::/64"),
        (f"::ffff:{PROXY}", CLIENT, CLIENT),
        ("2001:db8:1:2:3:4:5:6", None, "2001:db8:1:2::/64"),
        ("fe80::1%eth0", None, "fe80::/64"),
        ("", None, ""),
    ],
)
def test_request_counts_for_the_last_address_that_is_no_proxy(peer: str, forwarded: str | None, counted: str) -> None:
    assert ClientAddresses("10.0.0.0/8").find(peer, forwarded) == counted


def test_long_chain_is_read_in_part() -> None:
    assert ClientAddresses("10.0.0.0/8").find(PROXY, ",".join([CLIENT] + ["10.0.0.1"] * 10_000)) == "10.0.0.1"


def test_no_proxy_is_trusted_by_default() -> None:
    assert ClientAddresses().find("127.0.0.1", CLIENT) == "127.0.0.1"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        *[("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("::ffff:127.0.0.1", True)],
        *[("0.0.0.0", False), ("::", False), ("10.0.0.1", False)],
    ],
)
def test_loopback_is_known(address: str, expected: bool) -> None:
    assert is_loopback(address) is expected
