"""What all processes have counted, read from their files and added up, and what is made of it at each scrape."""

import platform
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from service import metrics, metrics_folder
from service.version import VERSION
from service.web.api.operations.process_memory import ProcessMemory
from service.web.request import ModelSpec, Request
from service.web.response import Response

_TENSORFLOW = ("tensorflow", "tensorflow-cpu")  # packages that it comes in


def get_metrics(request: Request, _: ModelSpec) -> Response:
    registry = CollectorRegistry()
    registry.register(MultiProcessMetrics(request.context.settings.metrics_dir))
    registry.register(ProcessMemory())
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class MultiProcessMetrics(Collector):
    """The metrics in a folder of prometheus_client's multiprocess files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        families = metrics_folder.read(self._folder)
        yield from families
        yield from _derive_utilisation(families)
        lost = metrics.PROCESSES_WITHOUT_METRICS.make_family()
        lost.add_metric([], metrics_folder.count_lost(self._folder))
        yield lost
        build = metrics.BUILD_INFO.make_family()
        build.add_metric([VERSION, platform.python_version(), _find_tensorflow()], 1)
        yield build


def _derive_utilisation(families: Iterable[Metric]) -> Iterable[Metric]:
    """Of all engines together: prometheus_client adds up gauges of several processes, but does not divide them."""
    values = {sample.name: sample.value for family in families for sample in family.samples if not sample.labels}
    if runners := values.get("inkpaw_engine_runners"):
        family = metrics.ENGINE_UTILISATION.make_family()
        family.add_metric([], values.get("inkpaw_engine_busy_runners", 0.0) / runners)
        yield family


@cache
def _find_tensorflow() -> str:
    """Its version by the packages that are installed: a worker never imports it. Empty if none is."""
    for package in _TENSORFLOW:
        try:
            return version(package)
        except PackageNotFoundError:
            continue
    return ""
