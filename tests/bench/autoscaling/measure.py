"""Measures service times as CPU time, which other work on the machine hardly changes, into service_times.json."""

import json
import os
import subprocess
import sys

from service.hardware import list_devices, make_environment
from tests.bench import payloads, servers, usage
from tests.bench.autoscaling.service_times import PATH
from tests.bench.closed_loop import run_closed_loop
from tests.bench.config import ROOT
from tests.bench.served_models import SHIPPED, find_newest_version

_CONNECTIONS = 16
_SECONDS = 5.0


def measure() -> None:
    requests = {
        "digits": ("digits", payloads.make_image_request("digits")),
        "photographs": ("cats-dogs", payloads.make_image_request("cats-dogs", payloads.make_photo_jpeg(400))),
    }
    tables = {
        kind: {"worker_ms": _measure_worker(request), "batch_ms": _measure_batches(model)}
        for kind, (model, request) in requests.items()
    }
    PATH.write_text(json.dumps(tables, indent=1) + "\n")


def _measure_worker(request: payloads.Request) -> float:
    """CPU time of the workers per request, in ms: HTTP, decoding, and the call to the engine."""
    with servers.start_service(SHIPPED) as server:
        run_closed_loop(server.url, request, _CONNECTIONS, 2)
        before = usage.read_cpu_seconds(server.workers)
        answered = run_closed_loop(server.url, request, _CONNECTIONS, _SECONDS).answered
        return round((usage.read_cpu_seconds(server.workers) - before) / answered * 1000, 4)


def _measure_batches(model: str) -> dict[str, float]:
    """CPU time of a batch on one core, in ms, by its rows."""
    command = [sys.executable, "-m", "tests.bench.autoscaling.batch_times", str(find_newest_version(SHIPPED, model))]
    env = {**os.environ, **make_environment(list_devices("auto")[0])}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    times: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return times
