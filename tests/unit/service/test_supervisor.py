"""The supervisor in a master that forks workers as gunicorn does, with a script instead of the engine."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

# The master forks all the time while the supervisor spawns. A fork inherits every pipe that is open at that moment, and
# holds it open: also the one whose closing tells the supervisor that its child has started.
MASTER = """
import os, signal, sys, time
from pathlib import Path
sys.executable, started = sys.argv[1], Path(sys.argv[2])
from service.children import make_engine
from service.supervisor import Supervisor

def wait_for_engines(count, workers=()):
    end = time.monotonic() + 10
    while len(started.read_text().split()) < count:
        if time.monotonic() > end:
            sys.exit(f"there were {len(started.read_text().split())} engines, not {count}")
        if len(workers) < 50:
            pid = os.fork()
            if pid == 0:
                time.sleep(60)
                os._exit(0)
            workers.append(pid)
        else:
            time.sleep(0.01)
    return int(started.read_text().split()[-1])

workers = []
supervisor = Supervisor(make_engine(0, "cpu", started.with_name("engine.sock"), 30.0))
supervisor.start()
try:
    for count in (1, 2):
        os.kill(wait_for_engines(count, workers), signal.SIGKILL)
    last = wait_for_engines(3, workers)
finally:
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
started_at = time.monotonic()
supervisor.stop()
assert time.monotonic() - started_at < 5
assert not Path(f"/proc/{last}").exists(), "the engine outlived its supervisor"
"""


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    """A script that writes down its process id and then sleeps."""
    script = tmp_path / "engine"
    script.write_text(f"#!/bin/sh\necho $$ >> {tmp_path}/started\nexec sleep 60\n")
    script.chmod(0o755)
    (tmp_path / "started").touch()
    return script


def test_engine_is_restarted_while_the_master_forks(engine: Path, tmp_path: Path) -> None:
    started = tmp_path / "started"
    environ = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    command = [sys.executable, "-c", MASTER, str(engine), str(started)]
    master = subprocess.Popen(command, cwd=ROOT, env=environ, start_new_session=True, stderr=subprocess.PIPE, text=True)
    try:
        _, errors = master.communicate(timeout=50)
    finally:
        for pid in {master.pid, *map(int, started.read_text().split())}:
            if Path(f"/proc/{pid}").exists():
                os.kill(pid, signal.SIGKILL)
    assert master.returncode == 0, errors
