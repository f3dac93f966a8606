"""The folder of metrics files: one set per process, and sums of those that have ended.

`/metrics` so stays as small and quick after a thousand restarts as after none. A reader must never see a count twice or
not at all, and there is no lock that a stopped reader could hold. Instead one small file is the truth about which files
count. It is replaced in one step; a reader that finds it changed after reading reads once more.
"""

import json
import logging
import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector

from service.errors import Unavailable
from service.metrics_file import LOST_MARK, AllocatedDict

log = logging.getLogger("gunicorn.error")

_SUMMED = ("counter", "histogram", "summary")  # a gauge is of no use once its process has ended
_STATE = "state.json"
_ATTEMPTS, _PAUSE = 200, 0.005  # of a reader; seconds between two
_folding = threading.Lock()  # children end in several threads of the master


class _State(NamedTuple):
    """Sums of which generation count, and processes whose files do not: the sums have them already."""

    generation: int = 0
    folded: tuple[int, ...] = ()


def fold_ended(folder: Path | None = None) -> None:
    """Add the counts of ended processes to the sums and remove their files. For the master alone; never raises."""
    folder = folder or Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
    with _folding:
        try:
            _fold(folder)
        except Exception as error:  # for example a full disk: their files go on being counted, until the next try
            log.error("The metrics of ended processes cannot be added up: %s", error)


def read(folder: Path) -> list[Metric]:
    """What all processes have counted, those that have ended too. Raises Unavailable."""
    for _ in range(_ATTEMPTS):
        state = _read_state(folder)
        try:
            files = [str(path) for path in _list_counting(folder, state)]
            metrics: Iterable[Metric] = MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]
            if _read_state(folder) == state:
                return list(metrics)
        except FileNotFoundError:  # folded since it was listed
            pass
        time.sleep(_PAUSE)
    raise Unavailable("Processes end faster than the metrics can be read.")


def count_lost(folder: Path) -> int:
    """Running processes that count without metrics files because the disk is full."""
    return len(list(folder.glob(f"{LOST_MARK}_*")))


def _fold(folder: Path) -> None:
    ended = [path for path in folder.iterdir() if (pid := _get_pid(path)) and _has_ended(pid)]
    if not ended:
        return
    last = _read_state(folder)
    state = _State(last.generation + 1, tuple(sorted({_get_pid(path) for path in ended})))
    earlier = list(folder.glob(f"*_{_name_sums(last)}"))
    _write_sums(folder, state, [*earlier, *ended])
    _write_state(folder, state)
    for path in (*earlier, *ended):
        path.unlink(missing_ok=True)
    _write_state(folder, _State(state.generation))  # a new process may get the number of one that has ended


def _has_ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:  # another user's process has got the number since
        return False
    return False


def _write_sums(folder: Path, state: _State, files: list[Path]) -> None:
    for kind in _SUMMED:
        sums: defaultdict[str, float] = defaultdict(float)
        for path in files:
            if path.name.startswith(f"{kind}_") and path.stat().st_size:
                for key, value, *_ in MmapedDict.read_all_values_from_file(path):  # type: ignore[no-untyped-call]
                    sums[key] += value
        if sums:
            path = folder / f"{kind}_{_name_sums(state)}"
            path.unlink(missing_ok=True)  # of a try that found the disk full
            file = AllocatedDict(str(path))
            for key, value in sums.items():
                file.write_value(key, value, 0.0)  # type: ignore[no-untyped-call]
            file.close()  # type: ignore[no-untyped-call]


def _list_counting(folder: Path, state: _State) -> Iterator[Path]:
    for path in folder.glob("*.db"):
        pid = _get_pid(path)
        counts = pid not in state.folded if pid else path.name.endswith(f"_{_name_sums(state)}")
        if counts and _has_content(path):
            yield path


def _has_content(path: Path) -> bool:
    """A starting process makes its files and gives them their size a moment later; prometheus_client fails on those."""
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:  # its process has ended since
        return False


def _name_sums(state: _State) -> str:
    return f"sums-{state.generation}.db"


def _get_pid(path: Path) -> int:
    """The process that the file is of; 0 for others."""
    number = path.name.removesuffix(".db").rpartition("_")[2]
    return int(number) if number.isdecimal() else 0


def _read_state(folder: Path) -> _State:
    try:
        generation, folded = json.loads((folder / _STATE).read_text())
    except FileNotFoundError:
        return _State()
    return _State(generation, tuple(folded))


def _write_state(folder: Path, state: _State) -> None:
    beside = folder / f"{_STATE}.new"
    beside.write_text(json.dumps(state))
    beside.replace(folder / _STATE)
