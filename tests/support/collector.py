"""An OpenTelemetry collector: receives spans by OTLP over HTTP, and keeps them."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.support.waiting import wait_until


class Collector:
    """Listens until the `with` ends. `received` are the bodies, `spans` what they say, `resources` their senders."""

    def __enter__(self) -> "Collector":
        self.received: list[bytes] = []
        self.spans: list[Span] = []
        self.resources: list[dict[str, Any]] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                collector._receive(self.path, self.rfile.read(int(self.headers["Content-Length"])))
                body = ExportTraceServiceResponse().SerializeToString()
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1/traces"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _receive(self, path: str, body: bytes) -> None:
        assert path == "/v1/traces"
        self.received.append(body)
        for part in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.resources.append(read_attributes(part.resource.attributes))
            self.spans += [span for scope in part.scope_spans for span in scope.spans]

    def wait_for(self, trace_id: str) -> dict[str, Span]:
        """The spans of a trace by name, once that of the request is there: it comes last."""

        def find() -> dict[str, Span]:
            spans = {span.name: span for span in self.spans if span.trace_id.hex() == trace_id}
            return spans if any(span.kind == Span.SPAN_KIND_SERVER for span in spans.values()) else {}

        return wait_until(find, 20, f"spans of {trace_id}")


def read_attributes(attributes: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in attributes}
