"""The address of a client, out of gRPC's name for its connection."""

from urllib.parse import unquote


def find_address(peer: str) -> str:
    """Of `ipv4:192.0.2.1:5000` or `ipv6:%5B2001:db8::1%5D:5000`, without its port; other names stay as they are."""
    kind, _, place = peer.partition(":")
    if kind not in ("ipv4", "ipv6"):
        return peer
    return unquote(place).rpartition(":")[0].strip("[]")
