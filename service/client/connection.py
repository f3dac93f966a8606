"""Where the service is, and how httpx connects to it: the same for both clients."""

from typing import Any

import httpx

DEFAULT_URL = "http://127.0.0.1:8080"
DEFAULT_BATCH = 16  # images per request: half of what the service puts into one run of a model
DEFAULT_IN_FLIGHT = 8  # requests
_CONNECT_SECONDS, _ANSWER_SECONDS = 5.0, 60.0


def make_options(url: str, in_flight: int) -> dict[str, Any]:
    """The arguments of httpx's clients. Raises ValueError for what is not an address."""
    return {
        "base_url": parse_url(url),
        "timeout": httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS, pool=None),
        "limits": httpx.Limits(max_connections=in_flight, max_keepalive_connections=in_flight),
    }


def parse_url(url: str) -> httpx.URL:
    """`http://` may be left out. Raises ValueError."""
    try:
        parsed = httpx.URL(url if "://" in url else f"http://{url}")
    except httpx.InvalidURL as error:
        raise ValueError(f"'{url}' is not an address: {error}.") from None
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ValueError(f"'{url}' is not an address of the form http://host:port.")
    return parsed
