"""When a request is sent again: while the service is busy, away or starting, and only for a bounded time."""

import random
import time
from collections.abc import Callable

import httpx

from .calls import read_error
from .errors import ConnectionFailed, ServiceError

DEFAULT_SECONDS = 30.0
_FIRST_PAUSE, _MAX_PAUSE = 0.25, 10.0  # seconds

OnRetry = Callable[[str], None]


class Retries:
    """The retries of one call. After each failed try a method says how long to wait, or raises the final error."""

    def __init__(self, seconds: float, on_retry: OnRetry | None = None) -> None:
        self._deadline = time.monotonic() + seconds
        self._pause = _FIRST_PAUSE
        self._on_retry = on_retry

    def wait_after_response(self, response: httpx.Response) -> float:
        """Seconds to wait after a response with a status that its call retries. Raises ServiceError."""
        return self._choose_pause(read_error(response), _read_retry_after(response))

    def wait_after_error(self, error: httpx.RequestError) -> float:
        """Seconds to wait after a connection failed. Raises ConnectionFailed."""
        request = error.request
        address = f"{request.url.scheme}://{request.url.netloc.decode()}"
        reason = str(error).rstrip(".") or type(error).__name__
        failure = ConnectionFailed(f"The service at {address} cannot be reached: {reason}.")
        if not isinstance(error, httpx.TransportError):
            raise failure from error
        return self._choose_pause(failure, 0.0)

    def _choose_pause(self, failure: ServiceError | ConnectionFailed, least: float) -> float:
        """`least`, or longer after each failure; a random share keeps clients from asking all at once."""
        pause = max(least, self._pause) * random.uniform(1.0, 1.25)
        if time.monotonic() + pause > self._deadline:
            raise failure
        self._pause = min(self._pause * 2, _MAX_PAUSE)
        if self._on_retry is not None:
            self._on_retry(str(failure))
        return pause


def _read_retry_after(response: httpx.Response) -> float:
    """Seconds. A date, which the header may hold too, counts as none."""
    try:
        return max(0.0, float(response.headers.get("Retry-After", "")))
    except ValueError:
        return 0.0
