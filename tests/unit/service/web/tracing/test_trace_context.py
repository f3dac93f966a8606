"""`traceparent` as the W3C recommendation has it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.web.tracing.trace_context import TraceContext, parse_traceparent

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(("end", "sampled"), [("01", True), ("00", False), ("03", True), ("fe", False)])
def test_valid_value_is_read(end: str, sampled: bool) -> None:
    assert parse_traceparent(f"00-{TRACE}-{PARENT}-{end}") == TraceContext(TRACE, PARENT, sampled)


def test_value_of_a_later_version_is_read() -> None:
    assert parse_traceparent(f"cc-{TRACE}-{PARENT}-01-new") == TraceContext(TRACE, PARENT, True)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01-new",
        f"00-{TRACE}-{PARENT}-1",
        f"00-{TRACE}-{PARENT}",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{PARENT}-01\n",
        f"cc-{TRACE}-{PARENT}-01new",
        f"00-{TRACE}-{PARENT}-01,00-{TRACE}-{PARENT}-01",
    ],
)
def test_invalid_value_is_ignored(value: str | None) -> None:
    assert parse_traceparent(value) is None


@given(st.text(alphabet="0123456789abcdefF-\n,\u0661", max_size=70))
def test_only_hexadecimal_is_ever_returned(value: str) -> None:
    context = parse_traceparent(value)
    assert context is None or set(context.trace_id + context.parent_id) <= set("0123456789abcdef")
