"""The W3C trace context that a client sends in `traceparent`.

It goes into log lines and nowhere else: the service calls no other over HTTP, and the standard asks for nothing in the
answer.
"""

import re
from typing import NamedTuple

HEADER = "traceparent"

_PATTERN = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<parent>[0-9a-f]{16})-[0-9a-f]{2}(?P<more>-.*)?"
)
_UNUSED_VERSION = "ff"


class TraceContext(NamedTuple):
    """The trace, and the span of the caller in it, in hexadecimal."""

    trace_id: str
    parent_id: str


def parse_traceparent(value: str | None) -> TraceContext | None:
    """None for a value that is missing or invalid, as the standard has it: such a value is ignored."""
    match = _PATTERN.fullmatch(value) if value else None
    if match is None or match["version"] == _UNUSED_VERSION or (match["version"] == "00" and match["more"]):
        return None
    if not (match["trace"].strip("0") and match["parent"].strip("0")):
        return None
    return TraceContext(match["trace"], match["parent"])
