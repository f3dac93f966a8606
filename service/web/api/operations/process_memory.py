"""The memory of every process of the service, read from /proc when asked: prometheus_client's own process collector
does not work with several processes."""

import os
from collections.abc import Iterable
from pathlib import Path

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

_PAGE = os.sysconf("SC_PAGE_SIZE")


def _role(pid: int) -> str:
    return "engine" if b"service.engine" in Path(f"/proc/{pid}/cmdline").read_bytes() else "worker"


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE


class ProcessMemory(Collector):
    """Resident bytes of gunicorn's master, of its workers and of the engine, all of them children of the master."""

    def collect(self) -> Iterable[Metric]:
        family = GaugeMetricFamily(
            "inkpaw_process_resident_bytes", "Resident memory of a process.", labels=["role", "pid"]
        )
        master = os.getppid()
        for role, pid in [("master", master), *((None, pid) for pid in _all_children(master))]:
            try:
                family.add_metric([role or _role(pid), str(pid)], _resident(pid))
            except OSError:
                continue  # it ended while it was being looked at
        yield family


def _all_children(master: int) -> list[int]:
    """Children of every thread: the engine is started by a thread of the master's, and Linux lists it there."""
    found: list[int] = []
    for thread in Path(f"/proc/{master}/task").iterdir():
        found += map(int, (thread / "children").read_text().split())
    return found
