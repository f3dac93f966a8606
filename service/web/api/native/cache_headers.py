"""Whether an answer may be kept: what the same request always gives may be kept and asked for again by its tag."""

import hashlib

from werkzeug.http import parse_etags, quote_etag

from service.web.request import Request
from service.web.response import Response


def make_etag(*facts: object) -> str:
    """The tag of what these facts decide."""
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]


def is_unchanged(request: Request, etag: str) -> bool:
    """Whether the client has the answer of that tag: then it needs no run of the model."""
    return etag != "" and etag in parse_etags(request.get_header("If-None-Match"))


def with_cache_headers(response: Response, etag: str) -> Response:
    """Without a tag the response is not repeatable, and is not to be kept."""
    if etag:
        response.headers |= {"ETag": quote_etag(etag), "Cache-Control": "public, no-cache"}
    else:
        response.headers["Cache-Control"] = "no-store"
    return response
