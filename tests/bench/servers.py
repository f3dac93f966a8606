"""Starting and stopping what is measured, each on a free port of the loopback."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@contextmanager
def running(command: list[str], url: str, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    """The process, from when `url` answers 200 or 405 until it has ended."""
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **env}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _await(url, process)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _await(url: str, process: subprocess.Popen[bytes], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            if requests.get(url, timeout=5).status_code in (200, 405):
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.02)
    raise RuntimeError(f"{url} did not answer")


@contextmanager
def service(models: Path, **settings: str) -> Iterator[str]:
    """Inkpaw serving those models; gives its address."""
    port = free_port()
    env = {f"INKPAW_{name.upper()}": value for name, value in settings.items()}
    with (
        tempfile.TemporaryDirectory() as folder,
        running(
            [sys.executable, "-m", "service"],
            f"http://127.0.0.1:{port}/readyz",
            INKPAW_PORT=str(port),
            INKPAW_MODEL_DIR=str(models),
            INKPAW_RUNTIME_DIR=folder,
            **env,
        ),
    ):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def ceiling() -> Iterator[str]:
    """The Flask route that only reads the body, under gunicorn as it comes."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "-k",
        "gthread",
        "-w",
        "2",
        "--threads",
        "16",
        "-b",
        f"127.0.0.1:{port}",
    ]
    with running([*command, "tests.bench.ceiling:app"], f"http://127.0.0.1:{port}/predict/digits"):
        yield f"http://127.0.0.1:{port}"
