"""The memory of every process of the service, read from /proc at each scrape.

prometheus_client's own process collector does not work with several processes.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

_PAGE = os.sysconf("SC_PAGE_SIZE")


class ProcessMemory(Collector):
    """Resident bytes of gunicorn's master, of its workers and of the engine, all of them children of the master."""

    def collect(self) -> Iterable[Metric]:
        family = GaugeMetricFamily(
            "inkpaw_process_resident_bytes", "Resident memory of a process.", labels=["role", "pid"]
        )
        master = os.getppid()
        for role, pid in [("master", master), *((None, pid) for pid in _list_children(master))]:
            try:
                family.add_metric([role or _get_role(pid), str(pid)], _read_resident_bytes(pid))
            except OSError:
                continue  # it ended since it was listed
        yield family


def _get_role(pid: int) -> str:
    return "engine" if b"service.engine" in Path(f"/proc/{pid}/cmdline").read_bytes() else "worker"


def _read_resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE


def _list_children(master: int) -> list[int]:
    """Children of every thread: a thread of the master starts the engine, and Linux lists it under that thread."""
    children: list[int] = []
    for thread in Path(f"/proc/{master}/task").iterdir():
        children += map(int, (thread / "children").read_text().split())
    return children
