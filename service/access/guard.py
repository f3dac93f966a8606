"""Lets a request in, or says why not: the same checks for HTTP and for gRPC."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from service.access.addresses import ClientAddresses
from service.access.counters import Counters
from service.access.key_watch import KeyWatch
from service.access.keys import Key
from service.access.quota import Quota
from service.access.scopes import Scope
from service.errors import Forbidden, Unauthorized
from service.settings import Settings

if TYPE_CHECKING:
    from service.access.rates import RateLimits

_SCHEME = "bearer "

GetHeader = Callable[[str], str | None]


class Guard:
    """Without `keys` everybody has every scope; without `rates` nothing is counted."""

    def __init__(self, keys: KeyWatch | None, rates: "RateLimits | None", addresses: ClientAddresses) -> None:
        self._keys, self._rates, self._addresses = keys, rates, addresses

    def check(self, scope: Scope, peer: str, get_header: GetHeader, quotas: list[Quota]) -> str:
        """The name of the request's key; empty where none is needed. `peer` is the address of the connection.

        `quotas` gets what is left of each limit, also when this raises TooManyRequests, Unauthorized or Forbidden.
        Requests without a good key count for their address, so that nobody can try many.
        """
        if scope is Scope.PROBE:
            return ""
        if self._rates is not None:
            address = self._addresses.find(peer, get_header("X-Forwarded-For"))
            self._rates.count("address", address, quotas)
        if self._keys is None or scope is Scope.OPEN:
            return ""
        key = _find_key(self._keys, get_header)
        if scope not in key.scopes:
            raise Forbidden(f"The key {key.name} lacks the scope {scope}.", scope)
        if self._rates is not None:
            self._rates.count("key", key.name, quotas)
        return key.name


def make_guard(settings: Settings) -> Guard | None:
    """None if the settings let everybody in without a limit."""
    has_keys = settings.keys or settings.keys_file
    has_limits = settings.limit_per_address or settings.limit_per_key
    if not has_keys and not has_limits:
        return None
    keys = KeyWatch(settings.keys, settings.keys_file) if has_keys else None
    rates = None
    if has_limits:
        from service.access.rates import RateLimits  # the library takes 80 ms to import

        rates = RateLimits(settings.limit_per_address, settings.limit_per_key, Counters(settings.rates_file))
    return Guard(keys, rates, ClientAddresses(settings.trusted_proxies))


def _find_key(keys: KeyWatch, get_header: GetHeader) -> Key:
    """The key in `Authorization: Bearer` or in `X-API-Key`. Raises Unauthorized."""
    authorization = get_header("Authorization") or ""
    has_bearer = authorization[: len(_SCHEME)].lower() == _SCHEME
    given = authorization[len(_SCHEME) :].strip() if has_bearer else get_header("X-API-Key")
    if not given:
        raise Unauthorized("This needs a key, in `Authorization: Bearer KEY` or in `X-API-Key`.")
    key = keys.find(given)
    if key is None:
        raise Unauthorized("The key is not known.", "invalid_token")
    return key
