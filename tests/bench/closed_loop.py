"""Load from outside: `wrk`, a kept load generator, with one thread and a number of connections."""

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

from tests.bench.background_load import undisturbed
from tests.bench.payloads import Ask

UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


@dataclass(frozen=True)
class Result:
    """Requests a second, percentiles of latency in seconds, how many were answered, and how many not, or not well."""

    rate: float
    p50: float
    p99: float
    answered: int
    failed: int

    def point(self) -> dict[str, float]:
        """As a point of a curve; its rate is of good answers only."""
        good = self.rate * max(0, self.answered - self.failed) / max(1, self.answered)
        return {"rate": good, "p50_ms": self.p50 * 1000, "p99_ms": self.p99 * 1000, "failed": self.failed}


def _script(asks: Sequence[Ask], folder: Path) -> str:
    """Lua for wrk: the asks, in turn."""
    lines = ["local asks = {}"]
    for at, ask in enumerate(asks, 1):
        body = folder / f"body{at}"
        body.write_bytes(ask.body)
        headers = {"Content-Type": ask.kind, **ask.headers} if ask.body else ask.headers
        table = ", ".join(f"[{json.dumps(name)}] = {json.dumps(value)}" for name, value in headers.items())
        lines.append(f'local f = io.open("{body}", "rb"); local body = f:read("*a"); f:close()')
        lines.append(f"asks[{at}] = {{'{ask.method}', '{ask.path}', {{{table}}}, #body > 0 and body or nil}}")
    lines += [
        "local ready, at = {}, 0",
        "init = function() for i, a in ipairs(asks) do ready[i] = wrk.format(a[1], a[2], a[3], a[4]) end end",
        "request = function() at = at % #ready + 1; return ready[at] end",
    ]
    return "\n".join(lines)


def closed(url: str, asks: Ask | Sequence[Ask], connections: int, seconds: float) -> Result:
    """Keep that many connections busy for so long, each with the next ask once it has the answer to its last."""
    if shutil.which("wrk") is None:
        sys.exit("The benchmark needs wrk: apt-get install wrk.")
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "asks.lua"
        script.write_text(_script([asks] if isinstance(asks, Ask) else asks, Path(folder)))
        times = [f"-d{max(1, round(seconds))}s", "--timeout", "30s"]
        command = ["wrk", "-t1", f"-c{connections}", *times, "--latency", "-s", str(script), url]
        return parse(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def steady(url: str, asks: Ask | Sequence[Ask], connections: int, seconds: float) -> Result:
    """The same, while no other process does much."""
    return undisturbed(lambda: closed(url, asks, connections, seconds))


def parse(told: str) -> Result:
    """What wrk says in the end."""
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", told)[1])  # type: ignore[index]
    answered = int(re.search(r"(\d+) requests in", told)[1])  # type: ignore[index]
    p50, p99 = (_seconds(re.search(rf"^\s+{at}%\s+(\S+)", told, re.MULTILINE)[1]) for at in (50, 99))  # type: ignore[index]
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", told)
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", told)
    failed = int(bad[1]) if bad else 0
    return Result(rate, p50, p99, answered, failed + (sum(map(int, broken.groups())) if broken else 0))


def _seconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()  # type: ignore[union-attr]
    return float(number) * UNITS[unit]


class Asker:
    """One connection that sends one ask after the other; its own work is as little as Python allows."""

    def __init__(self, url: str, ask: Ask) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        self._ask = ask
        self.answer = b""  # the body of the last one

    def once(self) -> int:
        """Send it, read the answer; its status."""
        ask, connection = self._ask, self._connection
        headers = {"Content-Type": ask.kind, **ask.headers} if ask.body else ask.headers
        connection.request(ask.method, ask.path, ask.body or None, headers)
        answer = connection.getresponse()
        self.answer = answer.read()
        return answer.status

    def rate(self, seconds: float) -> float:
        """Asks answered a second, one at a time. Raises RuntimeError if one was not answered 200."""
        started, done = time.perf_counter(), 0
        while time.perf_counter() - started < seconds:
            if (status := self.once()) != 200:
                raise RuntimeError(f"{self._ask.path} was answered {status}")
            done += 1
        return done / (time.perf_counter() - started)
