"""A request as endpoints see it: the same by whichever door it came in."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import parse_qsl

from service.access.quota import Quota
from service.client_socket import ClientSocket
from service.errors import RequestTooLarge
from service.web.body import TOO_LARGE, Stream, give_turn, read_body
from service.web.budget import Share
from service.web.content_encoding import check_content_encoding, unpack
from service.web.context import Context
from service.web.tracing.trace import Trace

_PRETTY = "pretty"
_SMALL_BODY = 1 << 14  # bytes; the number of connections bounds such bodies, and large ones do not shut them out


class ModelSpec(NamedTuple):
    """What a path names: a model, and the version or the label of it where the path has one."""

    name: str = ""
    version: int | None = None
    label: str | None = None


@dataclass(slots=True)
class Request:
    """`content_length` is what the client declares, None where it declares none.

    `client` is the client's socket, where there is one, else `peer` its address; `client_seconds` is how long it waits
    by its own word. `model` and `version` are the labels that the request is counted under, once they are known to
    exist. `truncated` are the indices of its images that lack their last bytes. `trace` is there if the request is
    traced. `key` is the name of its API key, `quotas` what is left of the limits that it counts for.
    """

    context: Context
    path: str
    method: str
    query: str
    content_type: str
    content_length: int | None
    get_header: Callable[[str], str | None]
    stream: Stream
    client: ClientSocket | None
    arrived: float = field(default_factory=time.monotonic)
    client_seconds: float = math.inf
    peer: str = ""
    model: str = ""
    version: str = ""
    truncated: Sequence[int] = ()
    request_id: str = ""
    trace: Trace | None = None
    key: str = ""
    quotas: list[Quota] | None = None
    _body: bytes | None = None
    _share: Share | None = None

    @property
    def address(self) -> str:
        """Of the other end of the connection: the client's, or a proxy's."""
        return self.peer if self.client is None else self.client.address

    @property
    def deadline(self) -> float:
        """When the answer must have been given, on the monotonic clock, in seconds."""
        return self.arrived + min(self.client_seconds, self.context.settings.request_seconds)

    @property
    def wants_indentation(self) -> bool:
        """`?pretty`, for people who read the answer; `dispatch` sees to it, for every path."""
        return _PRETTY in self.query and self._parse_query().get(_PRETTY) in ("", "1", "true")

    @property
    def body_size(self) -> int | None:
        """Bytes of the body: as declared, else as read and unpacked; None while neither is known."""
        if self.content_length is not None:
            return self.content_length
        return None if self._body is None else len(self._body)

    def args(self) -> dict[str, str]:
        """The query's fields; the first value of a field that is given twice."""
        fields = self._parse_query() if self.query else {}
        fields.pop(_PRETTY, None)
        return fields

    def _parse_query(self) -> dict[str, str]:
        return dict(reversed(parse_qsl(self.query, keep_blank_values=True)))

    def body(self, limit: int | None = None) -> bytes:
        """The whole body, unpacked, within its bounds; `limit` is a smaller one than the settings', in bytes.

        What the head already tells is refused before the body is read, so that a client with `Expect: 100-continue`
        need not send it. Raises UnsupportedContentEncoding, RequestTooLarge, RequestTimeout, BadRequest, Overloaded,
        ClientDisconnected.
        """
        if self._body is None:
            coding, most = self.get_header("Content-Encoding") or "", self.context.settings.max_body_bytes
            check_content_encoding(coding)
            limit = most if limit is None else min(limit, most)
            if coding or self.content_length is None or self.content_length > _SMALL_BODY:
                self._share = self.context.body_budget.open_share()
            body = read_body(self.stream, self.content_length, limit, self.deadline, self._share)
            give_turn(len(body))
            self._body = unpack(body, coding, limit, self._share, self.deadline, self.client)
        return self._body

    def accept_body(self, body: bytes) -> None:
        """Take a body that has arrived whole already; `body` returns it. Raises RequestTooLarge, Overloaded."""
        limit = self.context.settings.max_body_bytes
        if len(body) > limit:
            raise RequestTooLarge(TOO_LARGE.format(limit))
        if len(body) > _SMALL_BODY:
            self._share = self.context.body_budget.open_share()
            self._share.take(len(body))
        self._body = body

    def release(self) -> None:
        """Give back what it holds of the worker's budgets: it has been answered."""
        if self._share is not None:
            self._share.release()
