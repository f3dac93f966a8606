"""Processes that are killed, or stand still."""

import os
import signal
import time

from tests.faults.fault import RECOVERY, Scene, fault
from tests.support.pictures import make_png
from tests.support.processes import is_alive
from tests.support.waiting import comes_true

_TIMES = 3
_BEAT_SECONDS = 4.0  # without a heartbeat, after which the master kills an engine
_WORKER_SECONDS = 15.0  # the same of a worker


def _ends_within(pid: int, seconds: float) -> bool:
    return comes_true(lambda: not is_alive(pid), seconds)


@fault("kill -9 of the engine, three times", "only 503 until another engine answers, in 5 s", "refused")
def kill_engine(scene: Scene) -> None:
    for _ in range(_TIMES):
        os.kill(scene.service.engine_pid, signal.SIGKILL)
        scene.expect_recovery()


@fault("kill -9 of a worker, three times", "only its own requests are cut", "cut")
def kill_worker(scene: Scene) -> None:
    for _ in range(_TIMES):
        cut = scene.load.tally.counts["cut"]
        os.kill(scene.service.worker_pids[0], signal.SIGKILL)
        scene.expect_recovery()
        scene.check(scene.load.tally.counts["cut"] - cut <= 6, "more requests were cut than there are clients")


@fault("kill -9 of both workers and the engine at once", "answers again in 5 s", "cut", "refused")
def kill_all_but_the_master(scene: Scene) -> None:
    for pid in (scene.service.engine_pid, *scene.service.worker_pids):
        os.kill(pid, signal.SIGKILL)
    scene.expect_recovery()


@fault("kill -9 of the master", "nothing lives on, the port is free", "cut", "refused", stops=True)
def kill_master(scene: Scene) -> None:
    os.kill(scene.service.process.pid, signal.SIGKILL)


@fault(
    "SIGSTOP of the engine",
    "killed within 6 s and replaced; 503 at once meanwhile; probes in 0.5 s",
    "refused",
)
def stop_engine(scene: Scene) -> None:
    engine = scene.service.engine_pid
    os.kill(engine, signal.SIGSTOP)
    began = time.monotonic()
    slowest = 0.0
    while is_alive(engine) and time.monotonic() - began < 20:
        asked = time.monotonic()
        scene.check(scene.is_up("/livez"), "/livez was not 200 while the engine was replaced")
        slowest = max(slowest, time.monotonic() - asked)
        time.sleep(0.1)
    scene.check(not is_alive(engine), "the engine was not killed")
    scene.check(time.monotonic() - began < _BEAT_SECONDS + 2, f"killed after {time.monotonic() - began:.1f} s")
    scene.check(slowest < 1, f"/livez took {slowest:.2f} s")
    scene.expect_recovery()


@fault("SIGSTOP of a worker", "killed within 17 s; only its own requests wait", "cut", "late", "refused")
def stop_worker(scene: Scene) -> None:
    worker = scene.service.worker_pids[0]
    os.kill(worker, signal.SIGSTOP)
    scene.check(_ends_within(worker, _WORKER_SECONDS + 2), "the worker was not replaced")
    scene.expect_recovery()


@fault("a batch that never ends", "found at INKPAW_STALL_SECONDS, engine replaced", "refused")
def hang_in_a_batch(scene: Scene) -> None:
    engine = scene.service.engine_pid
    scene.service.post("/predict/sluggish", make_png(200), timeout=60)
    scene.check(_ends_within(engine, 6 + RECOVERY), "the engine was not replaced")
    scene.expect_recovery()


@fault("a batch that raises, 50 times", "its own requests get 500, all others their answers", is_logged=True)
def raise_in_a_batch(scene: Scene) -> None:
    statuses = {scene.service.post("/predict/brittle", make_png(13)).status_code for _ in range(50)}
    scene.check(statuses == {500}, f"a batch that raises was answered {statuses}")
    scene.expect_recovery()
