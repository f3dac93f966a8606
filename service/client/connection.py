"""Where the service is, and how httpx connects to it: the same for both clients."""

from collections.abc import Mapping
from typing import Any

import httpx

DEFAULT_URL = "http://127.0.0.1:8080"
DEFAULT_BATCH = 16  # images per request: half of what the service puts into one run of a model
DEFAULT_IN_FLIGHT = 8  # requests
_CONNECT_SECONDS, _ANSWER_SECONDS = 5.0, 60.0


def make_options(
    url: str, in_flight: int, api_key: str | None = None, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The arguments of httpx's clients. Raises ValueError for what is not an address, or a key that no header holds."""
    return {
        "headers": _make_headers(api_key, headers),
        "base_url": parse_url(url),
        "timeout": httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS, pool=None),
        "limits": httpx.Limits(max_connections=in_flight, max_keepalive_connections=in_flight),
    }


def _make_headers(api_key: str | None, headers: Mapping[str, str] | None) -> dict[str, str]:
    key = check_key(api_key)
    return {**(headers or {}), "Authorization": f"Bearer {key}"} if key else dict(headers or {})


def check_key(api_key: str | None) -> str:
    """The key without the end of line that a file adds; empty if there is none. Raises ValueError."""
    key = (api_key or "").strip()
    if not (key.isascii() and key.isprintable()):
        raise ValueError("The API key has characters that no key has.")  # the key itself belongs into no message
    return key


def parse_url(url: str) -> httpx.URL:
    """`http://` may be left out. Raises ValueError."""
    try:
        parsed = httpx.URL(url if "://" in url else f"http://{url}")
    except httpx.InvalidURL as error:
        raise ValueError(f"'{url}' is not an address: {error}.") from None
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ValueError(f"'{url}' is not an address of the form http://host:port.")
    return parsed
