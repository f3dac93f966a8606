import json
import os
import platform
import tomllib
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.mmap_dict import MmapedDict

from service.metrics_folder import fold_ended
from service.version import VERSION
from service.web.api.operations.metrics import MultiProcessMetrics


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Counter files of two processes, which counted 2 and 3."""
    for pid, count in ((101, 2.0), (102, 3.0)):
        file = MmapedDict(str(tmp_path / f"counter_{pid}.db"))
        file.write_value(json.dumps(["requests", "requests_total", {"model": "digits"}, "Requests."]), count, 0.0)
        file.close()
    return tmp_path


def _scrape(folder: Path) -> str:
    registry = CollectorRegistry()
    registry.register(MultiProcessMetrics(folder))
    return generate_latest(registry).decode()


def test_counts_of_all_processes_are_added_up(folder: Path) -> None:
    assert 'requests_total{model="digits"} 5.0' in _scrape(folder)


def test_empty_file_of_a_starting_process_is_skipped(folder: Path) -> None:
    (folder / "counter_103.db").touch()
    (folder / "gauge_livesum_103.db").touch()
    assert 'requests_total{model="digits"} 5.0' in _scrape(folder)


def test_missing_file_of_an_ended_process_is_skipped(folder: Path) -> None:
    (folder / "gauge_livesum_104.db").symlink_to(folder / "removed")
    assert 'requests_total{model="digits"} 5.0' in _scrape(folder)


def _write_engine(folder: Path, pid: int, runners: int, busy: float) -> None:
    file = MmapedDict(str(folder / f"gauge_livesum_{pid}.db"))
    for name, value in (("inkpaw_engine_runners", runners), ("inkpaw_engine_busy_runners", busy)):
        file.write_value(json.dumps([name, name, {}, "Runners."]), float(value), 0.0)
    file.close()


def test_utilisation_is_that_of_all_engines_together(folder: Path) -> None:
    """And never more than 1, whatever the number of engines: autoscalers compare it with one target."""
    _write_engine(folder, 101, 1, 1.0)
    _write_engine(folder, 102, 3, 2.0)
    assert "inkpaw_engine_utilisation 0.75\n" in _scrape(folder)


def test_utilisation_is_missing_while_there_is_no_engine(folder: Path) -> None:
    assert "inkpaw_engine_utilisation" not in _scrape(folder)


def test_engine_that_has_ended_is_no_part_of_the_utilisation(folder: Path) -> None:
    _write_engine(folder, os.getpid(), 2, 1.0)
    _write_engine(folder, 1 << 23, 2, 2.0)  # above every process id that Linux gives
    fold_ended(folder)
    assert "inkpaw_engine_utilisation 0.5\n" in _scrape(folder)


def test_build_info_has_the_versions(folder: Path) -> None:
    project = tomllib.loads((Path(__file__).parents[6] / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION
    [line] = [line for line in _scrape(folder).splitlines() if line.startswith("inkpaw_build_info{")]
    assert f'version="{VERSION}"' in line and f'python="{platform.python_version()}"' in line
    assert 'tensorflow="2.' in line and line.endswith(" 1.0")
