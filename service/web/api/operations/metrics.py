"""What all processes have counted, read from their files and added up."""

from collections.abc import Iterable
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from service import metrics_folder
from service.web.api.operations.process_memory import ProcessMemory
from service.web.request import ModelSpec, Request
from service.web.response import Response


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
        yield from metrics_folder.read(self._folder)
        yield GaugeMetricFamily(
            "inkpaw_processes_without_metrics",
            "Processes whose counts are missing here, because the disk of INKPAW_RUNTIME_DIR was full.",
            metrics_folder.count_lost(self._folder),
        )
