import json
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.mmap_dict import MmapedDict

from service.web.api.operations.metrics import Counted


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two processes have counted, 2 and 3."""
    for pid, count in ((101, 2.0), (102, 3.0)):
        file = MmapedDict(str(tmp_path / f"counter_{pid}.db"))
        file.write_value(json.dumps(["asked", "asked_total", {"model": "digits"}, "Asked."]), count, 0.0)
        file.close()
    return tmp_path


def _told(folder: Path) -> str:
    registry = CollectorRegistry()
    registry.register(Counted(folder))
    return generate_latest(registry).decode()


def test_what_processes_counted_is_added_up(folder: Path) -> None:
    assert 'asked_total{model="digits"} 5.0' in _told(folder)


def test_a_process_that_is_just_starting_is_passed_over(folder: Path) -> None:
    (folder / "counter_103.db").touch()
    (folder / "gauge_livesum_103.db").touch()
    assert 'asked_total{model="digits"} 5.0' in _told(folder)


def test_a_process_that_has_just_ended_is_passed_over(folder: Path) -> None:
    (folder / "gauge_livesum_104.db").symlink_to(folder / "removed")
    assert 'asked_total{model="digits"} 5.0' in _told(folder)
