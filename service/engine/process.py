"""The engine process: loads models, answers its socket, and ends when its supervisor asks for it."""

import logging
import os
import signal
import threading
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

from service import heartbeat, metrics, settings
from service.engine.device import Device
from service.engine.drift import DriftGauges
from service.engine.handlers import CallHandler
from service.engine.load_gauges import LoadGauges
from service.engine.manifest_check import check_manifest
from service.engine.repository import Repository
from service.engine.required_models import RequiredModels
from service.engine.runtimes.choice import Runtimes
from service.engine.scheduler import Scheduler
from service.engine.servable import Servable
from service.engine.time_limit import TimeLimit
from service.engine.version_policy import VersionPolicies
from service.hardware import CPU, has_bfloat16, list_devices
from service.heartbeat import Heartbeat
from service.ipc.connection import corked
from service.ipc.server import Server
from service.logs import configure_logging
from service.settings import Settings

log = logging.getLogger(__name__)

_RUNNERS_NICE = 3  # on a CPU: a worker that brings more rows, or takes an answer away, comes before the next batch
_SHARE = 4  # on a CPU: a batch gets a quarter of its rows while several servables are in use
_SECOND_LOOK = 0.2  # seconds after the first: no version is loaded before two looks found the same files
_LOADER_NICE = 10  # of the thread that loads and warms versions: those that serve come first


class Tuning(NamedTuple):
    """How batches run on the device: see Scheduler and Device."""

    patience: float
    share: int
    runners: int
    nice: int


def main(index: int) -> None:
    """Run the engine of the device with that index in the settings."""
    config = settings.load()
    configure_logging(config.log_format, config.log_level, "engine")
    metrics.ENGINE_STARTS.inc()
    on_gpu = list_devices(config.devices)[index] != CPU and _start_gpu()
    tuning = _tune(config, on_gpu)
    scheduler = Scheduler(config.batch_timeout_ms / 1000, tuning.patience, tuning.share)
    device = Device(scheduler, config.max_queue_rows, tuning.runners, corked, tuning.nice)
    pulse = Heartbeat(heartbeat.get_path(config.engine_sockets[index]))
    mixed = _use_mixed_precision(config)
    runtimes = Runtimes(config.runtime, on_gpu, tuning.runners, _configure_tensorflow)
    limit = TimeLimit(config.load_seconds, discard=Servable.unload)
    gauges = LoadGauges(device)

    def load(version_dir: Path) -> Servable:
        with pulse.loading():  # ends with the time limit: a load that is left behind holds up nothing
            return limit.call(partial(_load, version_dir, config.max_batch_size, mixed, runtimes))

    def beat() -> None:
        if device.is_working:
            pulse.beat(device.batch_started)
        gauges.update()

    repository = Repository(
        config.model_dir,
        load,
        on_load=device.open_version,
        on_unload=device.close_version,
        policies=VersionPolicies(config.policies),
        unload_first=config.version_swap == "unload_first",
        required=RequiredModels(config.readiness_files[index]) if config.ready == "all" else None,
    )
    server = Server(config.engine_sockets[index], CallHandler(repository, device).handle, beat)
    drift = DriftGauges(config.model_dir, config.metrics_dir) if index == 0 else None  # one engine's work is enough
    signal.signal(signal.SIGUSR1, lambda *_: server.stop())  # the supervisor's stop signal; until now it ends at once
    stopping = threading.Event()
    device.start()
    on_look = _measure_gpus if on_gpu else lambda: None
    threading.Thread(target=_watch_models, args=(repository, drift, on_look, config, stopping), daemon=True).start()
    server.serve()
    stopping.set()
    device.stop()


def _load(path: Path, max_batch_size: int, mixed: bool, runtimes: Runtimes) -> Servable:
    """A version in memory that does what its manifest says. Raises what Servable raises, and Refused."""
    servable = Servable(path, max_batch_size=max_batch_size, mixed=mixed, runtimes=runtimes)
    try:
        check_manifest(servable)
    except Exception:
        servable.unload()
        raise
    return servable


def _start_gpu() -> bool:
    """Whether TensorFlow has a GPU; it need not where the driver shows one."""
    from service.engine.runtimes import tensorflow

    _configure_tensorflow()
    return tensorflow.has_gpu()


@cache
def _configure_tensorflow() -> None:
    from service.engine.runtimes import tensorflow

    tensorflow.configure()


def _tune(config: Settings, on_gpu: bool) -> Tuning:
    if on_gpu:  # takes nothing from the workers when it starts at once
        return Tuning(patience=0.0, share=1, runners=1, nice=0)
    runners = max(1, config.engine_threads // len(config.engine_sockets))
    return Tuning(config.patience_ms / 1000, _SHARE, runners, _RUNNERS_NICE)


def _use_mixed_precision(config: Settings) -> bool:
    """Whether classifiers multiply in 16 bits: if it is wanted, and this CPU is quicker for it."""
    if config.precision == "full":
        return False
    supported = has_bfloat16()
    if not supported:
        log.warning("INKPAW_PRECISION=mixed has no effect: this CPU has no instructions for bfloat16")
    return supported


def _watch_models(
    repository: Repository,
    drift: DriftGauges | None,
    on_look: Callable[[], None],
    config: Settings,
    stopping: threading.Event,
) -> None:
    """Refresh the repository every `poll_seconds`. The first versions are loaded in haste: nothing answers before."""
    pause = min(config.poll_seconds, _SECOND_LOOK)
    while True:
        try:
            repository.refresh()
            on_look()
            if drift is not None:
                drift.update(repository.catalog)
        except Exception:  # for example a folder that is removed while it is read: the next look will do
            log.exception("The models or their metrics could not be refreshed")
        if repository.catalog.ready:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOADER_NICE)
        if stopping.wait(pause):
            return
        pause = config.poll_seconds


def _measure_gpus() -> None:
    from service.engine.runtimes import tensorflow

    for device, used in tensorflow.measure_gpu_memory().items():
        metrics.GPU_MEMORY.labels(device).set(used)
