"""The training commands as a person runs them: processes, in a folder of their own."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

Process = subprocess.Popen[str]


def start(folder: Path, *words: str, first: str = "", **environment: str) -> Process:
    """`python -m training <words>` in that folder, where no data set is to be found, after the code `first`."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "DATA_DIR": str(folder / "nowhere"), **environment}
    code = f"{first}\nimport runpy; runpy.run_module('training', run_name='__main__')"
    command = [sys.executable, "-c", code, *words]
    return subprocess.Popen(command, cwd=folder, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def ended(process: Process, seconds: float = 240) -> subprocess.CompletedProcess[str]:
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()  # nobody else would
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def run(folder: Path, *words: str, first: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return ended(start(folder, *words, first=first, **environment))


def ports(count: int) -> list[int]:
    """So many that are free."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def workers(folder: Path, count: int, *words: str) -> list[Process]:
    """So many that train one model together, the chief first, each with one thread."""
    cluster = {"worker": [f"127.0.0.1:{port}" for port in ports(count)]}
    configs = (json.dumps({"cluster": cluster, "task": {"type": "worker", "index": each}}) for each in range(count))
    one = {"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
    return [start(folder, *words, "--distribute", "multiworker", TF_CONFIG=config, **one) for config in configs]
