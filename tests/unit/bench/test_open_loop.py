"""The open loop: a request does not wait for the answers to earlier ones."""

import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.bench.open_loop import run_open_loop
from tests.bench.payloads import Request

DELAY = 0.3


class _SlowHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(DELAY)
        self.send_response(200 if body == b"good" else 503)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _SlowHandler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_requests_are_sent_at_their_rate_even_if_answers_are_slow(url: str) -> None:
    result = run_open_loop(url, Request("/", b"good"), rate=100, seconds=0.5)
    assert 25 < len(result.sent_at) < 80
    assert result.sent_at.max() - result.sent_at.min() < 0.5 + DELAY
    assert result.failed == 0
    assert result.compute_percentile(50) >= DELAY


def test_answers_are_counted_by_status(url: str) -> None:
    result = run_open_loop(url, Request("/", b"bad"), rate=40, seconds=0.25)
    assert result.failed == len(result.select_status(503).sent_at) == len(result.sent_at) > 0
