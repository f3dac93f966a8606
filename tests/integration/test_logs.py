"""The log of a real service: JSON from every process, with the ids that clients got, and without what they sent."""

import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from service.web.middleware.access_log import MAX_REJECTIONS
from tests.integration.conftest import BuildModel, Serve, copy_models, run_service
from tests.support.models import BAD_PIXEL
from tests.support.pictures import make_digit_png, make_png
from tests.support.server import ROOT, Service
from tests.support.waiting import wait_until

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
ID = "X-Request-Id"


class LoggingService(Service):
    def find(self, request_id: str) -> dict[str, Any]:
        """The access line of that request."""
        (line,) = [line for line in self.find_all() if line["request_id"] == request_id]
        return line

    def find_all(self) -> list[dict[str, Any]]:
        return [line for line in self.log_lines if line["logger"] == "service.access"]

    def send(self, data: bytes, stack: ExitStack) -> socket.socket:
        host, port = self.url.removeprefix("http://").split(":")
        sock = stack.enter_context(socket.create_connection((host, int(port)), timeout=10))
        sock.sendall(data)
        return sock


@pytest.fixture(scope="module")
def verbose(build_model: BuildModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoggingService]:
    """A service that logs every request, with one place for requests in flight."""
    folder = copy_models(build_model, tmp_path_factory.mktemp("models"), "tiny", "brittle", "slow")
    with run_service(folder, LoggingService, workers=1, max_in_flight=1, access_log=1) as service:
        yield service


def test_every_process_logs_json(verbose: LoggingService) -> None:
    lines = verbose.log_lines
    assert {line["role"] for line in lines} == {"master", "worker", "engine"}
    assert all({"time", "level", "message", "logger", "pid"} <= set(line) for line in lines)
    assert any(line["logger"] == "gunicorn.error" for line in lines)
    assert any("tiny version 1 answers" in line["message"] for line in lines if line["role"] == "engine")


def test_both_doors_log_the_id_that_the_client_got(verbose: LoggingService) -> None:
    fast = verbose.post("/predict/tiny", make_digit_png(), headers=TRACEPARENT)
    flask = verbose.get("/livez", headers={ID: "my-id"})
    line = verbose.find(fast.headers[ID])
    assert {"status": 200, "model": "tiny", "version": "1", "trace_id": TRACE}.items() <= line.items()
    assert flask.headers[ID] == "my-id" and verbose.find("my-id")["path"] == "/livez"


def test_failure_is_logged_with_the_id_that_the_client_got(verbose: LoggingService) -> None:
    answer = verbose.post("/predict/brittle", make_png(BAD_PIXEL))
    assert answer.status_code == 500
    line = verbose.find(answer.headers[ID])
    assert (line["level"], line["status"], line["model"]) == ("error", 500, "brittle")


def test_what_cannot_be_read_has_an_id_and_a_line(verbose: LoggingService) -> None:
    with ExitStack() as stack:
        sock = verbose.send(b"hidden words\r\n\r\n", stack)
        answer = sock.recv(1 << 16).decode()
    (request_id,) = [line.split(": ")[1] for line in answer.splitlines() if line.startswith(ID)]
    assert verbose.find(request_id)["status"] == 400


def test_nothing_that_a_client_sends_is_logged(verbose: LoggingService) -> None:
    headers = {"Authorization": "hidden", "User-Agent": "hidden", "Cookie": "hidden", ID: "hidden!"}
    verbose.post("/predict/tiny?top=hidden&hidden=1", b"hidden", headers=headers)
    verbose.post("/predict/tiny", json={"hidden": "hidden"})
    verbose.get("/nothing?hidden=hidden", headers=headers | {"traceparent": "hidden"})
    assert "hidden" not in verbose.log


def test_path_cannot_forge_a_line(verbose: LoggingService) -> None:
    count = len(verbose.log_lines)
    verbose.get("/x%0A%7B%22level%22%3A%22critical%22%7D%E2%80%A8%1B[31m" + "y" * 5000)
    (line,) = verbose.log_lines[count:]
    assert line["status"] == 404 and len(line["path"]) < 300 and line["path"].isascii() and line["path"].isprintable()


def test_refusals_have_ids_and_few_lines(verbose: LoggingService) -> None:
    data = make_png(200)
    with ExitStack() as stack:
        head = b"POST /predict/slow HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(data)
        verbose.send(head + data, stack)
        wait_until(lambda: verbose.post("/predict/tiny", b"").status_code == 503, 10, "the place is taken")
        count = len(verbose.find_all())
        answers = [verbose.post("/predict/tiny", headers={ID: f"refused-{index}"}) for index in range(50)]
    refused = [answer for answer in answers if answer.status_code == 503]
    assert len(refused) > 20 and all(answer.headers[ID].startswith("refused-") for answer in refused)
    seconds = sum(answer.elapsed.total_seconds() for answer in answers)
    lines = [line for line in verbose.find_all()[count:] if line["status"] == 503]
    assert len(lines) <= MAX_REJECTIONS * (seconds + 2)


def test_only_failures_are_logged_with_a_share_of_none(serve: Serve) -> None:
    service = serve("tiny", "brittle", access_log=0)
    for _ in range(20):
        assert service.post("/predict/tiny", make_digit_png()).status_code == 200
    answer = service.post("/predict/brittle", make_png(BAD_PIXEL))
    lines = [line for line in service.log_lines if line["logger"] == "service.access" and line["status"] != 503]
    assert [line["request_id"] for line in lines] == [answer.headers[ID]]


def test_every_field_is_in_the_documentation(verbose: LoggingService) -> None:
    page = (ROOT / "docs/logs.md").read_text().partition("## Fields")[2].partition("## Ids")[0]
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    names = {name for row in rows for name in re.findall("`([a-z_]+)`", row)}
    verbose.post("/predict/tiny", make_digit_png(), headers=TRACEPARENT)
    fields = {name for line in verbose.log_lines for name in line}
    assert fields <= names and names - fields <= {"exception", "unlogged", "key"}  # `key` only where there are keys


def test_text_is_there_for_those_who_want_it(serve: Serve) -> None:
    service = serve("tiny", log_format="text", access_log=1)
    request_id = service.post("/predict/tiny", make_digit_png()).headers[ID]
    assert f"INFO POST /predict/tiny 200 ({request_id})\n" in service.log
