"""gRPC's names of connections, as its servers give them."""

import pytest

from service.rpc.peer import find_address


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("ipv4:192.0.2.1:5000", "192.0.2.1"),
        ("ipv6:%5B2001:db8::1%5D:5000", "2001:db8::1"),
        ("ipv6:[2001:db8::1]:5000", "2001:db8::1"),
        ("ipv6:%5Bfe80::1%25eth0%5D:5000", "fe80::1%eth0"),
        ("unix:/run/socket", "unix:/run/socket"),
        ("", ""),
    ],
)
def test_address_is_found_without_its_port(peer: str, address: str) -> None:
    assert find_address(peer) == address
