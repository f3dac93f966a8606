"""An open loop: requests arrive at a rate, at random moments, whatever became of those before them."""

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

from tests.bench.payloads import Ask
from tests.bench.report import ROOT


@dataclass(frozen=True)
class Arrivals:
    """What became of each: when it was sent (monotonic clock), how long its answer took (seconds), its status."""

    sent: NDArray
    took: NDArray
    status: NDArray
    cores: float  # that the client used for it, beside the service

    def between(self, start: float, end: float) -> "Arrivals":
        return self._only((self.sent >= start) & (self.sent < end))

    def answered(self, status: int) -> "Arrivals":
        return self._only(self.status == status)

    def _only(self, chosen: NDArray) -> "Arrivals":
        return Arrivals(self.sent[chosen], self.took[chosen], self.status[chosen], self.cores)

    def ended_between(self, start: float, end: float) -> int:
        """How many answers came in that time."""
        came = self.sent + self.took
        return int(((came >= start) & (came < end)).sum())

    @property
    def failed(self) -> int:
        return int((self.status != 200).sum())

    def percentile(self, share: float) -> float:
        """Seconds; nan if nothing came."""
        return float(np.percentile(self.took, share)) if len(self.took) else float("nan")


@contextmanager
def arriving(url: str, ask: Ask, rate: float, seconds: float) -> Iterator[list[Arrivals]]:
    """Requests arrive at that rate while the block runs; the list holds what became of them once it has ended."""
    found: list[Arrivals] = []
    with tempfile.TemporaryDirectory() as folder:
        request, into = Path(folder) / "request", Path(folder) / "found.npz"
        request.write_bytes(_raw(ask, urlsplit(url).netloc))
        words = [str(urlsplit(url).port), str(rate), str(seconds), str(request), str(into)]
        process = subprocess.Popen([sys.executable, "-m", "tests.bench.open_loop_client", *words], cwd=ROOT)
        try:
            yield found
            if process.wait() != 0:
                raise RuntimeError("the client of arrivals failed")
            with np.load(into) as kept:
                sent, took, status = kept["found"].T
                found.append(Arrivals(sent, took, status, float(kept["cores"])))
        finally:
            process.kill()
            process.wait()


def arrive(url: str, ask: Ask, rate: float, seconds: float) -> Arrivals:
    with arriving(url, ask, rate, seconds) as found:
        pass
    return found[0]


def _raw(ask: Ask, host: str) -> bytes:
    headers = {"Host": host, **ask.headers}
    if ask.body:
        headers |= {"Content-Type": ask.kind, "Content-Length": str(len(ask.body))}
    lines = [f"{ask.method} {ask.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + ask.body
