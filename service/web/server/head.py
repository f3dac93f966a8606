"""The head of a request: what the parser found in it, checked and split.

Refused are a missing or second Host, a transfer coding other than chunked, other versions of HTTP, too many fields.
"""

from typing import NamedTuple

import httptools

from service.errors import BadRequest, HeadTooLarge

MAX_FIELDS = 100

_VERSIONS = ("1.1", "1.0")


class Head(NamedTuple):
    """`headers` have their names in capitals; `content_length` is None for a body in chunks."""

    method: str
    path: str
    query: str
    version: str
    headers: dict[str, str]
    content_length: int | None
    keep_alive: bool

    def get_header(self, name: str) -> str | None:
        """The value of a header, whatever the case of its name."""
        return self.headers.get(name.upper())


def read_head(parser: httptools.HttpRequestParser, target: bytes, fields: list[tuple[bytes, bytes]]) -> Head:
    """The head that the parser has just completed. Raises BadRequest, HeadTooLarge."""
    version = parser.get_http_version()
    if version not in _VERSIONS:
        raise BadRequest(f"HTTP/{version} is not spoken here; use HTTP/1.1.")
    headers = _join_fields(fields)
    if version == "1.1" and "HOST" not in headers:
        raise BadRequest("The request has no Host.")
    method = parser.get_method().decode("ascii")
    path, query = _split_target(target)
    content_length = _read_content_length(headers, version)
    return Head(method, path, query, version, headers, content_length, parser.should_keep_alive())


def _join_fields(fields: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by name in capitals; values of a repeated field are joined by commas, as RFC 9110 has it."""
    if len(fields) > MAX_FIELDS:
        raise HeadTooLarge(f"The request has {len(fields)} header fields; the limit is {MAX_FIELDS}.")
    headers: dict[str, str] = {}
    for field_name, field_value in fields:
        name, value = field_name.decode("latin-1").upper(), field_value.decode("latin-1")
        if name in headers:
            if name == "HOST":
                raise BadRequest("The request has more than one Host.")
            value = f"{headers[name]},{value}"
        headers[name] = value
    return headers


def _split_target(target: bytes) -> tuple[str, str]:
    """Path and query of a request target, still percent-encoded; of an absolute URL the same."""
    if target[:1] != b"/" or b"#" in target:
        if target == b"*":
            return "*", ""
        try:
            url = httptools.parse_url(target)
        except httptools.HttpParserInvalidURLError:
            raise BadRequest("The request's target is not a URL.") from None
        return (url.path or b"/").decode("latin-1"), (url.query or b"").decode("latin-1")
    path, _, query = target.partition(b"?")
    return path.decode("latin-1"), query.decode("latin-1")


def _read_content_length(headers: dict[str, str], version: str) -> int | None:
    """Bytes of the body; None for chunks."""
    coding = headers.get("TRANSFER-ENCODING")
    if coding is None:
        return int(headers.get("CONTENT-LENGTH", 0))
    if coding.lower() != "chunked" or version == "1.0":
        raise BadRequest("The only transfer coding that is read is chunked, in HTTP/1.1.")
    return None
