"""The engine process: loads models, answers its socket, and ends with its parent or on SIGTERM."""

import logging
import os
import signal
import threading
from functools import partial

import tensorflow as tf

from service import bfloat16, metrics, settings
from service.engine.device import Device
from service.engine.handlers import Calls
from service.engine.repository import Repository
from service.engine.scheduler import Scheduler
from service.engine.servable import Servable
from service.engine.version_policy import Policies
from service.ipc.connection import together
from service.ipc.server import Server
from service.settings import Settings

log = logging.getLogger(__name__)

_RUNNERS_NICE = 3  # on a CPU: a worker that can bring more rows, or take an answer away, comes before the next batch
_SHARE = 4  # of a batch, on a CPU, while several servables are in use
_LOADERS_NICE = 10  # of the thread that loads and warms versions: those that serve meanwhile come first


def _watch_models(repository: Repository, device: Device, config: Settings, stopping: threading.Event) -> None:
    """Refresh the repository, now and then, for as long as the parent lives."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOADERS_NICE)
    parent = os.getppid()
    while True:
        try:
            repository.refresh()
            _gauge(repository, device)
        except Exception:  # a folder that is removed while it is looked at, say: the next look will do
            log.exception("The models could not be looked at")
        if stopping.wait(config.poll_seconds):
            return
        if os.getppid() != parent:
            log.warning("The service's master is gone; the engine ends too")
            os._exit(1)


def _gauge(repository: Repository, device: Device) -> None:
    for name, model in repository.catalog.models.items():
        metrics.QUEUE_ROWS.labels(name).set(sum(device.scheduler.rows((name, number)) for number in model.versions))
    for gpu in tf.config.list_logical_devices("GPU"):
        memory = tf.config.experimental.get_memory_info(gpu.name.removeprefix("/device:"))
        metrics.GPU_MEMORY.labels(gpu.name).set(memory["current"])


def _accelerated() -> bool:
    """Whether the device is one of its own, and takes nothing from the workers when it starts at once."""
    return bool(tf.config.list_physical_devices("GPU"))


def _mixed(config: Settings) -> bool:
    """Whether classifiers multiply in 16 bits: if that is wanted and this CPU is quicker for it."""
    if config.precision == "full":
        return False
    if not bfloat16.multiplies():
        log.warning("INKPAW_PRECISION=mixed has no effect: this CPU has no instructions for bfloat16")
    return bfloat16.multiplies()


def main(index: int) -> None:
    """The engine of the device at that place in the settings' list."""
    config = settings.load()
    logging.basicConfig(level=config.log_level.upper(), format="%(asctime)s engine %(levelname)s %(message)s")
    tf.get_logger().setLevel(logging.ERROR)  # it warns of the loader, which is the quickest there is
    metrics.ENGINE_STARTS.inc()
    stopping = threading.Event()
    if _accelerated():
        patience, share, runners, nice = 0.0, 1, 1, 0
    else:
        runners = max(1, config.engine_threads // len(config.engine_sockets))
        patience, share, nice = config.patience_ms / 1000, _SHARE, _RUNNERS_NICE
    scheduler = Scheduler(config.batch_timeout_ms / 1000, patience, share)
    device = Device(scheduler, config.max_queue_rows, runners, together, nice)
    repository = Repository(
        config.model_dir,
        partial(Servable, max_batch_size=config.max_batch_size, mixed=_mixed(config)),
        opened=device.open,
        closed=device.close,
        policies=Policies(config.policies),
    )
    server = Server(config.engine_sockets[index], Calls(repository, device).handle)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    device.start()
    watcher = threading.Thread(target=_watch_models, args=(repository, device, config, stopping), daemon=True)
    watcher.start()
    server.serve()
    stopping.set()
    device.stop()
