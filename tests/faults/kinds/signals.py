"""Signals to the master under load."""

import signal
import time

from tests.faults.fault import Scene, fault
from tests.support.waiting import comes_true


@fault("SIGHUP twice", "all workers are replaced, no request fails")
def hang_up(scene: Scene) -> None:
    for _ in range(2):
        workers = {*scene.service.worker_pids}
        scene.service.process.send_signal(signal.SIGHUP)
        is_replaced = comes_true(lambda old=workers: not old & {*scene.service.worker_pids}, 20)  # type: ignore[misc]
        scene.check(is_replaced, "a worker was not replaced")
    scene.expect_recovery()


@fault("SIGUSR2, SIGUSR1, SIGTTIN and SIGTTOU twice", "no request fails")
def send_harmless_signals(scene: Scene) -> None:
    for number in (signal.SIGUSR2, signal.SIGUSR1, signal.SIGTTIN, signal.SIGTTOU) * 2:
        scene.service.process.send_signal(number)
        time.sleep(0.3)
    scene.expect_recovery()


@fault("SIGTERM twice", "every request that was taken is answered; nothing is left", "cut", "refused", stops=True)
def terminate(scene: Scene) -> None:
    for _ in range(2):
        scene.service.process.terminate()
        time.sleep(0.2)


@fault("SIGINT twice", "ends at once; nothing is left", "cut", "refused", stops=True)
def interrupt(scene: Scene) -> None:
    for _ in range(2):
        scene.service.process.send_signal(signal.SIGINT)
        time.sleep(0.1)


@fault("SIGQUIT during a change of versions", "ends at once; nothing is left", "cut", "refused", stops=True)
def quit_during_a_swap(scene: Scene) -> None:
    version = scene.service.model_dir / "echo" / "1"
    version.rename(version.with_name("3"))
    time.sleep(0.3)
    scene.service.process.send_signal(signal.SIGQUIT)
