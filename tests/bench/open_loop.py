"""An open loop: requests are sent at random moments at a given rate, whether or not earlier ones were answered."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from tests.bench.config import ROOT
from tests.bench.payloads import Request


@dataclass(frozen=True)
class OpenLoopResult:
    """One entry per request: when it was sent (monotonic clock), its latency in seconds, and its status."""

    sent_at: NDArray
    latency: NDArray
    status: NDArray
    client_cores: float  # CPU that the client used, on the same machine as the service

    def select_sent_between(self, start: float, end: float) -> "OpenLoopResult":
        return self._select((self.sent_at >= start) & (self.sent_at < end))

    def select_status(self, status: int) -> "OpenLoopResult":
        return self._select(self.status == status)

    def _select(self, mask: NDArray) -> "OpenLoopResult":
        return OpenLoopResult(self.sent_at[mask], self.latency[mask], self.status[mask], self.client_cores)

    def count_answered_between(self, start: float, end: float) -> int:
        answered_at = self.sent_at + self.latency
        return int(((answered_at >= start) & (answered_at < end)).sum())

    @property
    def failed(self) -> int:
        return int((self.status != 200).sum())

    def compute_percentile(self, percent: float) -> float:
        """Latency in seconds; nan without requests."""
        return float(np.percentile(self.latency, percent)) if len(self.latency) else float("nan")


@contextmanager
def send_in_background(url: str, request: Request, rate: float, seconds: float) -> Iterator[list[OpenLoopResult]]:
    """Sends `rate` requests per second while the block runs. The yielded list gets its result when the block ends."""
    results: list[OpenLoopResult] = []
    with tempfile.TemporaryDirectory() as folder:
        request_file, result_file = Path(folder) / "request", Path(folder) / "result.npz"
        request_file.write_bytes(_encode(request, urlsplit(url).netloc))
        arguments = [str(urlsplit(url).port), str(rate), str(seconds), str(request_file), str(result_file)]
        process = subprocess.Popen([sys.executable, "-m", "tests.bench.open_loop_client", *arguments], cwd=ROOT)
        try:
            yield results
            if process.wait() != 0:
                raise RuntimeError("the client of the open loop failed")
            with np.load(result_file) as arrays:
                sent_at, latency, status = arrays["requests"].T
                results.append(OpenLoopResult(sent_at, latency, status, float(arrays["cores"])))
        finally:
            process.kill()
            process.wait()


def run_open_loop(url: str, request: Request, rate: float, seconds: float) -> OpenLoopResult:
    with send_in_background(url, request, rate, seconds) as results:
        pass
    return results[0]


def _encode(request: Request, host: str) -> bytes:
    """The request in HTTP/1.1."""
    headers = {"Host": host, **request.headers}
    if request.body:
        headers |= {"Content-Type": request.content_type, "Content-Length": str(len(request.body))}
    lines = [f"{request.method} {request.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + request.body
