"""The training commands as users run them: as processes, in a folder of their own."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.support.tcp import find_free_ports

ROOT = Path(__file__).parents[2]

Process = subprocess.Popen[str]


def start(folder: Path, *arguments: str, prelude: str = "", **environment: str) -> Process:
    """Start `python -m training <arguments>` in the folder, without data sets, after the code `prelude`."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "DATA_DIR": str(folder / "nowhere"), **environment}
    code = f"{prelude}\nimport runpy; runpy.run_module('training', run_name='__main__')"
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.Popen(command, cwd=folder, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def wait(process: Process, seconds: float = 240) -> subprocess.CompletedProcess[str]:
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def run(folder: Path, *arguments: str, prelude: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return wait(start(folder, *arguments, prelude=prelude, **environment))


def start_workers(folder: Path, count: int, *arguments: str) -> list[Process]:
    """Start `count` processes that train one model together, with one thread each. The first is the chief."""
    cluster = {"worker": [f"127.0.0.1:{port}" for port in find_free_ports(count)]}
    configs = (json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}}) for index in range(count))
    one_thread = {"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
    return [
        start(folder, *arguments, "--distribute", "multiworker", TF_CONFIG=config, **one_thread) for config in configs
    ]
