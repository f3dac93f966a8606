"""What all processes have counted, read from their files and added up."""

from collections.abc import Iterable
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from service.web.api.operations.process_memory import ProcessMemory
from service.web.request import ModelSpec, Request
from service.web.response import Response


def get_metrics(request: Request, _: ModelSpec) -> Response:
    registry = CollectorRegistry()
    registry.register(MultiProcessMetrics(request.context.settings.metrics_dir))
    registry.register(ProcessMemory())
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class MultiProcessMetrics(Collector):
    """The metrics in a folder of prometheus_client's multiprocess files.

    A starting process makes its files and gives them their size a moment later. Until then a file is empty, and
    prometheus_client's own collector fails on it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        files = [str(path) for path in self._folder.glob("*.db") if _has_content(path)]
        merged: Iterable[Metric] = MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]
        return merged


def _has_content(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:  # its process has ended since
        return False
