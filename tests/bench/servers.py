"""Starting and stopping what is measured, each on a free port of the loopback."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.bench.report import ROOT
from tests.support.processes import list_descendants, read_command

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Server:
    """Where it answers, its first process, and the seconds from its start to its first good answer."""

    url: str
    pid: int
    took: float

    @property
    def engines(self) -> list[int]:
        return [pid for pid in list_descendants(self.pid) if "service.engine" in read_command(pid)]

    @property
    def workers(self) -> list[int]:
        """gunicorn's: every child of the master that is no engine."""
        return [pid for pid in list_descendants(self.pid) if pid not in self.engines]


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        port: int = sock.getsockname()[1]
        return port


@contextmanager
def running(
    words: list[str], url: str, ready: str, env: dict[str, str] | None = None, cwd: Path = ROOT
) -> Iterator[Server]:
    """The server, from when `url + ready` answers 200 or 405 until it and all that it started have ended.

    Raises RuntimeError with the end of its log if it does not come to that.
    """
    with tempfile.TemporaryFile() as log:
        began = time.monotonic()
        process = subprocess.Popen(words, cwd=cwd, env={**os.environ, **(env or {})}, stdout=log, stderr=log)
        try:
            if not _answers(url + ready, process):
                log.seek(max(0, log.tell() - 600))
                raise RuntimeError(f"{words[0]} did not answer: ...{log.read().decode(errors='replace').strip()}")
            yield Server(url, process.pid, time.monotonic() - began)
        finally:
            _end(process)


def _answers(url: str, process: subprocess.Popen[bytes], seconds: float = 120) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            if requests.get(url, timeout=5).status_code in (200, 405):
                return True
        except requests.RequestException:
            pass
        time.sleep(0.02)
    return False


def _end(process: subprocess.Popen[bytes], seconds: float = 45) -> None:
    """Politely, then not; whatever it has started goes with it."""
    others = list_descendants(process.pid)
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pid in others:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@contextmanager
def service(models: Path, workers: int = 2, **settings: str) -> Iterator[Server]:
    """Inkpaw serving those models."""
    port = free_port()
    given = {"host": HOST, "port": str(port), "model_dir": str(models), "workers": str(workers), **settings}
    with tempfile.TemporaryDirectory() as folder:
        given["runtime_dir"] = folder
        env = {f"INKPAW_{name.upper()}": value for name, value in given.items()}
        with running([sys.executable, "-m", "service"], f"http://{HOST}:{port}", "/readyz", env) as server:
            yield server


@contextmanager
def ceiling() -> Iterator[Server]:
    """The Flask route that only reads the body, under gunicorn as it comes."""
    port = free_port()
    how = f"-k gthread -w 2 --threads 16 -b {HOST}:{port} tests.bench.body_only_app:app"
    command = [sys.executable, "-m", "gunicorn", *how.split()]
    with running(command, f"http://{HOST}:{port}", "/predict/digits") as server:
        yield server
