"""The open loop: what arrives does not wait for what came before."""

import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.bench.open_loop import arrive
from tests.bench.payloads import Ask

SLOW = 0.3


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(SLOW)
        self.send_response(200 if body == b"well" else 503)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_requests_arrive_at_their_rate_even_if_answers_are_slow(url: str) -> None:
    found = arrive(url, Ask("/", b"well"), rate=100, seconds=0.5)
    assert 25 < len(found.sent) < 80
    assert found.sent.max() - found.sent.min() < 0.5 + SLOW
    assert found.failed == 0
    assert found.percentile(50) >= SLOW


def test_answers_are_counted_by_status(url: str) -> None:
    found = arrive(url, Ask("/", b"badly"), rate=40, seconds=0.25)
    assert found.failed == len(found.answered(503).sent) == len(found.sent) > 0
