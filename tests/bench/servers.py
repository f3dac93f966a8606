"""Starts and stops the servers that are measured, each on a free port of the loopback interface."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.bench.config import ROOT
from tests.support.processes import list_descendants, read_command
from tests.support.tcp import find_free_port

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Server:
    """`pid` is its first process. `startup_seconds` is the time from its start to its first good response."""

    url: str
    pid: int
    startup_seconds: float

    @property
    def engines(self) -> list[int]:
        return [pid for pid in list_descendants(self.pid) if "service.engine" in read_command(pid)]

    @property
    def workers(self) -> list[int]:
        """gunicorn's workers: every child process that is of no other kind."""
        return [pid for pid in list_descendants(self.pid) if pid not in (*self.engines, *self.grpc)]

    @property
    def grpc(self) -> list[int]:
        """The process that speaks gRPC, where there is one."""
        return [pid for pid in list_descendants(self.pid) if "service.rpc" in read_command(pid)]


@contextmanager
def start_server(
    arguments: list[str], url: str, ready_path: str, env: dict[str, str] | None = None, cwd: Path = ROOT
) -> Iterator[Server]:
    """Yields the server when `url + ready_path` answers 200 or 405. Ends it with all processes that it started.

    Raises RuntimeError with the end of its log if it does not get ready.
    """
    with tempfile.TemporaryFile() as log:
        start = time.monotonic()
        process = subprocess.Popen(arguments, cwd=cwd, env={**os.environ, **(env or {})}, stdout=log, stderr=log)
        try:
            if not _wait_until_ready(url + ready_path, process):
                log.seek(max(0, log.tell() - 600))
                tail = log.read().decode(errors="replace").strip()
                raise RuntimeError(f"{arguments[0]} did not answer: ...{tail}")
            yield Server(url, process.pid, time.monotonic() - start)
        finally:
            _stop(process)


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], timeout: float = 120) -> bool:
    """Whether the URL answers within `timeout` seconds, before the process ends."""
    end = time.monotonic() + timeout
    while time.monotonic() < end and process.poll() is None:
        try:
            if requests.get(url, timeout=5).status_code in (200, 405):
                return True
        except requests.RequestException:
            pass
        time.sleep(0.02)
    return False


def _stop(process: subprocess.Popen[bytes], timeout: float = 45) -> None:
    """Sends SIGTERM, and SIGKILL after `timeout` seconds. Then kills the processes that it started."""
    children = list_descendants(process.pid)
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pid in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@contextmanager
def start_service(models: Path, workers: int = 2, cores: int | None = None, **settings: str) -> Iterator[Server]:
    """Inkpaw with those models, bound to so many cores."""
    binding = ["taskset", "--cpu-list", f"0-{cores - 1}"] if cores else []
    port = find_free_port()
    settings = {"host": HOST, "port": str(port), "model_dir": str(models), "workers": str(workers), **settings}
    with tempfile.TemporaryDirectory() as folder:
        settings["runtime_dir"] = folder
        env = {f"INKPAW_{name.upper()}": value for name, value in settings.items()}
        command = [*binding, sys.executable, "-m", "service"]
        with start_server(command, f"http://{HOST}:{port}", "/readyz", env) as server:
            yield server


@contextmanager
def start_body_only_app() -> Iterator[Server]:
    """The Flask route that only reads the body, under gunicorn with its own threads."""
    port = find_free_port()
    options = f"-k gthread -w 2 --threads 16 -b {HOST}:{port} tests.bench.body_only_app:app"
    arguments = [sys.executable, "-m", "gunicorn", *options.split()]
    with start_server(arguments, f"http://{HOST}:{port}", "/predict/digits") as server:
        yield server
