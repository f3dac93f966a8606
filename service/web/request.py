"""A request as the handlers see it, and their answer: the same by whichever door the request came in."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import parse_qsl

import msgspec

from service.web import body as bodies
from service.web.context import Context


class Target(NamedTuple):
    """What a path names: a model, and the version or the label of it where it says so."""

    name: str = ""
    version: int | None = None
    label: str | None = None


def protocol(path: str) -> str:
    """The first part of the path: `predict`, `v1`, ..."""
    return path.split("/", 2)[1]


@dataclass(slots=True)
class Asked:
    """`caller` is the file descriptor of the client's socket, if known; `length` what the client says of the body.

    `model` and `version` are what the request counts under, once it is known that there are such.
    """

    here: Context
    path: str
    method: str
    query: str
    content_type: str
    length: int | None
    header: Callable[[str], str | None]
    stream: bodies.Stream
    caller: int | None
    arrived: float = field(default_factory=time.monotonic)
    model: str = ""
    version: str = ""
    _body: bytes | None = None

    @property
    def protocol(self) -> str:
        return protocol(self.path)

    @property
    def deadline(self) -> float:
        """When the answer must have been given, on the monotonic clock."""
        return self.arrived + self.here.settings.request_seconds

    def args(self) -> dict[str, str]:
        """The query's fields; of one given twice, the first."""
        return dict(reversed(parse_qsl(self.query, keep_blank_values=True))) if self.query else {}

    def body(self) -> bytes:
        """The whole body, within its bounds. Raises RequestTooLarge, RequestTimeout."""
        if self._body is None:
            self._body = bodies.read(self.stream, self.length, self.here.settings.max_body_bytes, self.deadline)
        return self._body


@dataclass(slots=True)
class Reply:
    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


Handler = Callable[[Asked, Target], Reply]


def json(body: object, status: int = 200) -> Reply:
    return Reply(msgspec.json.encode(body), status)
