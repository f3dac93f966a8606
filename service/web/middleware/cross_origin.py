"""CORS: which pages of other origins may call the service from a browser. None may, unless the settings list them."""

from service.web.request import Request
from service.web.response import Response

_ALL = "*"
_REQUEST_HEADERS = (
    "Authorization, Content-Encoding, Content-Type, Inference-Header-Content-Length, X-API-Key, X-Request-Id"
)
_RESPONSE_HEADERS = (
    "ETag, Inference-Header-Content-Length, Inkpaw-Seeds, Inkpaw-Truncated, Inkpaw-Version, RateLimit, "
    "RateLimit-Policy, Retry-After, X-Request-Id"
)
_MAX_AGE = "600"  # seconds for which a browser keeps the answer to a preflight


class CrossOrigin:
    """No response allows credentials: a page must bring a key of its own, and gets none of another page's cookies."""

    def __init__(self, origins: str) -> None:
        """`origins` are separated by commas; `*` is all of them."""
        self._allows_all = origins == _ALL
        self._origins = frozenset(origin.lower() for origin in origins.split(","))

    def add_headers(self, request: Request, response: Response) -> None:
        if not self._allows_all:
            vary = response.headers.get("Vary")
            response.headers["Vary"] = f"{vary}, Origin" if vary else "Origin"
        origin = request.get_header("Origin")
        if not origin or not (self._allows_all or origin.lower() in self._origins):
            return
        response.headers["Access-Control-Allow-Origin"] = _ALL if self._allows_all else origin
        if request.method == "OPTIONS":
            response.headers |= {
                "Access-Control-Allow-Methods": response.headers.get("Allow", ""),  # of the path, by the route table
                "Access-Control-Allow-Headers": _REQUEST_HEADERS,
                "Access-Control-Max-Age": _MAX_AGE,
            }
        else:
            response.headers["Access-Control-Expose-Headers"] = _RESPONSE_HEADERS
