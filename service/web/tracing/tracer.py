"""Decides which requests are traced, and sends their spans to an OpenTelemetry collector by OTLP over HTTP.

The spans of a request are made when it has been answered. The SDK keeps a bounded number of them and sends them in a
thread, which gevent makes a greenlet of the worker. So its encoding runs between requests: batches are small.
OpenTelemetry is imported with the first Tracer: a service without traces does not load it.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from random import random
from typing import TYPE_CHECKING

import gevent

from service.version import VERSION
from service.web.rate_limit import RateLimit
from service.web.tracing.quiet_log import limit_lines
from service.web.tracing.trace import Step, Trace
from service.web.tracing.trace_context import HEADER, TraceContext, parse_traceparent

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span

MAX_TRACES = 100  # requests per second and worker: clients decide which are traced, and must not decide what it costs
_MAX_WAITING = 2048  # spans
_MAX_SENT = 32  # spans at once; to encode as many takes about a millisecond
_SEND_INTERVAL_MS = 1000.0
_SEND_SECONDS = 5.0
_FLUSH_SECONDS = 2.0  # for what waits when a worker stops

Attributes = Mapping[str, str | int]


class Tracer:
    """`url` is the collector's, as in http://collector:4318/v1/traces; `share` of the requests whose client says
    nothing about it are traced."""

    def __init__(self, url: str, share: float) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider, sampling
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        self._share, self._limit = share, RateLimit(MAX_TRACES)
        limit_lines(logging.getLogger("opentelemetry"))
        resource = Resource.create({SERVICE_NAME: "inkpaw", "service.version": VERSION})
        resource = resource.merge(OTELResourceDetector().detect())  # OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES
        self._provider = TracerProvider(sampling.ALWAYS_ON, resource, shutdown_on_exit=False)
        exporter = OTLPSpanExporter(url, timeout=_SEND_SECONDS)
        self._provider.add_span_processor(BatchSpanProcessor(exporter, _MAX_WAITING, _SEND_INTERVAL_MS, _MAX_SENT))
        self._tracer = self._provider.get_tracer("inkpaw", VERSION)

    def start(self, get_header: Callable[[str], str | None]) -> Trace | None:
        """The trace of a request, if it is traced: as its client decided, else by chance."""
        parent = parse_traceparent(get_header(HEADER))
        wanted = random() < self._share if parent is None else parent.sampled
        return Trace(parent) if wanted and self._limit.take() else None

    def finish(self, trace: Trace, name: str, arrived: float, status: int, attributes: Attributes) -> None:
        """Make the spans of a request that has been answered; `arrived` on the monotonic clock."""
        from opentelemetry.trace import SpanKind, set_span_in_context

        clock = time.time_ns() - time.monotonic_ns()
        error = str(status) if status >= 500 else ""
        root = self._tracer.start_span(
            name, _make_context(trace.parent), SpanKind.SERVER, attributes, start_time=_to_ns(arrived, clock)
        )
        self._add_steps(trace.steps, set_span_in_context(root), clock)
        _end(root, time.time_ns(), error)

    def _add_steps(self, steps: Sequence[Step], context: "Context", clock: int) -> None:
        from opentelemetry.trace import set_span_in_context

        for step in steps:
            attributes = {} if step.rows is None else {"inkpaw.rows": step.rows}
            started = _to_ns(step.started, clock)
            span = self._tracer.start_span(step.name, context, attributes=attributes, start_time=started)
            self._add_steps(step.steps, set_span_in_context(span), clock)
            _end(span, _to_ns(step.ended, clock), step.error)

    def flush(self) -> None:
        """Send what waits, for a worker that stops; what a slow collector does not take is lost."""
        with gevent.Timeout(_FLUSH_SECONDS, False):
            self._provider.force_flush()


def _end(span: "Span", end: int, error: str) -> None:
    from opentelemetry.trace import StatusCode

    if error:
        span.set_attribute("error.type", error)
        span.set_status(StatusCode.ERROR)
    span.end(end)


def _to_ns(seconds: float, clock: int) -> int:
    """Nanoseconds of Unix time of a time on the monotonic clock."""
    return int(seconds * 1e9) + clock


def _make_context(parent: TraceContext | None) -> "Context":
    from opentelemetry.context import Context
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

    if parent is None:
        return Context()
    span_context = SpanContext(
        int(parent.trace_id, 16), int(parent.parent_id, 16), True, TraceFlags(TraceFlags.SAMPLED)
    )
    return set_span_in_context(NonRecordingSpan(span_context), Context())
