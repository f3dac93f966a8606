"""A closed loop, by wrk with one thread: each connection sends its next request when its last one is answered."""

import http.client
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench.background_load import run_undisturbed
from tests.bench.payloads import Request

UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


@dataclass(frozen=True)
class ClosedLoopResult:
    """Requests per second, percentiles of latency in seconds, and counts.

    `answered` counts all responses. `failed` counts bad statuses and broken connections.
    """

    rate: float
    p50: float
    p99: float
    answered: int
    failed: int

    def to_point(self) -> dict[str, float]:
        """A point of a curve. Its rate counts good responses only."""
        good_rate = self.rate * max(0, self.answered - self.failed) / max(1, self.answered)
        return {"rate": good_rate, "p50_ms": self.p50 * 1000, "p99_ms": self.p99 * 1000, "failed": self.failed}


def check_answers(*results: ClosedLoopResult) -> None:
    """Raises RuntimeError if a request failed."""
    if failed := sum(result.failed for result in results):
        raise RuntimeError(f"{failed} requests failed")


def _write_script(requests: Sequence[Request], folder: Path) -> str:
    """A Lua script for wrk that sends the requests in turn. Their bodies are written to the folder."""
    lines = ["local requests = {}"]
    for index, request in enumerate(requests, 1):
        body = folder / f"body{index}"
        body.write_bytes(request.body)
        headers = {"Content-Type": request.content_type, **request.headers} if request.body else request.headers
        table = ", ".join(f"[{json.dumps(name)}] = {json.dumps(value)}" for name, value in headers.items())
        lines.append(f'do local f = io.open("{body}", "rb"); local body = f:read("*a"); f:close()')  # Lua: 200 locals
        lines.append(
            f"requests[{index}] = {{'{request.method}', '{request.path}', {{{table}}}, #body > 0 and body or nil}} end"
        )
    lines += [
        "local ready, index = {}, 0",
        "init = function() for i, r in ipairs(requests) do ready[i] = wrk.format(r[1], r[2], r[3], r[4]) end end",
        "request = function() index = index % #ready + 1; return ready[index] end",
    ]
    return "\n".join(lines)


def run_closed_loop(
    url: str, requests: Request | Sequence[Request], connections: int, seconds: float
) -> ClosedLoopResult:
    """Keeps `connections` connections busy for some seconds; several requests are sent in turn."""
    if shutil.which("wrk") is None:
        sys.exit("The benchmark needs wrk: apt-get install wrk.")
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "requests.lua"
        script.write_text(_write_script([requests] if isinstance(requests, Request) else requests, Path(folder)))
        times = [f"-d{max(1, round(seconds))}s", "--timeout", "30s"]
        command = ["wrk", "-t1", f"-c{connections}", *times, "--latency", "-s", str(script), url]
        return parse_wrk_output(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def run_undisturbed_closed_loop(
    url: str, requests: Request | Sequence[Request], connections: int, seconds: float
) -> ClosedLoopResult:
    """The same, while other processes are idle."""
    return run_undisturbed(lambda: run_closed_loop(url, requests, connections, seconds))


def parse_wrk_output(output: str) -> ClosedLoopResult:
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])  # type: ignore[index]
    answered = int(re.search(r"(\d+) requests in", output)[1])  # type: ignore[index]
    p50, p99 = (
        _parse_seconds(re.search(rf"^\s+{percent}%\s+(\S+)", output, re.MULTILINE)[1])  # type: ignore[index]
        for percent in (50, 99)
    )
    bad_statuses = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    socket_errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", output)
    failed = int(bad_statuses[1]) if bad_statuses else 0
    failed += sum(map(int, socket_errors.groups())) if socket_errors else 0
    return ClosedLoopResult(rate, p50, p99, answered, failed)


def _parse_seconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()  # type: ignore[union-attr]
    return float(number) * UNITS[unit]


class SerialClient:
    """One connection that sends the same request again and again, with as little work of its own as Python allows."""

    def __init__(self, url: str, request: Request) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        self._request = request
        self.response_body = b""  # of the last response

    def send(self) -> int:
        """Sends the request, reads the response and returns its status."""
        request, connection = self._request, self._connection
        headers = {"Content-Type": request.content_type, **request.headers} if request.body else request.headers
        connection.request(request.method, request.path, request.body or None, headers)
        response = connection.getresponse()
        self.response_body = response.read()
        return response.status

    def measure_rate(self, seconds: float) -> float:
        """Requests per second, one at a time. Raises RuntimeError if a status is not 200."""
        start, count = time.perf_counter(), 0
        while time.perf_counter() - start < seconds:
            if (status := self.send()) != 200:
                raise RuntimeError(f"{self._request.path} was answered with status {status}")
            count += 1
        return count / (time.perf_counter() - start)
