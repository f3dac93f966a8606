"""One line in the log per request: for a share of them, and for every failure.

A line holds nothing that the client wrote but method, path, request id and trace: no query, header or body.
"""

import logging
import re
import time
from collections.abc import Callable
from random import random
from urllib.parse import quote

from service.web.rate_limit import RateLimit
from service.web.request import Request
from service.web.response import Response
from service.web.tracing import trace_context

log = logging.getLogger("service.access")

GetHeader = Callable[[str], str | None]

_MAX_PATH = 200  # characters
MAX_REJECTIONS = 5  # lines per second and worker: under overload the log must not become the load
_REJECTED = 503
_VISIBLE = re.compile(r"[!-~]*")

_rejections = RateLimit(MAX_REJECTIONS)


def log_request(protocol: str, request: Request, response: Response) -> None:
    """The line of a request that an endpoint or an error has answered, if it gets one."""
    status = response.status
    if not select(status, request.context.settings.access_log):
        return
    write(
        status,
        request.request_id,
        request.get_header,
        method=request.method,
        path=request.path,
        protocol=protocol,
        key=request.key,
        model=request.model,
        version=request.version,
        seconds=round(time.monotonic() - request.arrived, 6),
        bytes_in=request.body_size,
        bytes_out=len(response.body),
    )


def select(status: int, share: float) -> bool:
    """Whether a request of that status gets a line: all failures, a bounded number of rejections, a share of the rest.

    Call it once per request: it counts.
    """
    if status < 500:
        return random() < share
    return status != _REJECTED or _rejections.take()


def write(status: int, request_id: str, get_header: GetHeader, **fields: str | float | None) -> None:
    """Write the line of a selected request. Fields without a value are left out."""
    level = _get_level(status)
    if not log.isEnabledFor(level):
        return
    fields["path"] = path = make_loggable(str(fields.get("path", "")))
    if context := trace_context.parse_traceparent(get_header(trace_context.HEADER)):
        fields |= {"trace_id": context.trace_id, "parent_id": context.parent_id}
    if status == _REJECTED:
        fields["unlogged"] = _rejections.pop_refused() or None
    known = {name: value for name, value in fields.items() if value not in ("", None)}
    known |= {"status": status, "request_id": request_id}
    log.log(level, "%s %s %d (%s)", fields.get("method", "-"), path or "-", status, request_id, extra=known)


def make_loggable(path: str) -> str:
    """The path in visible ASCII and of bounded length: it can neither end a line nor forge another."""
    short = path if len(path) <= _MAX_PATH else f"{path[:_MAX_PATH]}..."
    return short if _VISIBLE.fullmatch(short) else quote(short, safe="/%:@!$&'()*+,;=~", errors="replace")


def _get_level(status: int) -> int:
    if status < 500:
        return logging.INFO
    return logging.WARNING if status == _REJECTED else logging.ERROR
