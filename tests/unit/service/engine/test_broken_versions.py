"""A version that is broken, or not whole yet, never takes away what answers."""

import os
from pathlib import Path

import pytest

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


def test_broken_version_is_loaded_only_once(models: ModelFolder) -> None:
    models.add_version(1, "broken")
    for _ in range(3):
        models.refresh()
    assert models.events == ["load 1"]
    assert not models.repository.catalog.ready


def test_older_version_takes_the_place_of_a_broken_newest(models: ModelFolder) -> None:
    for number, text in ((1, "good"), (2, "good"), (3, "broken")):
        models.add_version(number, text)
    assert models.refresh() == [("net", 2)]


def test_replaced_broken_version_is_loaded_again(models: ModelFolder) -> None:
    models.add_version(1)
    models.add_version(2, "broken")
    models.refresh()
    touched = models.add_version(2, "good") / "saved_model.pb"
    os.utime(touched, ns=(1, touched.stat().st_mtime_ns + 1_000_000))
    assert models.refresh() == [("net", 2)]


def test_half_copied_version_is_loaded_once_it_is_whole(models: ModelFolder) -> None:
    models.add_version(1)
    place = models.folder / "net" / "2"
    (place / "assets.extra").mkdir(parents=True)
    assert models.refresh() == [("net", 1)]
    (place / "saved_model.pb").write_text("good")
    assert models.refresh() == [("net", 1)]
    (place / "variables").mkdir()
    (place / "variables" / "data").write_text("1")
    assert models.refresh() == [("net", 2)]


def test_half_copied_version_is_loaded_later_even_if_file_times_are_old(models: ModelFolder) -> None:
    place = models.folder / "net" / "1"
    place.mkdir(parents=True)
    (place / "saved_model.pb").write_text("good")
    models.refresh()
    (place / "variables").mkdir()
    (place / "variables" / "data").write_text("1")
    os.utime(place / "variables" / "data", ns=(1, 1))
    assert models.refresh() == [("net", 1)]
