"""Limits of requests per address and per key, by the library `limits` over counters that all workers share."""

import math

from limits import RateLimitItem, parse
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from service.access.counters import Counters
from service.access.quota import Policy, Quota
from service.errors import TooManyRequests


class RateLimits:
    def __init__(self, per_address: str | None, per_key: str | None, counters: Counters) -> None:
        """Limits such as `100/minute`; None for no limit."""
        self._counters, self._limiter = counters, FixedWindowRateLimiter(_CounterStorage(counters))
        self._items: dict[Policy, RateLimitItem] = {}
        if per_address:
            self._items["address"] = parse(per_address)
        if per_key:
            self._items["key"] = parse(per_key)

    def count(self, policy: Policy, subject: str, quotas: list[Quota]) -> None:
        """Count a request of that address or key, and add to `quotas` what is left. Raises TooManyRequests."""
        item = self._items.get(policy)
        if item is None:
            return
        fits = self._limiter.hit(item, policy, subject)
        count, seconds = self._counters.read(item.key_for(policy, subject))  # the limiter would read it twice
        wait = max(1, math.ceil(seconds))
        quotas.append(Quota(policy, item.amount, item.get_expiry(), max(0, item.amount - count), wait))
        if not fits:
            raise TooManyRequests(f"More than {item} from one {policy}; try again in {wait} s.", wait)


class _CounterStorage(Storage):
    """The storage that `limits` asks for. It takes an expiry for a time to compare with; ours counts from now."""

    STORAGE_SCHEME = None

    def __init__(self, counters: Counters) -> None:
        super().__init__()
        self._counters = counters

    @property
    def base_exceptions(self) -> type[Exception]:
        return OSError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        return self._counters.add(key, expiry, amount)

    def get(self, key: str) -> int:
        return self._counters.read(key)[0]

    def get_expiry(self, key: str) -> float:
        return self._counters.read(key)[1]

    def check(self) -> bool:
        return True

    def reset(self) -> None:
        raise NotImplementedError

    def clear(self, key: str) -> None:
        raise NotImplementedError
