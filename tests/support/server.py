"""A real service: its own processes, a free port, a folder of models, a folder to run in."""

import os
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

from tests.support.processes import alive, command, descendants, of_session
from tests.support.waiting import until

ROOT = Path(__file__).parents[2]
ANNOUNCED = "Inkpaw is at "

# what a test does not set itself; small, so that a start is quick
DEFAULTS = {"workers": 2, "engine_threads": 1, "max_batch_size": 8, "poll_seconds": 0.1, "port": 0, "devices": "cpu"}


class Service:
    """Started by `start`, ended by `stop`; `url` is where it answers once it is ready, which `took` some seconds."""

    def __init__(self, model_dir: Path, settings: dict[str, Any]) -> None:
        self.model_dir = model_dir
        self.folder = Path(tempfile.mkdtemp(prefix="inkpaw-"))  # a short path: a socket's may have 107 bytes
        self._log = self.folder / "log"
        variables = DEFAULTS | {"model_dir": model_dir, "runtime_dir": self.folder / "run"} | settings
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("INKPAW_", "PROMETHEUS_"))}
        ours = {f"INKPAW_{name.upper()}": str(value) for name, value in variables.items()}
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "service"],
                cwd=ROOT,
                env=kept | ours,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.url = ""
        self.began = time.monotonic()
        self.took = 0.0

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def running_in(self) -> Path:
        """Its INKPAW_RUNTIME_DIR."""
        return self.folder / "run"

    def announced(self) -> bool:
        assert self.process.poll() is None, f"it ended:\n{self.log}"
        _, found, rest = self.log.partition(ANNOUNCED)
        if found and "\n" in rest:
            self.url = rest.split("\n")[0]
        return bool(self.url)

    def ready(self) -> bool:
        return self.get("/readyz").status_code == 200

    def start(self) -> None:
        """Wait until every model answers."""
        until(self.announced, 60, "it has an address")
        until(self.ready, 120, "it is ready")
        self.took = time.monotonic() - self.began

    def get(self, path: str, **given: Any) -> requests.Response:
        return requests.get(self.url + path, **{"timeout": 30} | given)

    def post(self, path: str, data: Any = None, **given: Any) -> requests.Response:
        return requests.post(self.url + path, data, **{"timeout": 30} | given)

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples that have these labels."""
        families = text_string_to_metric_families(self.get("/metrics").text)
        samples = (sample for family in families for sample in family.samples if sample.name == name)
        return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())

    @property
    def engine(self) -> int:
        """The engine's process; fails the test if there is not just one."""
        (pid,) = self.engines
        return pid

    @property
    def engines(self) -> list[int]:
        return [pid for pid in descendants(self.process.pid) if "service.engine" in command(pid)]

    @property
    def workers(self) -> list[int]:
        of_service = (pid for pid in descendants(self.process.pid) if "service" in command(pid))
        return [pid for pid in of_service if "service.engine" not in command(pid)]

    def stop(self, seconds: float = 60) -> int:
        """SIGTERM; its exit code. Fails the test if it does not end, or leaves a process or its socket."""
        everyone = [self.process.pid, *descendants(self.process.pid)]
        self.process.terminate()
        return self.ended(everyone, seconds)

    def ended(self, everyone: list[int], seconds: float = 60) -> int:
        """Wait for these processes to end; the exit code of the master."""
        code = self.process.wait(seconds)
        until(lambda: not any(map(alive, everyone)), 5, f"nobody is left of {everyone}")
        return code

    def clear(self) -> None:
        """End what may still run, whatever state it is in."""
        everyone = [pid for pid in of_session(self.process.pid) if alive(pid)]
        for pid in everyone:
            os.kill(pid, signal.SIGKILL)
        self.process.wait()
        until(lambda: not any(map(alive, everyone)), 10)
        shutil.rmtree(self.folder)
