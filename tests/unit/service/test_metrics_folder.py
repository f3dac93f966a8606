"""Counts of ended processes are folded into sums: none is seen twice, none is missed, and nothing piles up."""

import json
import multiprocessing
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.mmap_dict import MmapedDict

from service import metrics_folder
from service.metrics_folder import count_lost, fold_ended, read

_NOBODY = 1 << 23  # above every process id that Linux gives


def _write(folder: Path, pid: int, kind: str = "counter", value: float = 1.0, **labels: str) -> None:
    """As a process that counts does; the file appears whole."""
    file = MmapedDict(str(folder / "new"))
    if kind == "histogram":
        for bucket in ("0.1", "+Inf"):
            file.write_value(json.dumps(["took", "took_bucket", {"le": bucket}, "Took."]), value, 0.0)
        file.write_value(json.dumps(["took", "took_sum", {}, "Took."]), value, 0.0)
    else:
        file.write_value(json.dumps(["asked", "asked_total", labels, "Asked."]), value, 0.0)
    file.close()
    (folder / "new").rename(folder / f"{kind}_{pid}.db")


def _read_values(folder: Path) -> dict[str, float]:
    samples = (sample for metric in read(folder) for sample in metric.samples)
    return {f"{sample.name}{sorted(sample.labels.items())}": sample.value for sample in samples}


def _total(folder: Path) -> float:
    return sum(_read_values(folder).values())


def test_reading_is_the_same_before_and_after_folding(tmp_path: Path) -> None:
    for pid in (_NOBODY, _NOBODY + 1, os.getpid()):
        _write(tmp_path, pid, value=2.0, model="digits")
        _write(tmp_path, pid, "histogram", value=3.0)
    before = _read_values(tmp_path)
    fold_ended(tmp_path)
    assert _read_values(tmp_path) == before
    assert before["asked_total[('model', 'digits')]"] == 6.0
    assert {path.name for path in tmp_path.glob(f"*_{os.getpid()}.db")} == {
        f"counter_{os.getpid()}.db",
        f"histogram_{os.getpid()}.db",
    }


def test_a_thousand_restarts_leave_no_more_files_than_one(tmp_path: Path) -> None:
    for pid in range(_NOBODY, _NOBODY + 1000):
        _write(tmp_path, pid)
        _write(tmp_path, pid, "gauge_livesum")
        (tmp_path / f"lost_{pid}").touch()
        if pid % 10 == 0:
            fold_ended(tmp_path)
    fold_ended(tmp_path)
    assert _read_values(tmp_path) == {"asked_total[]": 1000.0}
    assert len(list(tmp_path.iterdir())) == 2
    assert count_lost(tmp_path) == 0


def test_process_with_the_number_of_one_that_has_ended_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(tmp_path, _NOBODY, value=5.0)
    fold_ended(tmp_path)
    monkeypatch.setattr(metrics_folder, "_has_ended", lambda _: False)
    _write(tmp_path, _NOBODY, value=2.0)
    fold_ended(tmp_path)
    assert _total(tmp_path) == 7.0


def test_full_disk_leaves_the_files_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: int) -> None:
        raise OSError(28, "No space left on device")

    _write(tmp_path, _NOBODY, value=5.0)
    with monkeypatch.context() as full:
        full.setattr(os, "posix_fallocate", refuse)
        fold_ended(tmp_path)
    assert _total(tmp_path) == 5.0
    fold_ended(tmp_path)
    assert _total(tmp_path) == 5.0
    assert not list(tmp_path.glob(f"*_{_NOBODY}.db"))


def test_empty_file_of_a_process_that_ended_at_its_start_is_removed(tmp_path: Path) -> None:
    (tmp_path / f"counter_{_NOBODY}.db").touch()
    fold_ended(tmp_path)
    assert list(tmp_path.glob(f"*_{_NOBODY}.db")) == []
    assert read(tmp_path) == []


def _restart(folder: Path, times: int, started: Any, counted: Any) -> None:
    for number in range(times):
        started.value += 1
        _write(folder, _NOBODY + number)
        counted.value += 1
        fold_ended(folder)


@pytest.fixture
def restarts(tmp_path: Path) -> Iterator[tuple[Any, Any, Any]]:
    """A process in which 400 others count 1 and end; how many have begun to, and how many have."""
    context = multiprocessing.get_context("fork")
    started, counted = context.Value("i", 0), context.Value("i", 0)
    process = context.Process(target=_restart, args=(tmp_path, 400, started, counted))
    process.start()
    yield process, started, counted
    process.kill()
    process.join()


def test_reader_never_sees_a_count_twice_or_missing(tmp_path: Path, restarts: tuple[Any, Any, Any]) -> None:
    process, started, counted = restarts
    reads = 0
    while process.is_alive():
        least = counted.value
        total = _total(tmp_path)
        assert least <= total <= started.value
        reads += 1
    assert process.exitcode == 0
    assert reads > 20
    assert _total(tmp_path) == 400.0
