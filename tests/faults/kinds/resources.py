"""Memory, disk, files and time that give out."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.faults.fault import Scene, Skipped, fault
from tests.support.pictures import make_png
from tests.support.processes import is_alive
from tests.support.waiting import comes_true

_JUMPING_CLOCK = Path(__file__).parents[1] / "jumping_clock"
_SCARCE = 1 << 16  # bytes beside what the engine has: memory stays with the group in which it was taken
_CGROUP = Path("/sys/fs/cgroup/memory")


def _remove(folder: Path) -> bool:
    with contextlib.suppress(OSError):
        folder.rmdir()
    return not folder.exists()


@contextlib.contextmanager
def _limit_memory(pid: int, limit: int) -> Iterator[Path]:
    """The process in a memory cgroup of its own. Raises Skipped where there are none that can be made."""
    folder = _CGROUP / f"inkpaw-faults-{os.getpid()}"
    try:
        folder.mkdir()
        (folder / "memory.limit_in_bytes").write_text(str(limit))
        (folder / "cgroup.procs").write_text(str(pid))
    except OSError as error:
        raise Skipped(f"no memory cgroup can be made here: {error.strerror}") from None
    try:
        yield folder
    finally:
        (folder / "memory.limit_in_bytes").write_text("-1")
        for left in (folder / "cgroup.procs").read_text().split():
            (_CGROUP / "cgroup.procs").write_text(left)
        comes_true(lambda: _remove(folder), 5)  # it is busy until the kernel has buried the process


@fault("the engine out of memory (cgroup)", "killed by the kernel, replaced; only 503 meanwhile", "refused")
def run_out_of_memory(scene: Scene) -> None:
    engine = scene.service.engine_pid
    with _limit_memory(engine, _SCARCE):
        model = scene.service.model_dir / "echo"
        shutil.copytree(model / "1", model / "2")  # to load it takes memory
        scene.check(comes_true(lambda: not is_alive(engine), 20), "the kernel did not end it")
    scene.expect_recovery()


@contextlib.contextmanager
def _mount_small_disk(folder: Path) -> Iterator[dict[str, Any]]:
    """A disk of a few megabytes for the runtime folder."""
    disk = folder / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], capture_output=True).returncode:
        raise Skipped("a small disk needs the right to mount")
    try:
        yield {"runtime_dir": disk / "run"}
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


@fault("a full disk under the metrics", "serves on without metrics, and says so", "cut", surroundings=_mount_small_disk)
def fill_disk(scene: Scene) -> None:
    filled = scene.folder / "disk" / "filled"
    with contextlib.suppress(OSError), filled.open("wb") as file:
        while True:
            file.write(bytes(1 << 16))
            file.flush()
    os.kill(scene.service.worker_pids[0], signal.SIGKILL)  # a new worker needs new files
    scene.expect_recovery()
    scene.check(
        comes_true(lambda: "without metrics" in scene.service.log, 15), "the log does not say that metrics are lost"
    )
    filled.unlink()


@fault("the engine's socket file is deleted, then a worker is killed", "answers again in 5 s", "refused", "cut")
def delete_socket(scene: Scene) -> None:
    sockets = [path for path in scene.service.runtime_dir.iterdir() if path.is_socket()]
    scene.check(bool(sockets), "the engine has no socket file")
    for path in sockets:
        path.unlink()
    scene.expect_recovery()
    os.kill(scene.service.worker_pids[0], signal.SIGKILL)  # a new worker has to find the engine
    scene.expect_recovery()


@contextlib.contextmanager
def _make_jumping_clock(folder: Path) -> Iterator[dict[str, Any]]:
    clock = folder / "clock"
    clock.write_text("0")
    variables = {"FAULTS_CLOCK": str(clock), "PYTHONPATH": str(_JUMPING_CLOCK)}
    os.environ.update(variables)
    try:
        yield {}
    finally:
        for name in variables:
            del os.environ[name]


@fault("the clock jumps a day ahead and back", "nothing changes", surroundings=_make_jumping_clock)
def jump_clock(scene: Scene) -> None:
    for seconds in (86_400, -86_400, 0):
        beside = scene.folder / "clock.new"
        beside.write_text(str(seconds))
        beside.rename(scene.folder / "clock")
        scene.check(scene.load.wait_for("right", 200, 10), "requests were not answered")
    scene.expect_recovery()


@fault("the folder of models vanishes and comes back", "what serves goes on")
def hide_models(scene: Scene) -> None:
    folder = scene.service.model_dir
    hidden = folder.with_name("hidden")
    folder.rename(hidden)
    time.sleep(2)
    scene.expect_recovery()
    hidden.rename(folder)
    time.sleep(1)
    scene.expect_recovery()


@fault("garbage, half a version and a FIFO as newer versions", "they are refused, what serves goes on")
def add_bad_versions(scene: Scene) -> None:
    model = scene.service.model_dir / "echo"
    for number, make in ((7, _write_garbage), (8, _copy_half), (9, _make_fifo)):
        make(model / str(number), model / "1")
    time.sleep(2)
    scene.expect_recovery()
    body = scene.service.post("/predict/echo", make_png(1)).json()
    scene.check(body.get("version") == 1, f"another version answers: {body}")


def _write_garbage(folder: Path, _: Path) -> None:
    folder.mkdir()
    (folder / "saved_model.pb").write_text("no model")


def _copy_half(folder: Path, source: Path) -> None:
    shutil.copytree(source, folder)
    (folder / "saved_model.pb").write_bytes((source / "saved_model.pb").read_bytes()[:200])


def _make_fifo(folder: Path, _: Path) -> None:
    folder.mkdir()
    os.mkfifo(folder / "saved_model.pb")


@fault("a version swung by a symlink, ten times", "the old or the new one answers, none is cut", "refused")
def swing_symlink(scene: Scene) -> None:
    model = scene.service.model_dir / "echo"
    target = scene.service.model_dir.parent / "targets"
    for number in range(10):
        shutil.copytree(model / "1", target / str(number))
        link = model / ".link"
        link.symlink_to(target / str(number))
        link.rename(model / "2")
        time.sleep(0.4)
    scene.expect_recovery()
