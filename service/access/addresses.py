"""Which address a request is counted under: the client's own, also behind proxies that are trusted to say it."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

_MAX_HOPS = 16
_CACHED = 1024
_PREFIX = 64  # bits: what one customer of a provider has of IPv6

Address = IPv4Address | IPv6Address


def is_loopback(address: str) -> bool:
    return _parse(address).is_loopback


class ClientAddresses:
    def __init__(self, trusted_proxies: str | None = None) -> None:
        """`trusted_proxies` are addresses and networks, separated by commas."""
        self._trusted = [ip_network(text, strict=False) for text in (trusted_proxies or "").split(",") if text]
        self.find = lru_cache(_CACHED)(self._find)

    def _find(self, peer: str, forwarded: str | None) -> str:
        """`forwarded` is X-Forwarded-For. Each proxy adds its client at the end, so it is read from there, as far as
        trusted proxies have written it; what comes before, anybody may have made up."""
        try:
            address = _parse(peer)
        except ValueError:
            return peer
        hops = forwarded.split(",")[-_MAX_HOPS:] if forwarded and self._trusted else []
        while hops and self._trusts(address):
            try:
                address = _parse(hops.pop())
            except ValueError:
                break
        return _group(address)

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)


def _parse(text: str) -> Address:
    """Also with a port, as some proxies write it. Raises ValueError."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    address = ip_address(text.partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address


def _group(address: Address) -> str:
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, _PREFIX), strict=False))
    return str(address)
