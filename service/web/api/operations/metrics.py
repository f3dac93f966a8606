"""What all processes have counted, read from their files and added up."""

from collections.abc import Iterable
from pathlib import Path

from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector


class Counted(Collector):
    """The metrics in a folder of prometheus_client's multiprocess files.

    A process that starts makes its files and gives them their size a moment later; until then they have nothing in
    them, not even how much they hold, and prometheus_client's own collector fails on such a file.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        files = [str(path) for path in self._folder.glob("*.db") if _begun(path)]
        merged: Iterable[Metric] = MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]
        return merged


def _begun(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:  # of a process that has ended since
        return False
