"""A broken or incomplete version never replaces one that answers."""

import os
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from tests.support.model_folder import ModelFolder


@pytest.fixture
def models(tmp_path: Path) -> ModelFolder:
    return ModelFolder(tmp_path)


def test_broken_version_leaves_the_old_one_and_reports_why(models: ModelFolder) -> None:
    models.add_version(1)
    models.refresh()
    models.add_version(2, "broken")
    assert models.refresh() == [("net", 1)]
    failed = models.repository.catalog.models["net"].versions[2]
    assert (failed.state, failed.error) == ("END", "it is broken")
    assert models.repository.catalog.ready


def test_failed_load_is_counted_from_zero_on(models: ModelFolder) -> None:
    def count_failures(name: str) -> float | None:
        return REGISTRY.get_sample_value("inkpaw_version_refused_total", {"model": name, "reason": "load"})

    models.add_version(1, name="sound")
    models.add_version(1, "broken", name="unsound")
    for _ in range(3):
        models.refresh()
    assert (count_failures("sound"), count_failures("unsound")) == (0, 1)


def test_broken_version_is_loaded_only_once(models: ModelFolder) -> None:
    models.add_version(1, "broken")
    for _ in range(3):
        models.refresh()
    assert models.events == ["load 1"]
    assert not models.repository.catalog.ready


def test_older_version_is_used_while_the_newest_is_broken(models: ModelFolder) -> None:
    for number, text in ((1, "good"), (2, "good"), (3, "broken")):
        models.add_version(number, text)
    assert models.refresh() == [("net", 2)]


def test_replaced_broken_version_is_loaded_again(models: ModelFolder) -> None:
    models.add_version(1)
    models.add_version(2, "broken")
    models.refresh()
    model_file = models.add_version(2, "good") / "saved_model.pb"
    os.utime(model_file, ns=(1, model_file.stat().st_mtime_ns + 1_000_000))
    assert models.refresh() == [("net", 2)]


def test_partly_copied_version_is_loaded_once_it_is_complete(models: ModelFolder) -> None:
    models.add_version(1)
    version_dir = models.folder / "net" / "2"
    (version_dir / "assets.extra").mkdir(parents=True)
    assert models.refresh() == [("net", 1)]
    (version_dir / "saved_model.pb").write_text("good")
    assert models.refresh() == [("net", 1)]
    (version_dir / "variables").mkdir()
    (version_dir / "variables" / "data").write_text("1")
    assert models.refresh() == [("net", 2)]


def test_completed_version_is_loaded_even_if_its_file_times_are_old(models: ModelFolder) -> None:
    version_dir = models.folder / "net" / "1"
    version_dir.mkdir(parents=True)
    (version_dir / "saved_model.pb").write_text("good")
    models.refresh()
    (version_dir / "variables").mkdir()
    (version_dir / "variables" / "data").write_text("1")
    os.utime(version_dir / "variables" / "data", ns=(1, 1))
    assert models.refresh() == [("net", 1)]
