"""A real service with its own processes, a free port, a model folder and a runtime folder."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.support.processes import is_alive, list_descendants, list_session, read_command
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]
GRPC_ADDRESS = re.compile(r"gRPC is at ([^\s\"]+)")
ADDRESS = re.compile(r"Inkpaw is at (https?://[^\s\"]+)")

# settings that a test does not give; small, so that the service starts quickly
DEFAULTS = {"workers": 2, "engine_threads": 1, "max_batch_size": 8, "poll_seconds": 0.1, "port": 0, "devices": "cpu"}


class Service:
    """Starts with the object. `start` waits until it is ready, and sets `url` and `start_seconds`."""

    def __init__(self, model_dir: Path, settings: dict[str, Any]) -> None:
        self.model_dir = model_dir
        self.folder = Path(tempfile.mkdtemp(prefix="inkpaw-"))  # short, as the path of a socket is limited to 107 bytes
        self._output, self._errors = self.folder / "output", self.folder / "errors"
        variables = DEFAULTS | {"model_dir": model_dir, "runtime_dir": self.folder / "run"} | settings
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("INKPAW_", "PROMETHEUS_"))
        }
        own = {f"INKPAW_{name.upper()}": str(value) for name, value in variables.items()}
        with self._output.open("w") as output, self._errors.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "service"],
                cwd=ROOT,
                env=inherited | own,
                stdout=output,
                stderr=errors,
                start_new_session=True,
            )
        self.url = ""
        self.started_at = time.monotonic()
        self.start_seconds = 0.0

    @property
    def log(self) -> str:
        """All that its processes wrote."""
        return self._output.read_text() + self._errors.read_text()

    @property
    def log_lines(self) -> list[dict[str, Any]]:
        """The lines on its standard output. Fails the test if one is not JSON."""
        return [json.loads(line) for line in self._output.read_text().splitlines()]

    @property
    def runtime_dir(self) -> Path:
        """The INKPAW_RUNTIME_DIR of the service."""
        return self.folder / "run"

    def has_address(self) -> bool:
        """Whether the log shows the address. Sets `url`."""
        assert self.process.poll() is None, f"the service ended:\n{self.log}"
        if match := ADDRESS.search(self.log):  # a line is written whole
            self.url = match[1]
        return bool(self.url)

    @property
    def grpc_address(self) -> str:
        """Of the process that speaks gRPC, as its last line says; empty before it."""
        return ["", *GRPC_ADDRESS.findall(self.log)][-1]

    def is_ready(self) -> bool:
        return self.get("/readyz").status_code == 200

    def start(self) -> None:
        """Wait until every model answers."""
        wait_until(self.has_address, 60, "the service has an address")
        wait_until(self.is_ready, 120, "the service is ready")
        self.start_seconds = time.monotonic() - self.started_at

    def get(self, path: str, **options: Any) -> requests.Response:
        return requests.get(self.url + path, **{"timeout": 30} | options)

    def post(self, path: str, data: Any = None, **options: Any) -> requests.Response:
        return requests.post(self.url + path, data, **{"timeout": 30} | options)

    def sum_metric(self, name: str, **labels: str) -> float:
        """The sum of the samples of a metric that have these labels."""
        families = text_string_to_metric_families(self.get("/metrics").text)
        samples = (sample for family in families for sample in family.samples if sample.name == name)
        return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())

    @property
    def engine_pid(self) -> int:
        """The process of the engine. Fails the test unless there is exactly one."""
        (pid,) = self.engine_pids
        return pid

    @property
    def engine_pids(self) -> list[int]:
        return [pid for pid in list_descendants(self.process.pid) if "service.engine" in read_command(pid)]

    @property
    def worker_pids(self) -> list[int]:
        pids = (pid for pid in list_descendants(self.process.pid) if "service" in read_command(pid))
        return [pid for pid in pids if not {"service.engine", "service.rpc"} & {*read_command(pid).split()}]

    @property
    def grpc_pid(self) -> int:
        """The process that speaks gRPC; 0 while there is none."""
        pids = [pid for pid in list_descendants(self.process.pid) if "service.rpc" in read_command(pid)]
        return pids[0] if pids else 0

    def stop(self, seconds: float = 60) -> int:
        """Send SIGTERM. Returns the exit code. Fails the test if a process is left."""
        pids = [self.process.pid, *list_descendants(self.process.pid)]
        self.process.terminate()
        return self.wait_for_exit(pids, seconds)

    def wait_for_exit(self, pids: list[int], seconds: float = 60) -> int:
        """Wait for these processes to end. Returns the exit code of the master."""
        code = self.process.wait(seconds)
        wait_until(lambda: not any(map(is_alive, pids)), 5, f"all of {pids} have ended")
        return code

    def clean_up(self) -> None:
        """Kill every process that still runs, and remove the folder."""
        pids = [pid for pid in list_session(self.process.pid) if is_alive(pid)]
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        self.process.wait()
        wait_until(lambda: not any(map(is_alive, pids)), 10)
        shutil.rmtree(self.folder)
