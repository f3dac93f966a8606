"""The answer to a request, as endpoints make it and as it goes over the wire."""

import contextlib
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

import msgspec

CLIENT_CLOSED_REQUEST = 499  # no client reads it; it is for the metrics, as nginx counts it

_REASONS = {status.value: status.phrase for status in HTTPStatus} | {CLIENT_CLOSED_REQUEST: "Client Closed Request"}
_NO_CONTENT_LENGTH = (204, 304)
_JSON = "application/json"


@dataclass(slots=True)
class Response:
    body: bytes = b""
    status: int = 200
    content_type: str = _JSON
    headers: dict[str, str] = field(default_factory=dict)

    def to_bytes(self, keep_alive: bool, include_body: bool = True) -> bytes:
        """The whole response in HTTP/1.1; without its body for a HEAD request."""
        fields: dict[str, object] = {
            "Content-Type": self.content_type,
            "Content-Length": len(self.body),
            "Connection": "keep-alive" if keep_alive else "close",
            "Date": _format_date(int(time.time())),
            "X-Content-Type-Options": "nosniff",
            **self.headers,
        }
        if self.status in _NO_CONTENT_LENGTH:
            del fields["Content-Length"]
        lines = "".join([f"{name}: {value}\r\n" for name, value in fields.items()])
        head = f"HTTP/1.1 {self.status} {_REASONS.get(self.status, '')}\r\n{lines}\r\n".encode("latin-1")
        return head + self.body if include_body else head


def indent_json(response: Response) -> None:
    """Make it readable for people; what is not JSON stays as it is, and so does JSON with a bare NaN."""
    if response.content_type == _JSON:
        with contextlib.suppress(msgspec.DecodeError):
            response.body = msgspec.json.format(response.body, indent=2) + b"\n"


def json_response(body: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status)


@lru_cache(1)
def _format_date(second: int) -> str:
    return formatdate(second, usegmt=True)
