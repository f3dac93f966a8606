"""The memory of every process of the service, read from /proc at each scrape.

prometheus_client's own process collector does not work with several processes.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from service.metrics import PROCESS_MEMORY

_PAGE = os.sysconf("SC_PAGE_SIZE")


class ProcessMemory(Collector):
    """Resident bytes of gunicorn's master and of its children: workers, engines, the gRPC process.

    `index` is an engine's device, and a worker's place by age: a label of process ids would grow with every restart.
    """

    def collect(self) -> Iterable[Metric]:
        family = PROCESS_MEMORY.make_family()
        workers = 0
        master = os.getppid()
        family.add_metric(["master", "0"], _read_resident_bytes(master))
        for pid in sorted(_list_children(master), key=_get_age):
            try:
                words, resident = Path(f"/proc/{pid}/cmdline").read_text().split("\0"), _read_resident_bytes(pid)
            except OSError:
                continue  # it ended since it was listed
            labels = _read_labels(words) or ["worker", str(workers)]
            family.add_metric(labels, resident)
            workers += labels[0] == "worker"
        yield family


def _read_labels(command: list[str]) -> list[str]:
    """Of a process that was started by its own command; none for a worker, which was forked. An engine's index is its
    argument."""
    if "service.engine" in command:
        return ["engine", command[command.index("service.engine") + 1]]
    return ["grpc", "0"] if "service.rpc" in command else []


def _get_age(pid: int) -> tuple[int, int]:
    """By it, processes are in the order of their start."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]), pid
    except OSError:
        return 0, pid


def _read_resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE


def _list_children(master: int) -> list[int]:
    """Children of every thread: a thread of the master starts the engine, and Linux lists it under that thread."""
    children: list[int] = []
    for thread in Path(f"/proc/{master}/task").iterdir():
        children += map(int, (thread / "children").read_text().split())
    return children
