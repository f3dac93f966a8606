import json
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.mmap_dict import MmapedDict

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
