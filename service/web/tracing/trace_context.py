"""The W3C trace context that a client sends in `traceparent`. The standard asks for nothing in the answer."""

import re
from typing import NamedTuple

HEADER = "traceparent"

_PATTERN = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<parent>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?"
)
_UNUSED_VERSION = "ff"
_SAMPLED = 1  # the flag


class TraceContext(NamedTuple):
    """The trace, and the span of the caller in it, in hexadecimal; `sampled` if the caller records its own span."""

    trace_id: str
    parent_id: str
    sampled: bool


def parse_traceparent(value: str | None) -> TraceContext | None:
    """None for a value that is missing or invalid, as the standard has it: such a value is ignored."""
    match = _PATTERN.fullmatch(value) if value else None
    if match is None or match["version"] == _UNUSED_VERSION or (match["version"] == "00" and match["more"]):
        return None
    if not (match["trace"].strip("0") and match["parent"].strip("0")):
        return None
    return TraceContext(match["trace"], match["parent"], bool(int(match["flags"], 16) & _SAMPLED))
