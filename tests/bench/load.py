"""Load from outside: `wrk`, a kept load generator, with one thread and a number of connections."""

import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

SCRIPT = """
local f = io.open("{body}", "rb"); wrk.body = f:read("*a"); f:close()
wrk.method = "POST"; wrk.headers["Content-Type"] = "{kind}"
"""
UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


@dataclass(frozen=True)
class Result:
    """Requests a second, percentiles of latency in seconds, and answers that were not 2xx or 3xx."""

    rate: float
    p50: float
    p99: float
    failed: int


def _seconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()  # type: ignore[union-attr]
    return float(number) * UNITS[unit]


def post(url: str, body: bytes, kind: str, connections: int, seconds: float) -> Result:
    """Keep that many connections busy with the same request for so long."""
    if shutil.which("wrk") is None:
        sys.exit("The benchmark needs wrk: apt-get install wrk.")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "body").write_bytes(body)
        script = Path(folder) / "post.lua"
        script.write_text(SCRIPT.format(body=Path(folder) / "body", kind=kind))
        duration = f"{max(1, round(seconds))}s"
        command = ["wrk", "-t1", f"-c{connections}", f"-d{duration}", "--latency", "-s", str(script), url]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", told)[1])  # type: ignore[index]
    p50, p99 = (_seconds(re.search(rf"{at}%\s+(\S+)", told)[1]) for at in (50, 99))  # type: ignore[index]
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", told)
    return Result(rate, p50, p99, int(bad[1]) if bad else 0)
